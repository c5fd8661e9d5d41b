import ApusJSON
import ApusTokenizers
import TestSupport
import Testing

/// Words that are looked up as they stand against the steps one after the other, which traced
/// encodings still take.
@Suite struct KnownWordsTests {
  /// What acts on its neighbours or is acted on: marks of all classes, joiners, jamo, flags,
  /// characters that go before others, spaces of all kinds, and the marker of spaces.
  private static let special: [Unicode.Scalar] = [
    "\u{301}", "\u{323}", "\u{345}", "\u{302E}", "\u{16FF0}", "\u{1D165}", "\u{1D16D}",
    "\u{1D15E}", "\u{F73}", "\u{344}", "\u{200D}", "\u{200C}", "\u{FE0F}", "\u{1100}",
    "\u{1161}", "\u{11A8}", "가", "\u{1F1E9}", "\u{1F1EA}", "\u{600}", "\u{6DD}", "\u{110BD}",
    "▁", "\u{A0}", "\u{3000}", "\u{2028}", "\u{85}", "\u{B}", "\u{200B}", "\u{AD}", "\u{FEFF}",
    "\0", "\u{7F}", "\u{FFFD}", "中", "_", "\u{F900}", "\u{2F800}", "ﬁ", "ß", "İ", "Σ", "ǅ", "½",
    "\u{A8}", "\u{37A}", "\u{1E9A}", "క", "్", "ष", "😀", "👍", "\u{1F3FD}", "'", ",", "(", "~",
  ]

