import ApusCheckpoints
import ApusGraphs
import ApusLayers
import ApusPipelines
import Testing

/// Which architecture a checkpoint finds.
@Suite struct ArchitectureLookupTests {
  private func architecture(_ name: String, gguf: String? = nil) -> SupportedArchitecture {
    SupportedArchitecture(
      name, task: .textGeneration, model: NoModel.self, ggufArchitecture: gguf, weightAdapters: [:])
  }

  @Test func byClassName() throws {
    let registry = PipelineRegistry([architecture("AForCausalLM"), architecture("BForCausalLM")])
    let found = try registry.architecture(classNames: ["BForCausalLM"], modelType: "b")
    #expect(found.name == "BForCausalLM")
  }

  @Test func byGGUFArchitecture() throws {
    let registry = PipelineRegistry([
      architecture("A", gguf: "a"), architecture("B", gguf: "b"), architecture("C", gguf: "b"),
    ])
    #expect(try registry.architecture(classNames: [], modelType: "b").name == "B")
  }

  @Test func aLaterOneReplacesOneOfItsName() {
    var custom = architecture("A", gguf: "other")
    custom.ignoredTensors = ["x"]
    let registry = PipelineRegistry([architecture("A"), architecture("B"), custom])
    #expect(registry.architectures.map(\.name) == ["A", "B"])
    #expect(registry.architectures[0].ggufArchitecture == "other")
  }

  @Test func anUnknownOneNamesTheNearestAndAll() throws {
    let registry = PipelineRegistry([
      architecture("LlamaForCausalLM", gguf: "llama"), architecture("GPT2LMHeadModel"),
    ])
    let byClass = #expect(throws: PipelineError.self) {
      try registry.architecture(classNames: ["LLaMAForCausalLM2"], modelType: nil)
    }
    #expect(byClass?.message.contains("'LLaMAForCausalLM2' is not supported") == true)
    #expect(byClass?.message.contains("the nearest is 'LlamaForCausalLM'") == true)
    #expect(byClass?.message.contains("GPT2LMHeadModel") == true)
    let byFile = #expect(throws: PipelineError.self) {
      try registry.architecture(classNames: [], modelType: "lama")
    }
    #expect(byFile?.message.contains("the nearest is 'llama'") == true)
  }
}

/// Stands where a model is needed and none is built.
private struct NoModel: CausalLanguageModel {
  struct Config: DecoderConfig {
    let hidden = 1
    let layers = 0
    let vocabulary = 1
    let contextLength = 1
    init(_ file: ConfigFile) throws(ConfigError) {}
  }
  init(_ weights: Weights, _ config: Config) throws(CheckpointError) {}
  func callAsFunction(_ batch: RaggedBatch) -> Tensor { batch.tokenIDs }
}
