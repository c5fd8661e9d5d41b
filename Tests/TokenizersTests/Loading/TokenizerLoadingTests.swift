import ApusJSON
import ApusTokenizers
import TestSupport
import Testing

/// What loaders take, and how they refuse the rest.
@Suite struct TokenizerLoadingTests {
  private static func document(_ changes: JSONObject) throws -> JSONValue {
    var root: JSONObject = [
      "model": [
        "type": "BPE", "vocab": ["a": 0, "b": 1, "ab": 2, "Ġ": 3, "<x>": 4],
        "merges": ["a b"],
      ],
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false],
      "decoder": ["type": "ByteLevel"],
    ]
    for (key, value) in changes { root[key] = value }
    return .object(root)
  }

  private func failure(_ changes: JSONObject) -> String? {
    do {
      _ = try Tokenizer(tokenizerJSON: Self.document(changes), config: nil)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func refusesByName() {
    let cases: [(JSONObject, String)] = [
      (["model": ["type": "Anything", "vocab": []]], "Anything"),
      (["model": ["type": "Unigram", "vocab": [["a"]]]], "vocab[0]"),
      (["model": ["type": "Unigram", "vocab": [["a", 0]], "unk_id": 4]], "unk_id"),
      (["model": ["type": "BPE", "vocab": ["a": 0], "merges": ["a c"]]], "merges[0]"),
      (["model": ["type": "BPE", "vocab": ["a": -1], "merges": []]], "vocab.a"),
      (["model": ["type": "BPE", "vocab": [:], "merges": [], "dropout": 0.1]], "dropout"),
      (["model": ["type": "BPE", "vocab": ["a": 0]]], "model.merges"),
      (["normalizer": ["type": "Uppercase"]], "Uppercase"),
      (["normalizer": ["type": "Precompiled", "precompiled_charsmap": "AAAA"]], "charsmap"),
      (["pre_tokenizer": ["type": "Sentences"]], "Sentences"),
      (["pre_tokenizer": ["type": "FixedLength", "length": 0]], "length"),
      (["pre_tokenizer": ["type": "Punctuation", "behavior": "Merged"]], "Merged"),
      (
        [
          "pre_tokenizer": [
            "type": "Split", "pattern": ["Regex": "(a)\\1"], "behavior": "Isolated",
          ]
        ], "(a)\\1"
      ),
      (["post_processor": ["type": "Nothing"]], "Nothing"),
      (["decoder": ["type": "Rot13"]], "Rot13"),
      (["decoder": ["type": "Strip", "content": " ", "start": -5, "stop": 0]], "decoder.start"),
      (["model": ["type": "BPE", "vocab": ["a": 9_000_000], "merges": []]], "vocab.a"),
      (["added_tokens": [["id": 16_000_000, "content": "<y>"]]], "added_tokens[0].id"),
      (["pre_tokenizer": ["type": "Metaspace", "replacement": ""]], "replacement"),
      (["decoder": ["type": "Metaspace", "replacement": "ab"]], "replacement"),
      (["post_processor": ["type": "BertProcessing", "cls": ["a", 0], "sep": ["b", 99]]], "99"),
    ]
    for (changes, name) in cases {
      #expect(failure(changes)?.contains(name) == true, "\(failure(changes) ?? "accepted")")
    }
    #expect(failure([:]) == nil)
  }

  @Test func refusesGGUFByName() {
    var error = #expect(throws: TokenizerError.self) {
      try Tokenizer(gguf: GGUFVocabulary(model: "gpt2", pre: "nothing", tokens: ["a"]))
    }
    #expect(error?.description.contains("tokenizer.ggml.pre: nothing") == true)
    error = #expect(throws: TokenizerError.self) {
      try Tokenizer(gguf: GGUFVocabulary(model: "hybriddna", tokens: ["a"]))
    }
    #expect(error?.description.contains("hybriddna") == true)
    error = #expect(throws: TokenizerError.self) {
      try Tokenizer(gguf: GGUFVocabulary(model: "llama", tokens: ["a"], scores: [1, 2]))
    }
    #expect(error?.description.contains("scores") == true)
    #expect(throws: TokenizerError.self) {
      var file = GGUFVocabulary(model: "llama", tokens: ["a"])
      file.bosID = 7
      return try Tokenizer(gguf: file)
    }
    #expect(throws: TokenizerError.self) { try Tokenizer.load(folder: "/nowhere") }
  }

  @Test("replacements that multiply are refused, not carried out")
  func growth() {
    let double: JSONValue = [
      "type": "Replace", "pattern": ["String": "a"], "content": "aa",
    ]
    let many = JSONValue.array(Array(repeating: double, count: 60))
    let decoder = failure(["decoder": ["type": "Sequence", "decoders": many]])
    #expect(decoder?.contains("decoder") == true)
    let normalizer = failure(["normalizer": ["type": "Sequence", "normalizers": many]])
    #expect(normalizer?.contains("64 times as long") == true)
    let few = JSONValue.array(Array(repeating: double, count: 3))
    #expect(failure(["normalizer": ["type": "Sequence", "normalizers": few]]) == nil)
  }

  @Test("ids of a GGUF vocabulary that are no tokens, and merges of none")
  func refusesGGUFIds() {
    func message(_ change: (inout GGUFVocabulary) -> Void) -> String? {
      var file = GGUFVocabulary(
        model: "gpt2", pre: "gpt-2", tokens: ["a", "b", "ab"], merges: ["a b"])
      change(&file)
      do {
        _ = try Tokenizer(gguf: file)
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(message { _ in } == nil)
    #expect(message { $0.separatorID = 3 }?.contains("below 3, found 3") == true)
    #expect(message { $0.fillInTheMiddleIDs = [1, 7] }?.contains("found 7") == true)
    #expect(message { $0.paddingID = -2 }?.contains("found -2") == true)
    #expect(message { $0.merges = ["a b", "a c"] }?.contains("merges[1]") == true)
    #expect(message { $0.merges = ["ab"] }?.contains("merges[0]") == true)
  }

  @Test func addedTokensTakeTheirSpaces() throws {
    func ids(_ flags: JSONObject, _ text: String) throws -> [Int32] {
      var entry: JSONObject = ["id": 4, "content": "<x>", "special": true, "normalized": false]
      for (key, value) in flags { entry[key] = value }
      let root = try Self.document(["added_tokens": [.object(entry)]])
      return try Tokenizer(tokenizerJSON: root, config: nil)
        .encode(text, addSpecialTokens: false)
    }
    #expect(try ids([:], "a <x> b") == [0, 3, 4, 3, 1])
    #expect(try ids(["lstrip": true], "a <x> b") == [0, 4, 3, 1])
    #expect(try ids(["rstrip": true], "a <x> b") == [0, 3, 4, 1])
    #expect(try ids(["lstrip": true, "rstrip": true], " <x>  <x> ") == [4, 4])
    #expect(try ids(["single_word": true], "a <x> b") == [0, 3, 4, 3, 1])
    #expect(try ids(["single_word": true], "a<x> ab") == [0, 3, 2])
  }

  @Test func configHasTheLastWord() throws {
    let config: JSONValue = [
      "bos_token": ["content": "a"], "eos_token": "b", "add_bos_token": true,
      "chat_template": [["name": "default", "template": "D"], ["name": "rag", "template": "R"]],
      "added_tokens_decoder": ["4": ["content": "<x>", "special": false, "rstrip": true]],
    ]
    let root = try Self.document([
      "added_tokens": [["id": 4, "content": "<x>", "special": true]]
    ])
    let tokenizer = try Tokenizer(
      tokenizerJSON: root, config: config, templates: ["default": "J"])
    #expect(tokenizer.beginToken == 0)
    #expect(tokenizer.endToken == 1)
    #expect(tokenizer.addsBeginToken)
    #expect(tokenizer.encode("b", addSpecialTokens: true) == [0, 1])
    #expect(tokenizer.encode("<x> b", addSpecialTokens: false) == [4, 1])
    #expect(!tokenizer.isControl(4))
    #expect(tokenizer.chatTemplates == ["default": "J", "rag": "R"])
    #expect(tokenizer.templateVariables["bos_token"] == "a")
    #expect(tokenizer.vocabularySize == 5)
    #expect(tokenizer.token(3) == "Ġ")
    #expect(tokenizer.token(99) == nil)
    #expect(tokenizer.id(of: "ab") == 2)
  }

  @Test(
    .enabled(if: SharedData.isPresent, "../shared is absent"),
    arguments: ["stories260K", "babyllama-105"])
  func modelFolders(_ name: String) throws {
    let tokenizer = try Tokenizer.load(folder: SharedFile.path("models/\(name)"))
    #expect(tokenizer.beginToken == 1)
    #expect(tokenizer.endToken == 2)
    #expect(tokenizer.addsBeginToken)
    #expect(tokenizer.endOfGenerationTokens == [2])
    let golden = try SharedFile.json("models/\(name)/golden.json")
    let ids = SharedFile.ids(golden["greedy_ids"])
    let text = tokenizer.decode(ids, skipSpecialTokens: true)
    // What the file's own rules give; the GGUF of the same model spells the same text.
    let gguf = try Tokenizer(
      gguf: GGUFMetadata(path: SharedFile.path("models/\(name)/\(name)-f32.gguf")).vocabulary)
    #expect(gguf.decode(ids, skipSpecialTokens: true) == text)
    #expect(gguf.encode("Once upon a time", addSpecialTokens: true).first == 1)
    #expect(
      gguf.encode("Once upon a time", addSpecialTokens: true)
        == tokenizer.encode("Once upon a time", addSpecialTokens: true))
  }
}
