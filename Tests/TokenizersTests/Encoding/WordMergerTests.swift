import ApusJSON
import ApusTokenizers
import Testing

/// Merging, seen through a small tokenizer whose long words take the queue and short ones the
/// search.
@Suite struct WordMergerTests {
  /// Byte-level over the letters a and b: merges are given in order.
  private func tokenizer(_ merges: [String]) throws -> Tokenizer {
    var tokens = ["a", "b"]
    for merge in merges { tokens.append(merge.split(separator: " ").joined()) }
    return try Tokenizer(
      gguf: GGUFVocabulary(model: "gpt2", pre: "gpt-2", tokens: tokens, merges: merges))
  }

  /// The rule itself: again and again the earliest merge, everywhere from left to right.
  private func reference(_ text: String, _ merges: [String]) -> [String] {
    var symbols = text.map(String.init)
    let pairs = merges.map { $0.split(separator: " ").map(String.init) }
    while true {
      let found = pairs.first { pair in
        zip(symbols, symbols.dropFirst()).contains { $0 == pair[0] && $1 == pair[1] }
      }
      guard let pair = found else { return symbols }
      var i = 0
      while i + 1 < symbols.count {
        if symbols[i] == pair[0], symbols[i + 1] == pair[1] {
          symbols[i] += symbols.remove(at: i + 1)
          break
        }
        i += 1
      }
    }
  }

  @Test(arguments: [5, 39, 40, 41, 42, 90, 200])
  func longAndShortWordsFollowTheRule(_ length: Int) throws {
    let merges = ["a b", "b b", "ab a", "a a", "aa bb", "aba ab", "bb a", "abaab abaab"]
    let tokenizer = try tokenizer(merges)
    var state: UInt32 = 17
    for _ in 0..<40 {
      var text = ""
      for _ in 0..<length {
        state = state &* 1_664_525 &+ 1_013_904_223
        text += state >> 31 == 0 ? "a" : "b"
      }
      let ids = tokenizer.encode(text, addSpecialTokens: false)
      #expect(ids.compactMap { tokenizer.token($0) } == reference(text, merges))
    }
  }

  @Test func aMegabyteOfOneWordIsQuick() throws {
    let tokenizer = try tokenizer(["a a", "aa aa", "aaaa aaaa"])
    let clock = ContinuousClock()
    var ids: [Int32] = []
    let text = String(repeating: "a", count: 1 << 20)
    let time = clock.measure { ids = tokenizer.encode(text, addSpecialTokens: false) }
    #expect(ids == Array(repeating: 4, count: 1 << 17))
    // Unoptimised it takes a few seconds; quadratic merging would take days.
    #expect(time < .seconds(60))
  }

  @Test("what has no token is left out, and its neighbours may merge, in long pieces too")
  func withoutSymbols() throws {
    let bytes = (0..<256).filter { $0 != 0xF2 }
    let tokens = bytes.map { Self.spelling([UInt8($0)]) } + [Self.spelling([0xA6, 0x82])]
    let tokenizer = try Tokenizer(
      gguf: GGUFVocabulary(
        model: "gpt2", pre: "gpt-2", tokens: tokens,
        merges: [Self.spelling([0xA6]) + " " + Self.spelling([0x82])]))
    // Two characters of planes that hold none; the second begins with the byte that is missing.
    let text = "\u{DE0A6}\u{828B0}\u{10FFFF}\u{10FFFF}\u{10FFFF}"
    var expected: [Int32] = []
    for byte in text.utf8 where byte != 0xF2 {
      if byte == 0x82, expected.last == Int32(0xA6) {
        expected[expected.count - 1] = 255
      } else {
        expected.append(Int32(byte) - (byte > 0xF2 ? 1 : 0))
      }
    }
    #expect(tokenizer.encode(text, addSpecialTokens: false) == expected)
    #expect(try tokenizer.encoding(of: text, addSpecialTokens: false).ids == expected)
    let characters = try Tokenizer(
      tokenizerJSON: [
        "model": [
          "type": "BPE", "vocab": ["▁": 0, "▁▁": 1, "a": 2], "merges": [["▁", "▁"]],
        ]
      ], config: nil)
    #expect(characters.encode("a▁\u{337F}▁a", addSpecialTokens: false) == [2, 1, 2])
  }

  /// Bytes in the byte alphabet.
  private static func spelling(_ bytes: [UInt8]) -> String {
    var text = ""
    for byte in bytes {
      func isPlain(_ byte: Int) -> Bool {
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      }
      let shifted = 0x100 + (0..<Int(byte)).filter { !isPlain($0) }.count
      let value = isPlain(Int(byte)) ? UInt32(byte) : UInt32(shifted)
      text.unicodeScalars.append(Unicode.Scalar(value) ?? " ")
    }
    return text
  }
}
