import ApusJSON
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// A stream of tokens decodes to what all of them decode to at once, and never in half a character.
@Suite struct StreamDecoderTests {
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  private func expectStreamed(_ tokenizer: Tokenizer, _ ids: [Int32], skip: Bool) {
    var decoder = StreamDecoder(tokenizer, skipSpecialTokens: skip)
    var pieces = ids.map { decoder.append($0) }
    pieces.append(decoder.finish())
    let whole = tokenizer.decode(ids, skipSpecialTokens: skip)
    #expect(Array(pieces.joined().utf8) == Array(whole.utf8), "\(ids)")
  }

  /// Every byte as a token, in both kinds of vocabulary.
  private static func byteTokenizers() throws -> [Tokenizer] {
    let spellings = (0..<256).map { "<0x" + hexadecimal($0) + ">" }
    let words = ["<unk>", "<s>", "</s>", "▁", "▁a", "b", "日"]
    let scored = GGUFVocabulary(
      model: "llama", tokens: words + spellings,
      scores: Array(repeating: 0, count: 263),
      tokenTypes: [2, 3, 3, 1, 1, 1, 1] + Array(repeating: 6, count: 256))
    var byteLevel = GGUFVocabulary(
      model: "gpt2", pre: "gpt-2", tokens: byteAlphabet + ["<|end|>"],
      tokenTypes: Array(repeating: 1, count: 256) + [3])
    byteLevel.eosID = 256
    return [try Tokenizer(gguf: scored), try Tokenizer(gguf: byteLevel)]
  }

  @Test(
    "after a prompt the first token keeps its space", .enabled(if: SharedData.isPresent))
  func continued() throws {
    let folder = "\(try #require(SharedData.folder))/models/stories260K"
    let tokenizer = try Tokenizer.load(folder: folder)
    let ids = tokenizer.encode("Once upon a time there was", addSpecialTokens: true)
    let whole = tokenizer.decode(ids, skipSpecialTokens: true)
    for split in 1..<ids.count {
      let prompt = Array(ids[..<split])
      var decoder = StreamDecoder(tokenizer, skipSpecialTokens: true, after: prompt)
      var text = ids[split...].map { decoder.append($0) }.joined()
      text += decoder.finish()
      #expect(tokenizer.decode(prompt, skipSpecialTokens: true) + text == whole)
    }
  }

