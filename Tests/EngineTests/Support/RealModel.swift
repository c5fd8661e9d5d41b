import ApusArchitectures
import ApusCheckpoints
import ApusDevices
import ApusEngine
import ApusPipelines
import TestSupport
import Testing

/// A trained model under the real scheduler, with the bits of the logits that each token was drawn
/// from.
struct RealModel {
  /// How a model is loaded.
  struct Setup: Sendable, CustomTestStringConvertible {
    var format: String
    var isa = CPUISA.best
    var threads = 1
    var pageSize = 16
    var isDeferred = false

    var testDescription: String {
      "\(format), \(isa.name), \(threads) threads, pages of \(pageSize)"
        + (isDeferred ? ", deferred" : "")
    }
  }

  /// What a request got.
  struct Trace: Hashable {
    var tokens: [Int32] = []
    /// Of each token, `[vocabulary]`.
    var logits: [[UInt32]] = []
  }

  static let context = 96

  let model: any ServingModel

  init(_ setup: Setup) throws {
    let path =
      "\(SharedData.folder ?? "")/models/babyllama-105/babyllama-105-\(setup.format).gguf"
    var config = PipelineConfig(modelPath: path)
    config.maxBatchSize = 8
    config.maxBatchInputTokens = 256
    config.maxLength = Self.context
    config.kvCachePageSize = setup.pageSize
    config.kvCachePages = 8 * ((Self.context + setup.pageSize - 1) / setup.pageSize)
    let checkpoint = try Checkpoint.open(path)
    let architecture = try PipelineRegistry(builtInArchitectures).architecture(of: checkpoint)
    var loader = ModelLoader(
      config: config, architecture: architecture, checkpoint: checkpoint)
    loader.device =
      setup.isDeferred
      ? try DeferredDevice(threads: setup.threads, isa: setup.isa)
      : try CPUDevice(threads: setup.threads, isa: setup.isa)
    var timer = PhaseTimer()
    model = try loader.load(&timer).model
  }

  /// - Parameters:
  ///   - stepTokens: rows of a step at most
  ///   - pages: nil for all that there are
  func scheduler(
    stepTokens: Int = 256, pages: Int? = nil, keepsPrefixes: Bool = true
  ) -> Scheduler {
    let limits = StepLimits(
      tokens: stepTokens, requests: model.limits.requests, contextLength: Self.context)
    let cache = CacheGeometry(
      pages: pages ?? model.cache.pages, pageSize: model.cache.pageSize, bytesPerPage: 1)
    return Scheduler(limits: limits, cache: cache, keepsPrefixes: keepsPrefixes)
  }

  /// Runs requests that come together to their ends.
  func run(
    _ requests: [ScheduledRequest], _ scheduler: inout Scheduler
  ) throws -> [RequestID: Trace] {
    for request in requests { try scheduler.submit(request) }
    var traces: [RequestID: Trace] = [:]
    while let step = scheduler.schedule() {
      try model.enqueue(step.batch)
      let tokens = try model.collect()
      let logits = try step.outputs.isEmpty ? [] : model.lastLogits()
      let size = model.vocabularySize
      for (output, request) in step.outputs.enumerated() {
        let row = logits[output * size..<(output + 1) * size].map(\.bitPattern)
        traces[step.requests[Int(request)], default: Trace()].logits.append(row)
      }
      for update in scheduler.commit(StepResult(number: step.number, tokens: tokens)) {
        traces[update.id, default: Trace()].tokens += update.tokens
      }
    }
    return traces
  }

  /// Runs each request when nothing else is there: its prompt in one step, nothing in the cache.
  func runAlone(_ requests: [ScheduledRequest]) throws -> [RequestID: Trace] {
    var traces: [RequestID: Trace] = [:]
    for request in requests {
      var scheduler = scheduler(keepsPrefixes: false)
      traces.merge(try run([request], &scheduler)) { $1 }
    }
    return traces
  }
}
