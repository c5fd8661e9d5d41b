import ApusJSON
import ApusTokenizers
import Testing

/// The engine behind patterns that nobody knows.
@Suite struct RegexTests {
  /// The pieces that a `Split` makes of a text.
  static func pieces(
    _ text: String, _ pattern: String, _ behavior: String = "Isolated", invert: Bool = false
  ) throws -> [String] {
    try pieces(text, splitter(pattern, behavior, invert: invert))
  }

  /// A tokenizer whose tokens are the pieces that a `Split` makes.
  static func splitter(
    _ pattern: String, _ behavior: String = "Isolated", invert: Bool = false
  ) throws -> Tokenizer {
    try Tokenizer(
      tokenizerJSON: [
        "pre_tokenizer": [
          "type": "Split", "pattern": ["Regex": .string(pattern)],
          "behavior": .string(behavior), "invert": .bool(invert),
        ],
        "model": ["type": "WordLevel", "vocab": ["?": 0], "unk_token": "?"],
      ], config: nil)
  }

  static func pieces(_ text: String, _ splitter: Tokenizer) throws -> [String] {
    let bytes = Array(text.utf8)
    return try splitter.encoding(of: text).byteOffsets.map {
      String(decoding: bytes[$0], as: UTF8.self)
    }
  }

  @Test("pieces as Oniguruma cuts them")
  func asOniguruma() throws {
    var count = 0
    for entry in try FixtureFile.entries("patterns") {
      let pattern = entry["pattern"]?.stringValue ?? ""
      for vector in entry["cases"]?.arrayValue ?? [] {
        let text = vector["text"]?.stringValue ?? ""
        let found = try Self.pieces(
          text, pattern, entry["behavior"]?.stringValue ?? "",
          invert: entry["invert"]?.boolValue ?? false)
        let expected = (vector["pieces"]?.arrayValue ?? []).compactMap(\.stringValue)
        #expect(
          found.map { Array($0.utf8) } == expected.map { Array($0.utf8) },
          "\(pattern) \(entry["behavior"]?.stringValue ?? "") of \(text.debugDescription)")
        count += 1
      }
    }
    #expect(count > 250)
  }

  @Test(
    "attacks take no longer than the text is long",
    arguments: [
      #"(a+)+$"#, #"(a|aa)+b"#, #"(a*)*b"#, #"(?:a?){30}a{30}b"#, #"a*a*a*a*a*a*c"#,
      #"(?=(a+)+b)a"#, #"(?:(?:(?:a+)+)+)+b"#, #"a*b|a"#, #"(?>a+)b|\s+$"#, #"(.*)(.*)(.*)x"#,
      #"(?<=a{3})(a|a)*d"#,
    ])
  func attacks(_ pattern: String) throws {
    let text = String(repeating: "a", count: 20_000) + "!"
    let elapsed = try ContinuousClock().measure { _ = try Self.pieces(text, pattern) }
    #expect(elapsed < .seconds(20))
  }

  @Test(
    "what is not supported or malformed is refused by name",
    arguments: [
      (#"(a)\1"#, "references"), (#"a{1,5000}"#, "repetition"), (#"(?<=a*)b"#, "look-behind"),
      (#"(a"#, "parenthesis"), (#"a)"#, "parenthesis"), (#"\p{Nonsense}"#, "Nonsense"),
      (#"[z-a]"#, "range"), (#"*a"#, "repeat"), (#"[a"#, "ends"), (#"(?~a)"#, "group"),
      (#"(?<=(?:a|a){30})b"#, "ways"), (#"(?<!(?:a?a?){12})b"#, "ways"),
      (#"\x{110000}"#, "hexadecimal"),
    ])
  func refusals(_ pattern: String, _ word: String) {
    do {
      _ = try Self.pieces("a", pattern)
      Issue.record("\(pattern) was accepted")
    } catch {
      #expect("\(error)".contains(word), "\(error)")
      #expect("\(error)".contains("pattern"))
    }
  }

  @Test("a pattern that is too deep or too large is refused")
  func limits() {
    let deep = String(repeating: "(", count: 1000) + "a" + String(repeating: ")", count: 1000)
    #expect(throws: TokenizerError.self) { try Self.pieces("a", deep) }
    #expect(throws: TokenizerError.self) { try Self.pieces("a", "((a{900}){900}){900}") }
    let many = (0..<9000).map { "a\($0)" }.joined(separator: "|")
    #expect(throws: TokenizerError.self) { try Self.pieces("a", many) }
    let classes = String(repeating: "[", count: 1000) + "a" + String(repeating: "]", count: 1000)
    #expect(throws: TokenizerError.self) { try Self.pieces("a", classes) }
    let looks = String(repeating: "(?=", count: 999)
    #expect(throws: TokenizerError.self) { try Self.pieces("a", looks) }
  }
}
