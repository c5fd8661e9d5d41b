import ApusArchitectures
import ApusCheckpoints
import ApusPipelines
import ApusTensors
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// From a path to a service, and what is said where that does not work.
@Suite struct LoadedPipelineTests {
  private let registry = PipelineRegistry(builtInArchitectures)

  /// A copy of a fixture whose files a test changes.
  private func copy(_ name: String, _ change: (URL) throws -> Void) throws -> String {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(name)-\(UUID().uuidString)")
    try FileManager.default.copyItem(
      at: URL(fileURLWithPath: "\(ModelFixture.folder)/\(name)"), to: folder)
    try change(folder)
    return folder.path
  }

  private func replace(_ old: String, by new: String, in file: URL) throws {
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(old))
    try text.replacingOccurrences(of: old, with: new)
      .write(to: file, atomically: true, encoding: .utf8)
  }

  @Test(.enabled(if: SharedData.isPresent, "../shared is absent"))
  func everythingThatServingNeeds() throws {
    var config = PipelineConfig(modelPath: "\(SharedData.folder ?? "")/models/stories260K")
    config.encoding = .float32
    config.maxBatchSize = 2
    config.maxLength = 100
    let pipeline = try registry.load(config)
    #expect(pipeline.architectureName == "LlamaForCausalLM")
    #expect(pipeline.modelName == "stories260K")
    #expect(pipeline.contextLength == 100)
    #expect(pipeline.endTokens.contains(2))
    #expect(pipeline.chatTemplates == nil)
    #expect(pipeline.tokenizer.vocabularySize == 512)
    #expect(pipeline.model.vocabularySize == 512)
    #expect(pipeline.model.limits.requests == 2)
    #expect(
      pipeline.phases.map(\.name) == [
        "read tokenizer", "read config", "map weights", "build", "compile", "warm up",
      ])
    // Five layers, keys and values, 4 heads, 16 tokens of 8 floats.
    #expect(pipeline.memory.cache.bytesPerPage == 5 * 2 * 4 * 16 * 8 * 4)
    #expect(pipeline.memory.cache.pages == 2 * 7)
    #expect(pipeline.memory.weightsMapped > 1_000_000)
  }

  @Test func aFixtureFromGGUFIsAWholeModel() throws {
    var config = PipelineConfig(
      modelPath: "\(ModelFixture.folder)/llama-scaled/gguf/f32.gguf")
    config.execution = .interpreter
    config.servedModelName = "tiny"
    let pipeline = try registry.load(config)
    #expect(pipeline.modelName == "tiny")
    #expect(pipeline.contextLength == 128)
    #expect(pipeline.tokenizer.vocabularySize == 64)
    #expect(pipeline.memory.cache.bytesPerPage == 2 * 2 * 2 * 16 * 12 * 2)
  }

  @Test func anUnknownArchitectureIsNamed() throws {
    let path = try copy("llama-tied") { folder in
      try replace(
        "LlamaForCausalLM", by: "LamaForCausalLM",
        in: folder.appendingPathComponent("config.json"))
    }
    let error = #expect(throws: PipelineError.self) {
      try registry.load(PipelineConfig(modelPath: path))
    }
    #expect(error?.message.contains("'LamaForCausalLM'") == true)
    #expect(error?.message.contains("nearest is 'LlamaForCausalLM'") == true)
    #expect(error?.message.contains("GPT2LMHeadModel") == true)
  }

  @Test func tensorsThatNobodyUsesAreNamed() throws {
    let path = try copy("llama-tied") { folder in
      try replace(
        "\"num_hidden_layers\": 2", by: "\"num_hidden_layers\": 1",
        in: folder.appendingPathComponent("config.json"))
    }
    var config = PipelineConfig(modelPath: path)
    config.execution = .interpreter
    let error = #expect(throws: PipelineError.self) { try registry.load(config) }
    #expect(error?.message.contains("layers.1.") == true)
    #expect(error?.message.contains("--ignore-leftover-tensors") == true)
  }

  @Test(
    "a tokenizer with an id that has no row of the embedding is refused", arguments: [true, false])
  func moreTokensThanRows(fits: Bool) throws {
    let rows = try LlamaLayer.Config(
      Checkpoint.open("\(ModelFixture.folder)/llama-tied").config
    ).vocabulary
    let last = fits ? rows - 1 : rows
    let path = try copy("llama-tied") { folder in
      try """
      {"model": {"type": "BPE", "vocab": {"a": 0, "b": \(last)}, "merges": []},
       "pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"}}
      """.write(
        to: folder.appendingPathComponent("tokenizer.json"), atomically: true, encoding: .utf8)
    }
    var config = PipelineConfig(modelPath: path)
    config.execution = .interpreter
    if fits {
      #expect(try registry.load(config).model.vocabularySize == rows)
    } else {
      let error = #expect(throws: PipelineError.self) { try registry.load(config) }
      #expect(
        error?.message
          == "\(path): vocab_size: expected at least \(rows + 1), as the tokenizer has ids up to"
          + " \(rows), found \(rows) rows of the embedding")
    }
  }

  @Test func aMissingTensorIsNamed() throws {
    let path = try copy("llama-tied") { folder in
      try replace(
        "\"tie_word_embeddings\": true", by: "\"tie_word_embeddings\": false",
        in: folder.appendingPathComponent("config.json"))
    }
    let error = #expect(throws: PipelineError.self) {
      try registry.load(PipelineConfig(modelPath: path))
    }
    #expect(error?.message.contains("tensor lm_head.weight: expected") == true)
    #expect(error?.message.contains("\n  tensors that are missing: lm_head.weight") == true)
  }

  @Test func aCacheThatDoesNotFitIsRefused() throws {
    var config = PipelineConfig(modelPath: "\(ModelFixture.folder)/llama-tied")
    config.kvCachePages = 1 << 50
    let error = #expect(throws: PipelineError.self) { try registry.load(config) }
    #expect(error?.message.contains("pages does not fit") == true)
    #expect(error?.message.contains("weights") == true)
  }

  @Test func valuesThatCannotBeAreRefusedByFlag() throws {
    func message(_ change: (inout PipelineConfig) -> Void) -> String {
      var config = PipelineConfig(modelPath: "\(ModelFixture.folder)/gpt2")
      change(&config)
      let error = #expect(throws: PipelineError.self) { try registry.load(config) }
      return error?.message ?? ""
    }
    #expect(message { $0.maxLength = 129 }.contains("--max-length 129"))
    #expect(message { $0.maxLength = 129 }.contains("at most 128 tokens"))
    #expect(message { $0.maxBatchSize = 0 }.contains("--max-batch-size 0"))
    #expect(message { $0.kvCachePageSize = -1 }.contains("--kv-cache-page-size -1"))
    #expect(
      message { $0.kvCacheFormat = .quantized(.q8_0) }.contains("--kv-cache-format q8_0"))
  }

  @Test func weightsAreNotQuantisedAtLoad() throws {
    var config = PipelineConfig(modelPath: "\(ModelFixture.folder)/llama-tied")
    config.encoding = PipelineConfig.format(named: "q8_0")
    let error = #expect(throws: PipelineError.self) { try registry.load(config) }
    #expect(error?.message.contains("q8_0") == true)
    #expect(error?.message.contains("float32") == true)
  }

  @Test func mistralIsALlama() throws {
    let path = try copy("llama-tied") { folder in
      let file = folder.appendingPathComponent("config.json")
      try replace("LlamaForCausalLM", by: "MistralForCausalLM", in: file)
      try replace("\"use_cache\"", by: "\"sliding_window\": 80,\n \"use_cache\"", in: file)
    }
    let checkpoint = try Checkpoint.open(path)
    #expect(try registry.architecture(of: checkpoint).name == "MistralForCausalLM")
    // Beyond its window, attention to everything would be another model.
    #expect(try LlamaLayer.Config(checkpoint.config).contextLength == 80)
  }
}
