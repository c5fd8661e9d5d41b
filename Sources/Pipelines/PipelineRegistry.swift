public import ApusCheckpoints
import ApusTokenizers

/// The architectures that can be loaded, and how a checkpoint becomes a running service.
public struct PipelineRegistry: Sendable {
  /// In the order of registration.
  public let architectures: [SupportedArchitecture]

  /// - Parameter architectures: a later one takes the place of an earlier one of the same name.
  public init(_ architectures: [SupportedArchitecture]) {
    var result: [SupportedArchitecture] = []
    for architecture in architectures {
      if let place = result.firstIndex(where: { $0.name == architecture.name }) {
        result[place] = architecture
      } else {
        result.append(architecture)
      }
    }
    self.architectures = result
  }

  /// The architecture that a checkpoint names.
  ///
  /// - Throws: `PipelineError` where it is not known, with the nearest and all that are.
  public func architecture(of checkpoint: Checkpoint) throws(PipelineError) -> SupportedArchitecture {
    try ArchitectureLookup(architectures: architectures).find(
      classNames: checkpoint.config.architectures, modelType: checkpoint.config.modelType,
      isGGUF: checkpoint.format == .gguf && checkpoint.config.architectures.isEmpty)
  }

  /// Loads a model and everything it needs to serve.
  ///
  /// - Parameter log: gets what a person may want to know, line by line.
  /// - Throws: what is wrong with the checkpoint, the configuration or the memory.
  public func load(
    _ config: PipelineConfig, log: (String) -> Void = { _ in }
  ) throws -> LoadedPipeline {
    var timer = PhaseTimer()
    let checkpoint = try Checkpoint.open(config.modelPath, weightPath: config.weightPath)
    let architecture = try architecture(of: checkpoint)
    let loaded = try ModelLoader(
      config: config, architecture: architecture, checkpoint: checkpoint
    ).load(&timer)
    for note in loaded.notes { log(note) }
    let text = try TextParts(checkpoint, architecture, config)
    timer.end("read tokenizer")
    try warmUp(loaded.model)
    timer.end("warm up")
    return LoadedPipeline(
      model: loaded.model, tokenizer: text.tokenizer, chatTemplate: text.chatTemplate,
      endTokens: text.endTokens, generationDefaults: checkpoint.generationConfig,
      modelName: config.servedModelName ?? Self.lastPart(of: config.modelPath),
      contextLength: loaded.memory.contextLength, architectureName: architecture.name,
      phases: timer.phases, memory: loaded.memory)
  }

  /// One token that stores nothing: memory is touched and threads have started before the first request.
  private func warmUp(_ model: any PipelineModelWithKVCache) throws {
    var batch = StepBatch()
    batch.tokenIDs = [0]
    batch.positions = [0]
    batch.requestOfToken = [0]
    batch.slots = [0]
    batch.rowOffsets = [0, 1]
    batch.pageTable = [0]
    batch.outputRows = [0]
    batch.sampling = [SamplingParameters()]
    try model.enqueue(batch)
    _ = try model.collect()
  }

  private static func lastPart(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
