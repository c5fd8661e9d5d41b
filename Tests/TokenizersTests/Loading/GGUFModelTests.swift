import ApusJSON
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// The models and pre-tokenisers that GGUF files name.
@Suite struct GGUFModelTests {
  private static let names = [
    "default", "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
    "jina-v2-code", "roberta-bpe", "gigachat", "a.x-4.0", "mellum", "modern-bert", "mpt", "olmo",
    "jais", "jais-2", "trillion", "granite-docling", "exaone", "exaone4", "exaone-moe", "smollm",
    "starcoder", "refact", "command-r", "codeshell", "minerva-7b", "mellum2", "llama-bpe",
    "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano",
    "dbrx", "smaug-bpe", "glm4", "glm5", "chatglm-bpe", "qwen2", "deepseek-r1-qwen", "kormo",
    "f2llmv2",
    "megrez", "stablelm2", "hunyuan", "solar-open", "grok-2", "qwen35", "ufakzeka", "laguna",
    "minicpm5", "seed-coder", "bailingmoe", "bailingmoe2", "llada-moe", "deepseek-llm",
    "deepseek-coder", "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4", "spark2_5", "youtu",
    "falcon", "bloom", "poro-chat", "gpt3-finnish", "viking", "tekken", "gpt-4o", "llama4",
    "kanana2", "talkie", "minimax-m2", "granite-embed-multi-97m", "tiny_aya", "cohere2moe",
    "superbpe", "kimi-k2", "afmoe", "chameleon",
  ]

