package import ApusCheckpoints
import ApusCompiler
package import ApusDevices
package import ApusGraphs
import ApusLayers
import ApusTensors

/// A model that can run steps, without the tokenizer that turns text into them.
package struct LoadedModel {
  package let model: any ServingModel
  package let memory: MemoryPlan
  /// The graph that is run.
  package let graph: Graph
  /// What the weights' loader said, one line each.
  package let notes: [String]
}

/// What tests look at beyond the tokens that are drawn.
package protocol ServingModel: PipelineModelWithKVCache {
  /// The logits of the last step that was collected, `[outputs, vocabulary]`.
  func lastLogits() throws -> [Float]
}

/// From a checkpoint to a model that can run steps.
package struct ModelLoader {
  package let config: PipelineConfig
  package let architecture: SupportedArchitecture
  package let checkpoint: Checkpoint
  /// What is left of the machine.
  package var memory = MachineMemory()
  /// Instead of the one that the configuration names.
  package var device: (any Device)?
  /// Ids that the tokenizer has: below this. Embeddings often have more rows, which are padding and
  /// no tokens; nil takes all rows for tokens.
  package var tokens: Int?
  /// Rows of a step whose logits may be wanted; nil: one per request.
  package var outputs: Int?
  /// Ranks of a tensor-parallel group, all of them in the interpreter; a plan has one.
  package var ranks = 1

  package init(
    config: PipelineConfig, architecture: SupportedArchitecture, checkpoint: Checkpoint
  ) {
    self.config = config
    self.architecture = architecture
    self.checkpoint = checkpoint
  }

  /// - Throws: what is wrong with configuration, weights, graph or memory, each by its name.
  package func load(_ timer: inout PhaseTimer) throws -> LoadedModel {
    try build(architecture.model, &timer)
  }

  private func build<Model: CausalLanguageModel>(
    _ type: Model.Type, _ timer: inout PhaseTimer
  ) throws -> LoadedModel {
    let modelConfig = try Model.Config(checkpoint.config)
    try config.check(modelContext: modelConfig.contextLength)
    try checkTokens(modelConfig.vocabulary)
    timer.end("read config")
    let weights = try mappedWeights()
    let model: Model
    do {
      model = try Model(weights.sharded(rank: 0, of: ranks), modelConfig)
      try refuseLeftovers(weights)
    } catch {
      throw explained(error)
    }
    timer.end("map weights")
    let graph = try servingGraph(model)
    timer.end("build")
    let plan = try memoryPlan(graph, modelConfig, weights.sharded(rank: 0, of: ranks))
    let limits = StepLimits(
      tokens: stepTokens, requests: config.maxBatchSize, contextLength: plan.contextLength)
    switch config.execution {
    case .interpreter:
      var graphs = [graph]
      for rank in 1..<max(1, ranks) {
        graphs.append(
          try servingGraph(Model(weights.sharded(rank: rank, of: ranks), modelConfig)))
      }
      let interpreter = try Interpreter(graphs) { [ranks] weight, rank in
        try weights.sharded(rank: rank, of: ranks).storage(of: weight.name).floats()
      }
      let loaded = InterpretedModel(
        interpreter: interpreter, vocabularySize: tokens ?? modelConfig.vocabulary,
        cache: plan.cache,
        limits: limits)
      return LoadedModel(model: loaded, memory: plan, graph: graph, notes: weights.loadNotes)
    case .plan:
      let loaded = try compiled(graph, weights, plan, limits, tokens ?? modelConfig.vocabulary)
      timer.end("compile")
      return LoadedModel(
        model: loaded, memory: plan.with(loaded.memory), graph: graph, notes: weights.loadNotes)
    }
  }

  private func servingGraph(_ model: some CausalLanguageModel) throws(Diagnostic) -> Graph {
    try ServingGraph.build(
      model, name: architecture.name,
      cache: CacheSpecification(pageSize: config.kvCachePageSize, format: config.cacheFormat),
      ranks: ranks, tokens: tokens)
  }

  private func checkTokens(_ rows: Int) throws(PipelineError) {
    guard let tokens, tokens > rows else { return }
    throw PipelineError(
      "\(checkpoint.path): vocab_size: expected at least \(tokens), as the tokenizer has ids up to"
        + " \(tokens - 1), found \(rows) rows of the embedding")
  }

  private func compiled(
    _ graph: Graph, _ weights: Weights, _ plan: MemoryPlan, _ limits: StepLimits, _ vocabulary: Int
  ) throws -> PlanModel {
    let device =
      try device
      ?? DeviceCatalog.device(
        named: config.device, threads: config.threads, isa: config.isa)
    return try PlanModel(
      graph, weights: weights, device: device,
      options: CompileOptions(dump: config.dump, dumpSink: config.dumpSink),
      vocabularySize: vocabulary, cache: plan.cache, limits: limits,
      outputs: outputs ?? limits.requests)
  }

  /// The interpreter spells composites out, which takes memory by the token.
  private var stepTokens: Int {
    config.execution == .interpreter
      ? min(config.maxBatchInputTokens, 64) : config.maxBatchInputTokens
  }

  private func mappedWeights() throws -> Weights {
    let adapter = architecture.weightAdapters[checkpoint.format]
    guard let adapter else {
      let known = architecture.weightAdapters.keys.map(\.rawValue).sorted()
      throw PipelineError(
        "\(architecture.name) reads \(known.joined(separator: " and ")) checkpoints, and"
          + " \(checkpoint.path) is \(checkpoint.format.rawValue)")
    }
    let weights = try adapter.adapt(checkpoint)
    guard let encoding = config.encoding else { return weights }
    switch encoding {
    case .dense: return weights.converted(to: encoding)
    case .quantized(let wanted):
      guard let stored = mainFormat, stored == .quantized(wanted) else {
        throw PipelineError(
          "weights cannot be quantised to \(wanted.rawValue) at load: \(checkpoint.path) holds"
            + " \(mainFormat?.description ?? "no readable weights")")
      }
      return weights
    }
  }

  /// The format that most elements are stored in.
  private var mainFormat: StorageFormat? {
    checkpoint.elementsOfFormat.max { $0.value < $1.value }?.key
  }

  private func refuseLeftovers(_ weights: Weights) throws(PipelineError) {
    let scales = weights.orphanedScales()
    guard scales.isEmpty else {
      throw PipelineError(
        "\(checkpoint.path): the weights are quantised in a way that this program does not read;"
          + " their scales: \(scales.prefix(8).joined(separator: ", "))")
    }
    let names = weights.leftovers(ignoring: architecture.ignoredTensors)
    if config.ignoresLeftoverTensors || names.isEmpty { return }
    let some = names.prefix(8).joined(separator: ", ")
    throw PipelineError(
      "\(checkpoint.path): \(names.count) tensors that \(architecture.name) does not use: \(some)"
        + (names.count > 8 ? ", ..." : "") + "; --ignore-leftover-tensors loads it without them")
  }

  /// The same complaint with all that differs from what the architecture reads: the first tensor
  /// that is missing seldom is the only one.
  private func explained(_ error: any Error) -> any Error {
    guard let comparison = FamilyComparison(architecture, checkpoint),
      comparison.hasTensorDifferences
    else { return error }
    let lines = ["\(error)", "compared with what \(architecture.name) reads:"]
    return PipelineError(
      lines.joined(separator: "\n") + comparison.lines.map { "\n  \($0)" }.joined())
  }

  private func memoryPlan(
    _ graph: Graph, _ model: some DecoderConfig, _ weights: Weights
  ) throws -> MemoryPlan {
    let group = CacheGroup(of: graph)
    var request = MemoryRequest()
    for weight in graph.weights {
      let storage = try weights.storage(of: weight.name)
      if storage.isMapped {
        request.weightsMapped += storage.byteCount
      } else {
        request.weightsOwned += storage.byteCount
      }
    }
    request.activations = ActivationBound(graph).bytes([
      ServingSymbol.tokens: stepTokens, ServingSymbol.requests: config.maxBatchSize,
      ServingSymbol.outputs: outputs ?? config.maxBatchSize,
      ServingSymbol.pagesPerRequest: model.contextLength / config.kvCachePageSize + 1,
    ])
    request.bytesPerPage = group.bytesPerPage
    request.pageSize = config.kvCachePageSize
    request.batchSize = config.maxBatchSize
    request.modelContext = model.contextLength
    request.fixedContext = config.maxLength
    request.fixedPages = config.kvCachePages
    return try request.plan(memory)
  }
}
