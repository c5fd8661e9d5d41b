public import ApusCheckpoints
public import ApusTensors

/// What a model does.
public enum PipelineTask: String, Sendable, Hashable {
  case textGeneration = "text-generation"
}

/// Connects a model to the class name that checkpoints carry. It is a value: a variant copies one
/// and changes what differs.
public struct SupportedArchitecture: Sendable {
  /// The class name in `config.json`'s `architectures`, such as `LlamaForCausalLM`.
  public var name: String
  public var task: PipelineTask
  public var model: any CausalLanguageModel.Type
  /// `general.architecture` of GGUF files, such as `llama`; nil where there are none.
  public var ggufArchitecture: String?
  /// How tensors get the names and shapes that the model asks for.
  public var weightAdapters: [CheckpointFormat: WeightAdapter]
  /// Patterns of names of tensors that the model does not use, beyond the usual harmless ones; `*`
  /// stands for one part of a name.
  public var ignoredTensors: [String]
  /// Where the tokenizer comes from.
  public var tokenizer: TokenizerSource
  /// The formats of weights that tests have proved; others work too.
  public var provedEncodings: [StorageFormat]

  public init(
    _ name: String, task: PipelineTask, model: any CausalLanguageModel.Type,
    ggufArchitecture: String? = nil, weightAdapters: [CheckpointFormat: WeightAdapter],
    ignoredTensors: [String] = [], tokenizer: TokenizerSource = .checkpoint,
    provedEncodings: [StorageFormat] = []
  ) {
    self.name = name
    self.task = task
    self.model = model
    self.ggufArchitecture = ggufArchitecture
    self.weightAdapters = weightAdapters
    self.ignoredTensors = ignoredTensors
    self.tokenizer = tokenizer
    self.provedEncodings = provedEncodings
  }

  /// The same under another class name.
  public func named(_ name: String) -> SupportedArchitecture {
    var copy = self
    copy.name = name
    return copy
  }
}
