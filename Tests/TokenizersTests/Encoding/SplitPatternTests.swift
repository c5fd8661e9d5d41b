import ApusJSON
import ApusTokenizers
import Testing

/// Hand-written scanners cut as the general engine runs their patterns.
@Suite struct SplitPatternTests {
  private static let tail = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let words = #"|[^\r\n\p{L}\p{N}]?\p{L}+"#
  private static let cased =
    #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+C"#
    + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*C"#

  private static func cased(_ contractions: String, _ rest: String) -> String {
    cased.split(separator: "C", omittingEmptySubsequences: false).joined(separator: contractions)
      + rest
  }

  private static let casedTail = #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  static let oniguruma = [
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)" + words + #"|\p{N}{1,3}"# + tail,
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)" + words + #"|\p{N}"# + tail,
    cased("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", #"|\p{N}{1,3}"# + casedTail),
    cased("", #"|\p{N}"# + casedTail),
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"#
      + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
  ]

  @Test(arguments: oniguruma)
  func cutsAsTheEngine(_ pattern: String) throws {
    let known = try RegexTests.splitter(pattern)
    let general = try RegexTests.splitter("(?:" + pattern + ")")
    var generator = SeededGenerator(state: 21)
    for _ in 0..<400 {
      let text = generator.text(parts: Int.random(in: 1...12, using: &generator))
      #expect(
        try Self.borders(text, known) == Self.borders(text, general),
        "\(pattern): \(text.debugDescription)")
    }
  }

  private static func borders(_ text: String, _ splitter: Tokenizer) throws -> [[UInt8]] {
    try RegexTests.pieces(text, splitter).map { Array($0.utf8) }
  }

  static let rust = [
    #"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"#,
    #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"#
      + #"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"#,
  ]

  @Test("patterns of rank files", arguments: rust + oniguruma)
  func ranks(_ pattern: String) throws {
    // Tokens of one byte and pairs of letters: a border between two letters shows.
    var lines = (0..<256).map { "\(Self.base64([UInt8($0)])) \($0)" }
    for (index, pair) in ["a ", " a", "he", "ll", "\n\n", "  ", "12", "23", "'s", "E\u{301}"]
      .enumerated()
    {
      lines.append("\(Self.base64(Array(pair.utf8))) \(256 + index)")
    }
    let bytes = Array(lines.joined(separator: "\n").utf8)
    let known = try Tokenizer(ranks: bytes, pattern: pattern)
    let general = try Tokenizer(ranks: bytes, pattern: "(?:" + pattern + ")")
    var generator = SeededGenerator(state: 22)
    for _ in 0..<300 {
      let text = generator.text(parts: Int.random(in: 1...12, using: &generator))
      let found = try known.encoding(of: text)
      #expect(found.words == (try general.encoding(of: text)).words, "\(text.debugDescription)")
      #expect(found.ids == known.encode(text, addSpecialTokens: true))
    }
  }

  /// Only encodings with offsets take the road of the general engine.
  @Test(
    "tokens without offsets are those with them",
    arguments: ["deepseek-v3", "qwen35", "qwen2", "llama-bpe", "gpt-4o", "tekken", "smollm"])
  func bothRoads(_ name: String) throws {
    // Every two bytes become one token where no border keeps them apart.
    let alphabet = GGUFModelTests.alphabet
    let pairs = alphabet.flatMap { left in alphabet.map { (left, $0) } }
    let tokenizer = try Tokenizer(
      gguf: GGUFVocabulary(
        model: "gpt2", pre: name, tokens: alphabet + pairs.map { $0.0 + $0.1 },
        merges: pairs.map { $0.0 + " " + $0.1 }))
    var generator = SeededGenerator(state: 23)
    for _ in 0..<300 {
      let text = generator.text(parts: Int.random(in: 1...12, using: &generator))
      let traced = try tokenizer.encoding(of: text, addSpecialTokens: false).ids
      #expect(
        tokenizer.encode(text, addSpecialTokens: false) == traced, "\(text.debugDescription)")
    }
  }

  static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var result = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = Array(bytes[start..<min(start + 3, bytes.count)])
      var bits = 0
      for i in 0..<3 { bits = bits << 8 | (i < part.count ? Int(part[i]) : 0) }
      for i in 0..<4 {
        result.append(i <= part.count ? digits[bits >> (18 - 6 * i) & 63] : "=")
      }
    }
    return result
  }
}
