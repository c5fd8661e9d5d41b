import ApusCheckpoints
import ApusTokenizers

extension PipelineRegistry {
  /// Loads a model and everything it needs to serve.
  ///
  /// - Parameter log: gets what a person may want to know, line by line.
  /// - Throws: what is wrong with the checkpoint, the configuration or the memory.
  public func load(
    _ config: PipelineConfig, log: (String) -> Void = { _ in }
  ) throws -> LoadedPipeline {
    var timer = PhaseTimer()
    let checkpoint = try Checkpoint.open(config.modelPath, weightPath: config.weightPath)
    do {
      let pipeline = try load(config, checkpoint, &timer, log: log)
      if let damage = checkpoint.files.damage { throw damage }
      return pipeline
    } catch {
      // Whatever else was found, it may be due to this.
      throw checkpoint.files.damage ?? error
    }
  }

  private func load(
    _ config: PipelineConfig, _ checkpoint: Checkpoint, _ timer: inout PhaseTimer,
    log: (String) -> Void
  ) throws -> LoadedPipeline {
    let architecture = try architecture(of: checkpoint)
    // Read first, since the model must know how many tokens there are; what is wrong with the
    // weights is said before what is wrong with the text.
    let tokenizer = Result { try TextParts(checkpoint, architecture, config) }
    timer.end("read tokenizer")
    var loader = ModelLoader(config: config, architecture: architecture, checkpoint: checkpoint)
    loader.tokens = try? tokenizer.get().tokenizer.vocabularySize
    let loaded = try loader.load(&timer)
    for note in loaded.notes { log(note) }
    let text = try tokenizer.get()
    try warmUp(loaded.model)
    timer.end("warm up")
    return LoadedPipeline(
      model: loaded.model, tokenizer: text.tokenizer, chatTemplates: text.chatTemplates,
      endTokens: text.endTokens, generationDefaults: checkpoint.generationConfig,
      modelName: config.servedModelName ?? Self.lastPart(of: config.modelPath),
      contextLength: loaded.memory.contextLength, architectureName: architecture.name,
      phases: timer.phases, memory: loaded.memory)
  }

  /// One token that stores nothing: memory is touched and threads have started before the first
  /// request.
  private func warmUp(_ model: any PipelineModelWithKVCache) throws {
    var batch = StepBatch()
    batch.tokenIDs = [0]
    batch.positions = [0]
    batch.requestOfToken = [0]
    batch.slots = [-1]
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