  static var alphabet: [String] {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      let isPlain = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      defer { if !isPlain { next += 1 } }
      return String(Unicode.Scalar(isPlain ? UInt32(byte) : next) ?? " ")
    }
  }

  @Test("every name that llama.cpp knows loads and loses nothing", arguments: names)
  func preTokenizers(_ name: String) throws {
    let tokenizer = try Tokenizer(
      gguf: GGUFVocabulary(model: "gpt2", pre: name, tokens: Self.alphabet))
    var generator = SeededGenerator(state: 6)
    for _ in 0..<20 {
      let text = generator.text(parts: 6)
      let ids = tokenizer.encode(text, addSpecialTokens: false)
      #expect(ids.count == text.utf8.count, "\(text.debugDescription)")
      let decoded = tokenizer.decode(ids, skipSpecialTokens: false)
      #expect(Array(decoded.utf8) == Array(text.utf8))
    }
  }

  @Test("a name or a model that is not known is refused by name")
  func unknownNames() {
    func message(_ model: String, _ pre: String?) -> String {
      do {
        _ = try Tokenizer(gguf: GGUFVocabulary(model: model, pre: pre, tokens: Self.alphabet))
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(message("gpt2", "no-such").contains("tokenizer.ggml.pre"))
    #expect(message("gpt2", "no-such").contains("no-such"))
    for model in ["hybriddna", "no_vocab", "none"] {
      #expect(message(model, nil).contains("tokenizer.ggml.model"))
      #expect(message(model, nil).contains(model))
    }
  }

  @Test("GLM 4 and others take whole tokens before merges")
  func wholeTokens() throws {
    for (name, expected) in [
      ("glm4", [258]), ("glm5", [258]), ("chatglm-bpe", [97, 257]),
    ] as [(String, [Int32])] {
      let file = GGUFVocabulary(
        model: "gpt2", pre: name, tokens: Self.alphabet + ["ab", "bc", "abc"],
        merges: ["b c", "a b", "ab c"])
      #expect(try Tokenizer(gguf: file).encode("abc", addSpecialTokens: false) == expected)
    }
  }

  @Test func wordsBetweenWhiteSpace() throws {
    let file = GGUFVocabulary(
      model: "whitespace", pre: "whitespace", tokens: ["日", "本", "日本", "a", "<0xC3>", "<0xA9>"],
      merges: ["日 本"])
    let tokenizer = try Tokenizer(gguf: file)
    #expect(tokenizer.encode(" 日本 a\n日é", addSpecialTokens: false) == [2, 3, 0, 4, 5])
    #expect(tokenizer.decode([2, 3], skipSpecialTokens: false) == "日本a")
  }

  @Test("what ends a text is known by its name, and Phi-3's tokens take the space behind them")
  func tokensByName() throws {
    var file = GGUFVocabulary(
      model: "gpt2", pre: "gpt-2", tokens: Self.alphabet + ["<|im_end|>", "</s>", "<|user|>"],
      tokenTypes: Array(repeating: 1, count: 258) + [3])
    #expect(
      try Tokenizer(gguf: file).encode("</s><|im_end|>a", addSpecialTokens: false)
        == Array("</s>".utf8).map(Int32.init) + [256, 97])
    #expect(try Tokenizer(gguf: file).isControl(256))
    file.modelName = "Phi-3 Mini"
    #expect(try Tokenizer(gguf: file).encode("<|user|> a", addSpecialTokens: false) == [258, 97])
  }

  @Test("the special ids of a file that names none")
  func defaultIDs() throws {
    let tokenizer = try Tokenizer(
      gguf: GGUFVocabulary(
        model: "llama", tokens: ["<unk>", "<s>", "</s>", "▁a"], scores: [0, 0, 0, -1],
        tokenTypes: [2, 3, 3, 1]))
    #expect(tokenizer.encode("a", addSpecialTokens: true).first == 1)
    #expect(tokenizer.endToken == 2)
  }

  @Test("afmoe groups digits from their end, superbpe and tiny_aya too")
  func digitGroups() throws {
    for (name, expected) in [
      ("afmoe", ["1", "234", "567"]), ("tiny_aya", ["1", "234", "567"]),
      ("superbpe", ["1", "234", "567"]), ("deepseek-v3", ["123", "456", "7"]),
      ("qwen2", ["1", "2", "3", "4", "5", "6", "7"]),
    ] {
      let tokenizer = try Tokenizer(
        gguf: GGUFVocabulary(model: "gpt2", pre: name, tokens: Self.alphabet))
      let encoding = try tokenizer.encoding(of: "1234567", addSpecialTokens: false)
      var pieces: [Int: String] = [:]
      for (word, digit) in zip(encoding.words, "1234567") {
        pieces[word ?? -1, default: ""].append(digit)
      }
      #expect(pieces.sorted { $0.key < $1.key }.map(\.value) == expected, "\(name)")
    }
  }

  /// T5's vocabulary as a GGUF file has it, against the vectors of its `tokenizer.json`.
  @Test(.enabled(if: SharedData.isPresent, "../shared is absent"))
  func unigram() throws {
    let root = try SharedFile.json("tokenizers/t5-small/tokenizer.json")
    let vocabulary = root["model"]?["vocab"]?.arrayValue ?? []
    var file = GGUFVocabulary(
      model: "t5", tokens: vocabulary.map { $0[0]?.stringValue ?? "" },
      scores: vocabulary.map { Float($0[1]?.doubleValue ?? 0) },
      tokenTypes: vocabulary.indices.map { $0 < 2 ? 3 : $0 == 2 ? 2 : 1 })
    file.characterMap = [UInt8](
      Data(
        base64Encoded: root["normalizer"]?["precompiled_charsmap"]?.stringValue ?? "") ?? Data())
    file.addSpacePrefix = true
    file.removeExtraSpaces = true
    file.eosID = 1
    let tokenizer = try Tokenizer(gguf: file)
    for vector in try GoldenVectors("tokenizers/t5-small/golden.json").cases {
      // SentencePiece's rules for spaces are not those of the JSON file, and it looks up the
      // longest beginning where `tokenizers` looks up a whole grapheme.
      guard !vector.text.contains("  "), !vector.text.contains("\n"), !vector.text.hasPrefix(" "),
        !vector.text.hasSuffix(" "), !vector.text.contains("\t"), !vector.text.contains("<"),
        !vector.text.unicodeScalars.contains("\u{1E9B}")
      else { continue }
      #expect(
        tokenizer.encode(vector.text, addSpecialTokens: true) == vector.ids + [1],
        "\(vector.text.debugDescription)")
    }
  }

  @Test func longestTokenFirst() throws {
    var file = GGUFVocabulary(
      model: "rwkv", tokens: ["<unk>", "a", "ab", "abc", "\\n", "\\xE6\\x97", "\\x97", "\\\\"])
    file.unknownID = 0
    let tokenizer = try Tokenizer(gguf: file)
    #expect(tokenizer.encode("abca\n", addSpecialTokens: false) == [3, 1, 4])
    #expect(tokenizer.encode("ab\\z日", addSpecialTokens: false) == [2, 7, 0, 5, 0])
    #expect(tokenizer.decode([3, 4, 7], skipSpecialTokens: false) == "abc\n\\")
  }

  @Test func cheapestPath() throws {
    let bytes = (0..<256).map {
      "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">"
    }
    let tokens = ["<|plamo:unk|>", "a", "b", "ab", "ba", "aba"]
    let file = GGUFVocabulary(
      model: "plamo2", tokens: tokens + bytes,
      scores: [0, -1, -1, -1.5, -3, -2.6] + Array(repeating: 0, count: 256),
      tokenTypes: [2, 1, 1, 1, 1, 1] + Array(repeating: 6, count: 256))
    let tokenizer = try Tokenizer(gguf: file)
    // ab + a costs 2.5, aba 2.6.
    #expect(tokenizer.encode("aba", addSpecialTokens: false) == [3, 1])
    #expect(tokenizer.encode("\u{FEFF}abé", addSpecialTokens: false) == [3, 6 + 0xC3, 6 + 0xA9])
    #expect(tokenizer.decode([3, 6 + 0xC3, 6 + 0xA9], skipSpecialTokens: false) == "abé")
  }
}