  private static func hexadecimal(_ byte: Int) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }

  private static var byteAlphabet: [String] {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      let isPlain = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      defer { if !isPlain { next += 1 } }
      return String(Unicode.Scalar(isPlain ? UInt32(byte) : next) ?? " ")
    }
  }

  @Test func randomTokensOfEveryByte() throws {
    for tokenizer in try Self.byteTokenizers() {
      var generator = Generator(state: 7)
      for _ in 0..<500 {
        let length = Int.random(in: 0...12, using: &generator)
        let ids = (0..<length).map { _ in
          Int32.random(in: -1...Int32(tokenizer.vocabularySize), using: &generator)
        }
        expectStreamed(tokenizer, ids, skip: false)
        expectStreamed(tokenizer, ids, skip: true)
      }
    }
  }

  @Test("a Strip decoder takes off as many as there are, whatever the file asks for")
  func strips() throws {
    func tokenizer(_ strip: JSONValue, joined: Bool) throws -> Tokenizer {
      let fuse: [JSONValue] = joined ? [["type": "Fuse"]] : []
      return try Tokenizer(
        tokenizerJSON: [
          "model": ["type": "WordLevel", "unk_token": "a", "vocab": ["a": 0, "日": 1, "日日a日": 2]],
          "decoder": ["type": "Sequence", "decoders": .array(fuse + [strip])],
        ], config: nil)
    }
    let cases = [(0, "日日a日日", "日日a日日"), (1, "日a日", "a"), (.max, "a", "a")]
    for (count, whole, split) in cases as [(Int, String, String)] {
      let strip: JSONValue = [
        "type": "Strip", "content": "日", "start": .int(count), "stop": .int(count),
      ]
      let joined = try tokenizer(strip, joined: true)
      #expect(joined.decode([1, 1, 0, 1, 1], skipSpecialTokens: false) == whole)
      #expect(joined.decode([2, 1], skipSpecialTokens: false) == whole)
      for ids in [[1, 1, 0, 1, 1], [2, 1], [1, 1, 1], [0, 1, 0], [1], []] as [[Int32]] {
        expectStreamed(joined, ids, skip: false)
      }
      let apart = try tokenizer(strip, joined: false)
      #expect(apart.decode([1, 1, 0, 1, 1], skipSpecialTokens: false) == split)
    }
    for content in ["", "ab"] {
      let strip: JSONValue = ["type": "Strip", "content": .string(content), "start": 1, "stop": 0]
      #expect(throws: TokenizerError.self) { try tokenizer(strip, joined: true) }
    }
  }

  @Test("a first token may be a byte's where it would be none elsewhere, and the reverse")
  func byteTokensAfterTheFirst() throws {
    func tokenizer(_ step: JSONValue) throws -> Tokenizer {
      try Tokenizer(
        tokenizerJSON: [
          "model": [
            "type": "WordLevel", "unk_token": "a",
            "vocab": ["a": 0, "▁a": 1, "<0x41>": 2, "##<0x42>": 3, "<0xC3>": 4, "<0xA9>": 5],
          ],
          "decoder": ["type": "Sequence", "decoders": [step, ["type": "ByteFallback"]]],
        ], config: nil)
    }
    let metaspace = try tokenizer([
      "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true,
    ])
    let wordPiece = try tokenizer(["type": "WordPiece", "prefix": "##", "cleanup": false])
    // As `tokenizers` 0.23.3 decodes them.
    let cases: [([Int32], String, String)] = [
      ([2, 2], "AA", "A <0x41>"),
      ([4, 5, 2, 1], "éA a", "\u{FFFD} <0xA9> <0x41> ▁a"),
      ([1, 4, 5], "aé", "▁a <0xC3> <0xA9>"),
      ([3, 2, 3], "##<0x42>A##<0x42>", "##<0x42> <0x41>B"),
    ]
    for (ids, marked, spaced) in cases {
      #expect(metaspace.decode(ids, skipSpecialTokens: false) == marked)
      #expect(wordPiece.decode(ids, skipSpecialTokens: false) == spaced)
      expectStreamed(metaspace, ids, skip: false)
      expectStreamed(wordPiece, ids, skip: false)
    }
  }

  @Test func holdsBackHalfCharacters() throws {
    let tokenizer = try Self.byteTokenizers()[1]
    var decoder = StreamDecoder(tokenizer, skipSpecialTokens: true)
    let bytes = Array("a日🙂".utf8)
    #expect(bytes.map { decoder.append(Int32($0)) } == ["a", "", "", "日", "", "", "", "🙂"])
    // An interrupted character is replaced as soon as it cannot be completed any more.
    #expect(decoder.append(0xF0) == "")
    #expect(decoder.append(0x9F) == "")
    #expect(decoder.append(0x41) == "\u{FFFD}A")
    #expect(decoder.append(0xE6) == "")
    #expect(decoder.append(256) == "")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.append(0xFF) == "\u{FFFD}")
  }

  @Test(
    .enabled(if: SharedData.isPresent, "../shared is absent"),
    arguments: ["qwen2", "smollm-49k", "stories260K", "phi-3"])
  func goldenTexts(_ name: String) throws {
    let tokenizer = try SharedTokenizer.named(name)
    let vectors = try GoldenVectors("tokenizers/\(name)/golden.json")
    for vector in vectors.cases {
      expectStreamed(tokenizer, vector.ids, skip: true)
    }
    var generator = Generator(state: 11)
    for _ in 0..<200 {
      let ids = (0..<20).map { _ in
        Int32.random(in: 0..<Int32(tokenizer.vocabularySize), using: &generator)
      }
      expectStreamed(tokenizer, ids, skip: false)
      expectStreamed(tokenizer, ids, skip: true)
    }
  }

  /// Byte tokens of a `tokenizer.json` are text only where the whole run is valid.
  @Test(.enabled(if: SharedData.isPresent, "../shared is absent"))
  func byteFallbackRuns() throws {
    let tokenizer = try SharedTokenizer.named("phi-3")
    func byte(_ value: Int) -> Int32 { Int32(value + 3) }
    let smile = Array("🙂".utf8).map { byte(Int($0)) }
    #expect(tokenizer.decode(smile, skipSpecialTokens: false) == "🙂")
    #expect(
      tokenizer.decode(smile + [byte(0xFF)], skipSpecialTokens: false)
        == String(repeating: "\u{FFFD}", count: 5))
    // A token that is left out of the text does not end a run, nor does an id that is none.
    let text = tokenizer.encode("ab", addSpecialTokens: false)
    for (id, skips) in [(1, true), (Int32.max, false)] as [(Int32, Bool)] {
      let ids = text + [byte(0x09), id, byte(0xCD)] + text
      let parts = tokenizer.decode(ids, skipSpecialTokens: skips)
        .components(separatedBy: "\u{FFFD}\u{FFFD}")
      #expect(parts.count == 2 && parts[0] == "ab", "\(parts)")
      expectStreamed(tokenizer, ids, skip: skips)
    }
    // To SentencePiece the token has a text, which is empty.
    let pieces = try SharedTokenizer.named("llama2-sp")
    for (id, text) in [(2, "\u{FFFD}\u{FFFD}"), (nil, "\u{12F}")] as [(Int32?, String)] {
      let ids = [byte(0xC4)] + (id.map { [$0] } ?? []) + [byte(0xAF)]
      #expect(pieces.decode(ids, skipSpecialTokens: true) == text)
      expectStreamed(pieces, ids, skip: true)
    }
  }
}
