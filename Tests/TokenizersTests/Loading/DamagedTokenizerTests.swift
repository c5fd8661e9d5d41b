import ApusJSON
import ApusTokenizers
import Testing

/// A `tokenizer.json` that was cut or whose bits were flipped, and GGUF vocabularies with anything
/// in them: an error, or a tokenizer that works.
@Suite struct DamagedTokenizerTests {
  static let text = """
    {"added_tokens": [{"id": 7, "content": "<s>", "special": true, "lstrip": true}],
     "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
     "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"},
     "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}},
      {"Sequence": {"id": "A"}}], "pair": [{"Sequence": {"id": "A"}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [7]}}},
     "decoder": {"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
      {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
     "model": {"type": "BPE", "vocab": {"l": 0, "o": 1, "lo": 2, "▁": 3, "H": 4, "<0x0A>": 5,
      "<unk>": 6}, "merges": ["l o"], "byte_fallback": true, "unk_token": "<unk>"}}
    """

  /// Loads, and uses what was loaded. An id that is no token is a problem.
  static func read(_ bytes: [UInt8]) throws {
    let tokenizer = try Tokenizer(tokenizerJSON: JSONValue(parsing: bytes), config: nil)
    for text in ["Hello  world\n", "<s>lolo", ""] {
      let ids = tokenizer.encode(text, addSpecialTokens: true)
      if let id = ids.first(where: { $0 < 0 || $0 >= tokenizer.vocabularySize }) {
        Issue.record("\(id) of \(tokenizer.vocabularySize)")
      }
      _ = tokenizer.decode(ids, skipSpecialTokens: false)
    }
  }

  /// Whether an error says where it is and what was found.
  static func isClear(_ error: any Error) -> Bool {
    switch error {
    case let error as TokenizerError: error.description.hasPrefix("tokenizer: ")
    case let error as JSONError: error.line > 0 && !error.message.isEmpty
    default: false
    }
  }

  @Test func whole() throws { try Self.read(Array(Self.text.utf8)) }

  @Test("cut at every byte it is an error")
  func truncation() {
    let bytes = Array(Self.text.utf8)
    for count in 0..<bytes.count {
      do {
        try Self.read(Array(bytes[..<count]))
        Issue.record("cut at \(count) it was accepted")
      } catch {
        if !Self.isClear(error) { Issue.record("cut at \(count): \(error)") }
      }
    }
  }

  @Test("10,000 files with flipped bits")
  func flips() {
    let bytes = Array(Self.text.utf8)
    var generator = SeededBits(state: 11)
    var refused = 0
    for round in 0..<10_000 {
      var flipped = bytes
      for _ in 0..<(round % 8 == 0 ? Int.random(in: 2...16, using: &generator) : 1) {
        let bit = Int.random(in: 0..<bytes.count * 8, using: &generator)
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      }
      do {
        try Self.read(flipped)
      } catch {
        refused += 1
        if !Self.isClear(error) { Issue.record("round \(round): \(error)") }
      }
    }
    #expect(refused > 1000 && refused < 10_000)
  }

  @Test("10,000 GGUF vocabularies of random parts")
  func vocabularies() {
    var generator = SeededBits(state: 12)
    let spellings = ["a", "b", "ab", "▁", "▁a", "<0x41>", "<0xZZ>", "Ġ", "", "é", "<s>", "aba"]
    for _ in 0..<10_000 {
      let tokens = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
        spellings.randomElement(using: &generator) ?? ""
      }
      func id() -> Int32? { [nil, -1, 0, 1, 7, 8, .max].randomElement(using: &generator) ?? nil }
      var file = GGUFVocabulary(
        model: Bool.random(using: &generator) ? "llama" : "gpt2", pre: "gpt-2", tokens: tokens,
        scores: Bool.random(using: &generator) ? [] : tokens.map { _ in .nan },
        tokenTypes: tokens.map { _ in Int32.random(in: -1...7, using: &generator) },
        merges: Bool.random(using: &generator) ? [] : ["a b", "", " ", "▁ a"])
      (file.bosID, file.eosID, file.unknownID) = (id(), id(), id())
      (file.separatorID, file.paddingID) = (id(), id())
      guard let tokenizer = try? Tokenizer(gguf: file) else { continue }
      let ids = tokenizer.encode("ab <s>A▁aé", addSpecialTokens: true)
      _ = tokenizer.decode(ids, skipSpecialTokens: true)
    }
  }
}

/// Source: Steele et al. 2014, "Fast splittable pseudorandom number generators" (splitmix64).
private struct SeededBits: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
