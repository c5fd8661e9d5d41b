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
              flags: flags.baseAddress, token_count: flags.count)
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
}
