import ApusTextKernels
import Testing

@Suite struct FindTests {
  /// Every place where the first two bytes of a needle are, and only those.
  @Test func findsWhatBeginsLikeANeedle() {
    var source = RandomText(seed: 3)
    for _ in 0..<400 {
      let strings = (0..<1 + source.number(below: 5)).map { _ in
        (0..<1 + source.number(below: 3)).map { _ in UInt8(source.number(below: 256)) }
      }
      var needles = apus_text_needles()
      for string in strings { unsafe apus_text_needles_add(&needles, string, string.count) }
      var text = (0..<source.number(below: 300)).map { _ in UInt8(source.number(below: 256)) }
      for string in strings where !text.isEmpty {
        let at = Int(source.number(below: UInt32(text.count)))
        text.insert(contentsOf: string, at: at)
      }
      let expected = text.indices.filter { i in
        strings.contains { string in
          string[0] == text[i] && (string.count == 1 || text[(i + 1)...].first == string[1])
            || string[0] == text[i] && i + 1 == text.count
        }
      }
      for instructionSet in 0...apus_text_isa_best() {
        var found: [Int] = []
        var at = 0
        while true {
          at = unsafe apus_text_find(&needles, instructionSet, text, text.count, at)
          if at == text.count { break }
          found.append(at)
          at += 1
        }
        #expect(found == expected)
      }
    }
  }
}
