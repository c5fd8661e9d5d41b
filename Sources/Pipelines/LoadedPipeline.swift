public import ApusCheckpoints
public import ApusTokenizers

/// A model that is ready to serve, with everything that turns text into steps and back.
public struct LoadedPipeline {
  public let model: any PipelineModelWithKVCache
  public let tokenizer: Tokenizer
  /// nil where neither the checkpoint nor the user gave one.
  public let chatTemplates: ChatTemplates?
  /// Tokens that end a generation: those of the checkpoint, the tokenizer's end, and the control
  /// tokens that are known to end a turn.
  public let endTokens: Set<Int32>
  /// What `generation_config.json` says.
  public let generationDefaults: GenerationConfig
  /// The name that clients use.
  public let modelName: String
  /// Tokens of one request, prompt and generation.
  public let contextLength: Int
  public let architectureName: String
  /// What start-up spent its time on, in order.
  public let phases: [(name: String, seconds: Double)]
  public let memory: MemoryPlan
}
