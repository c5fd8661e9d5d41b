import ApusTextKernels
import Testing

@Suite struct DecodeTests {
  @Test func writesSpellingsUntilSomethingStopsIt() {
    let long = String(repeating: "x", count: 90)
    let words = ["", "a", "sixteen bytes ab", "seventeen bytes a", long]
    let bytes = Array(words.joined().utf8)
    var starts: [UInt32] = [0]
    for word in words { starts.append(starts[starts.count - 1] + UInt32(word.utf8.count)) }
    let flags: [UInt8] = [0, 1, 0, 2, 0]
    let ids: [Int32] = [2, 1, 4, 0, 3, 2, 5, -1, 2]

    func decode(stops: UInt8, capacity: Int, from: inout Int) -> String {
      var out = [UInt8](repeating: 0xEE, count: capacity)
      let written = unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe starts.withUnsafeBufferPointer { starts in
          unsafe flags.withUnsafeBufferPointer { flags in
            var spellings = unsafe apus_text_spellings(
              bytes: bytes.baseAddress, byte_count: bytes.count, starts: starts.baseAddress,
              flags: flags.baseAddress, token_count: flags.count, byte_flag: 0, whole_runs: false)
            return unsafe apus_text_decode(
              &spellings, stops, ids, ids.count, &from, &out, capacity)
          }
        }
      }
      return String(decoding: out[..<written], as: UTF8.self)
    }

    var from = 0
    #expect(
      decode(stops: 0, capacity: 400, from: &from)
        == [2, 1, 4, 0, 3, 2].map { words[$0] }.joined())
    #expect(from == 6)
    from = 0
    #expect(decode(stops: 2, capacity: 400, from: &from) == [2, 1, 4].map { words[$0] }.joined())
    #expect(from == 4)
    from = 0
    #expect(decode(stops: 0, capacity: 60, from: &from) == words[2] + words[1])
    #expect(from == 2)
    from = 8
    #expect(decode(stops: 0, capacity: 31, from: &from) == "")
    #expect(from == 8)
    #expect(decode(stops: 0, capacity: 32, from: &from) == words[2])
    #expect(from == 9)
  }

  /// Tokens 0 to 255 are the bytes, 256 is a word.
  private func decodeBytes(_ ids: [Int32], wholeRuns: Bool) -> (text: [UInt8], from: Int) {
    let bytes = (0..<256).map { UInt8($0) } + Array("word".utf8)
    let starts = (0...256).map { UInt32($0) } + [260]
    let flags = [UInt8](repeating: 2, count: 256) + [0]
    var out = [UInt8](repeating: 0, count: ids.count * 4 + 64)
    return unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe starts.withUnsafeBufferPointer { starts in
        unsafe flags.withUnsafeBufferPointer { flags in
          var spellings = unsafe apus_text_spellings(
            bytes: bytes.baseAddress, byte_count: bytes.count, starts: starts.baseAddress,
            flags: flags.baseAddress, token_count: flags.count, byte_flag: 2,
            whole_runs: wholeRuns)
          var (from, counted) = (0, 0)
          let count = unsafe apus_text_decoded_count(&spellings, 1, ids, ids.count, &counted)
          let written = unsafe apus_text_decode(
            &spellings, 1, ids, ids.count, &from, &out, out.count)
          #expect(written == count && from == counted)
          return (Array(out[..<written]), from)
        }
      }
    }
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
