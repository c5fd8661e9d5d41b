import ApusTextKernels
import Testing

@Suite struct DecodeTests {
  /// Tokens with their spellings and flags.
  private struct Vocabulary {
    var bytes: [UInt8] = []
    var starts: [UInt32] = [0]
    var flags: [UInt8] = []

    mutating func append(_ spelling: some Sequence<UInt8>, flags: UInt8 = 0) {
      bytes.append(contentsOf: spelling)
      starts.append(UInt32(bytes.count))
      self.flags.append(flags)
    }

    /// What is written, and where it stops.
    func decode(
      _ ids: [Int32], from: Int = 0, stops: UInt8 = 0, capacity: Int, byteFlag: UInt8 = 0,
      wholeRuns: Bool = false
    ) -> (text: [UInt8], from: Int) {
      let pieces = unsafe [apus_text_piece](unsafeUninitializedCapacity: flags.count) {
        unsafe apus_text_pieces_fill($0.baseAddress, bytes, starts, flags, flags.count)
        $1 = flags.count
      }
      var out = [UInt8](repeating: 0xEE, count: capacity + 16)
      var at = from
      let written = unsafe pieces.withUnsafeBufferPointer { pieces in
        unsafe bytes.withUnsafeBufferPointer { bytes in
          unsafe starts.withUnsafeBufferPointer { starts in
            var spellings = unsafe apus_text_spellings(
              pieces: pieces.baseAddress, bytes: bytes.baseAddress, starts: starts.baseAddress,
              token_count: flags.count, byte_flag: byteFlag, whole_runs: wholeRuns)
            return unsafe apus_text_decode(
              &spellings, stops, ids, ids.count, &at, &out, capacity)
          }
        }
      }
      #expect(out[capacity...].allSatisfy { $0 == 0xEE }, "written behind the capacity")
      return (Array(out[..<written]), at)
    }
  }

  @Test func writesSpellingsUntilSomethingStopsIt() {
    let long = String(repeating: "x", count: 90)
    let words = ["", "a", "fifteen bytes a", "sixteen bytes ab", long]
    var vocabulary = Vocabulary()
    for (word, flags) in zip(words, [0, 1, 0, 2, 0] as [UInt8]) {
      vocabulary.append(word.utf8, flags: flags)
    }
    let ids: [Int32] = [2, 1, 4, 0, 3, 2, 5, -1, 2]
    func text(_ ids: [Int32]) -> [UInt8] { ids.flatMap { Array(words[Int($0)].utf8) } }

    let all = vocabulary.decode(ids, capacity: 400)
    #expect(all.text == text([2, 1, 4, 0, 3, 2]) && all.from == 6)
    let stopped = vocabulary.decode(ids, stops: 2, capacity: 400)
    #expect(stopped.text == text([2, 1, 4, 0]) && stopped.from == 4)
    let last = vocabulary.decode(ids, from: 8, capacity: 15)
    #expect(last.text == text([2]) && last.from == 9)
    #expect(vocabulary.decode(ids, from: 8, capacity: 14).from == 8)
    // Whatever there is room for, all that fits is written, and nothing behind it.
    for capacity in 0...150 {
      let (found, from) = vocabulary.decode(ids, capacity: capacity)
      #expect(found == text(Array(ids[..<from])))
      #expect(from == 6 || found.count + words[Int(ids[from])].utf8.count > capacity)
    }
  }

  /// Tokens 0 to 255 are the bytes, 256 is a word.
  private func decodeBytes(_ ids: [Int32], wholeRuns: Bool) -> (text: [UInt8], from: Int) {
    var vocabulary = Vocabulary()
    for byte in 0..<256 { vocabulary.append([UInt8(byte)], flags: 2) }
    vocabulary.append("word".utf8)
    return vocabulary.decode(
      ids, stops: 1, capacity: ids.count * 4 + 64, byteFlag: 2, wholeRuns: wholeRuns)
  }

  @Test func bytesAreTextWhereTheirCharactersAre() {
    let word: [Int32] = [256]
    let good = "\n日é😀".utf8.map { Int32($0) }
    let text = Array("word\n日é😀word".utf8)
    for wholeRuns in [false, true] {
      let all = decodeBytes(word + good + word, wholeRuns: wholeRuns)
      #expect(all.text == text && all.from == good.count + 2)
    }
    // A byte that is none spoils the run, or only what is behind it.
    let bad = word + good + [0xFF] + good
    #expect(decodeBytes(bad, wholeRuns: true).from == 1)
    #expect(decodeBytes(bad, wholeRuns: false).from == 1 + good.count)
    for part: [Int32] in [[0xE6], [0xE6, 0x97], [0x97], [0xED, 0xA0, 0x80], [0xC0, 0x80]] {
      #expect(decodeBytes(word + part, wholeRuns: false).from == 1)
      #expect(decodeBytes(word + part + word, wholeRuns: true).from == 1)
    }
  }
}
