import ApusArchitectures
import ApusCheckpoints
import ApusDevices
import ApusLayers
import ApusPipelines
import ApusTensors
import TestSupport

/// Loads a model and runs requests on it by hand, as an engine would: ragged steps, pages that do
/// not lie in order.
struct ModelDriver {
  /// Tokens of one request that a step computes, and whether the logits of each are wanted or of
  /// the last.
  struct Part {
    var request: Int
    var tokens: [Int32]
    var wantsAll = false
  }

  let model: any ServingModel
  let memory: MemoryPlan
  let vocabulary: Int
  private let pageSize: Int
  /// Tokens computed so far, by request.
  private var lengths: [Int]

  /// - Parameters:
  ///   - path: a folder or file.
  ///   - encoding: nil as stored.
  ///   - isDeferred: run the plan on the device whose memory the host cannot see.
  ///   - requests: how many the cache has room for, each of up to `context` tokens.
  init(
    _ path: String, encoding: StorageFormat?, execution: PipelineConfig.Execution,
    isDeferred: Bool = false, ranks: Int = 1, requests: Int = 1, context: Int
  ) throws {
    var config = PipelineConfig(modelPath: path)
    config.encoding = encoding
    config.execution = execution
    config.threads = 2
    config.maxBatchSize = requests
    config.maxBatchInputTokens = max(64, context)
    config.kvCachePageSize = 8
    config.maxLength = context
    config.kvCachePages = requests * ((context + 7) / 8)
    let checkpoint = try Checkpoint.open(path)
    let architecture = try PipelineRegistry(builtInArchitectures).architecture(of: checkpoint)
    var timer = PhaseTimer()
    var loader = ModelLoader(
      config: config, architecture: architecture, checkpoint: checkpoint)
    loader.ranks = ranks
    loader.outputs = config.maxBatchInputTokens
    if isDeferred { loader.device = try DeferredDevice(threads: 2) }
    let loaded = try loader.load(&timer)
    model = loaded.model
    memory = loaded.memory
    vocabulary = model.vocabularySize
    pageSize = config.kvCachePageSize
    lengths = Array(repeating: 0, count: requests)
  }

  /// Runs one step.
  ///
  /// - Returns: drawn tokens and logits, in the order of the wanted rows.
  mutating func step(_ parts: [Part]) throws -> (tokens: [Int32], logits: [Float]) {
    var batch = StepBatch()
    let pagesPerRequest = model.cache.pages / lengths.count
    batch.pagesPerRequest = pagesPerRequest
    for (row, part) in parts.enumerated() {
      let pages = (0..<pagesPerRequest).map { page(of: part.request, $0) }
      batch.pageTable += pages
      for token in part.tokens {
        let position = lengths[part.request]
        batch.tokenIDs.append(token)
        batch.positions.append(Int32(position))
        batch.requestOfToken.append(Int32(row))
        batch.slots.append(
          pages[position / pageSize] * Int32(pageSize) + Int32(position % pageSize))
        lengths[part.request] += 1
      }
      let end = batch.tokenIDs.count
      batch.rowOffsets.append(Int32(end))
      let first = part.wantsAll ? end - part.tokens.count : end - 1
      batch.outputRows += (first..<end).map(Int32.init)
    }
    batch.sampling = Array(repeating: SamplingParameters(), count: batch.outputRows.count)
    try model.enqueue(batch)
    return (try model.collect(), try model.lastLogits())
  }

  /// The tokens that follow a prompt at temperature 0, the prompt computed in one step.
  mutating func greedy(request: Int = 0, prompt: [Int32], count: Int) throws -> [Int32] {
    var found = try step([Part(request: request, tokens: prompt)]).tokens
    while found.count < count {
      found += try step([Part(request: request, tokens: [found[found.count - 1]])]).tokens
    }
    return found
  }

  /// Pages of the requests are dealt out in turns, from the end of the cache.
  private func page(of request: Int, _ index: Int) -> Int32 {
    Int32(model.cache.pages - 1 - (index * lengths.count + request))
  }
}