  private static func text(_ generator: inout SeededGenerator) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 1...8, using: &generator) {
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: text.append(contentsOf: generator.text(parts: 2).unicodeScalars)
      case 1:
        for _ in 0..<Int.random(in: 1...5, using: &generator) {
          let value = UInt32.random(in: 0..<0x110000, using: &generator)
          text.append(Unicode.Scalar(value) ?? "x")
        }
      case 2:
        let run = special.randomElement(using: &generator) ?? "x"
        let length = Int.random(in: 0..<10, using: &generator) == 0 ? 600 : 3
        for _ in 0..<Int.random(in: 1...length, using: &generator) { text.append(run) }
      default:
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
          text.append(special.randomElement(using: &generator) ?? "x")
          if Bool.random(using: &generator) { text.append(contentsOf: "aB ".unicodeScalars) }
        }
      }
    }
    return String(text)
  }

  private func expectSame(_ tokenizer: Tokenizer, seed: UInt64, count: Int) throws {
    var generator = SeededGenerator(state: seed)
    try expectSame(tokenizer, (0..<count).map { _ in Self.text(&generator) })
  }

  private func expectSame(_ tokenizer: Tokenizer, _ texts: [String]) throws {
    for text in texts {
      let traced = try tokenizer.encoding(
        of: text, addSpecialTokens: false, truncation: .some(nil), padding: .some(nil))
      #expect(
        tokenizer.encode(text, addSpecialTokens: false) == traced.ids, "\(text.debugDescription)")
    }
  }

  @Test(
    .enabled(if: SharedData.isPresent, "../shared is absent"),
    arguments: ["bert-base-uncased", "t5-small"])
  func realTokenizers(_ name: String) throws {
    try expectSame(SharedTokenizer.named(name), seed: 71, count: 4000)
  }

  @Test(arguments: [
    #"{"clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}"#,
    #"{"clean_text": true, "handle_chinese_chars": false, "strip_accents": true, "lowercase": false}"#,
    #"{"clean_text": false, "handle_chinese_chars": true, "strip_accents": false, "lowercase": false}"#,
  ])
  func wordPiece(_ normalizer: String) throws {
    let words = [
      "[UNK]", "a", "b", "##a", "##b", "ab", "hello", "##lo", "中", "!", ",", "日", "##本", "e",
      "\u{301}", "##\u{301}", "é", "русский", "(", "\u{1D165}", "##\u{1D165}",
    ]
    let entries = words.enumerated().map { "\(JSONValue.string($1).serialized()): \($0)" }
    let document =
      #"{"normalizer": {"type": "BertNormalizer", "# + normalizer.dropFirst()
      + #", "pre_tokenizer": {"type": "BertPreTokenizer"}, "model": {"type": "WordPiece", "#
      + #""unk_token": "[UNK]", "max_input_chars_per_word": 20, "vocab": {"#
      + entries.joined(separator: ", ") + "}}}"
    let tokenizer = try Tokenizer(
      tokenizerJSON: JSONValue(parsing: Array(document.utf8)), config: nil)
    try expectSame(tokenizer, seed: 72, count: 1500)
  }

  /// Scores of which many are equal, an unknown token in text, and markers everywhere; with what
  /// may come after the cut at white space: other markers, none in front, and other cuts.
  @Test(arguments: [
    Self.metaspace("▁", "always"), Self.metaspace("_", "always"),
    Self.metaspace("b", "always", splits: false), Self.metaspace("▁", "first"),
    Self.metaspace("▁", "first", splits: false), Self.metaspace("▁", "never", splits: false),
    #", {"type": "Digits", "individual_digits": false}"#, #", {"type": "UnicodeScripts"}"#,
    #", {"type": "FixedLength", "length": 2}"#, "",
  ])
  func unigram(_ step: String) throws {
    let words = [
      "<unk>", "▁", "a", "b", "ab", "▁a", "▁ab", "aa", "bb", "ba", "é", "▁中", "ll", "l", "o",
      "▁hello", "he", "H", "e", "-", "--", "▁--", "日本", "_", "_a", "a_", "1", "12",
    ]
    let entries = words.enumerated().map {
      "[\(JSONValue.string($1).serialized()), \($0 == 0 ? 0 : -Double(1 + $0 % 3) * 0.7)]"
    }
    let document =
      #"{"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}"#
      + step + #"]}, "model": {"type": "Unigram", "unk_id": 0, "vocab": ["#
      + entries.joined(separator: ", ") + "]}}"
    let tokenizer = try Tokenizer(
      tokenizerJSON: JSONValue(parsing: Array(document.utf8)), config: nil)
    try expectSame(tokenizer, seed: 73, count: 600)
    try expectSame(tokenizer, ["a", "a_ _a", "_-_a a_b", "12 a12b", "ab_12 hello"])
  }

  private static func metaspace(
    _ marker: String, _ scheme: String, splits: Bool = true
  ) -> String {
    #", {"type": "Metaspace", "replacement": ""# + marker + #"", "prepend_scheme": ""# + scheme
      + #"", "split": \#(splits)}"#
  }

  /// A megabyte without a space, for models that look words up and for those that do not.
  @Test(
    .enabled(if: SharedData.isPresent, "../shared is absent"), .timeLimit(.minutes(1)),
    arguments: ["bert-base-uncased", "t5-small", "qwen2", "llama2-sp", "o200k", "gpt2-r50k"])
  func longWords(_ name: String) throws {
    let tokenizer = try SharedTokenizer.named(name)
    for word in ["abcdefghij", "a", "日本語", "e\u{301}", "-", "1"] {
      let text = String(repeating: word, count: 1_000_000 / word.utf8.count)
      let ids = tokenizer.encode(text, addSpecialTokens: false)
      #expect(!ids.isEmpty)
    }
  }

  @Test(.enabled(if: SharedData.isPresent, "../shared is absent"))
  func threadsHaveTheirOwnWords() throws {
    var generator = SeededGenerator(state: 74)
    let texts = (0..<400).map { _ in Self.text(&generator) }
    for name in ["bert-base-uncased", "t5-small"] {
      let tokenizer = try SharedTokenizer.named(name)
      let one = texts.map { tokenizer.encode($0, addSpecialTokens: false) }
      #expect(tokenizer.encode(texts, addSpecialTokens: false, threads: 4) == one)
    }
  }
}
