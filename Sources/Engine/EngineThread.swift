public import ApusPipelines
public import ApusTokenizers
import Foundation
import Synchronization

/// One thread that owns a model and a scheduler, and serves requests on them until it is drained.
///
/// Everything here may be called from any thread and returns at once; only `drain` and
/// `waitUntilStarted` wait. When the last reference to it goes, what still runs is cancelled.
public final class EngineThread: Sendable {
  public let limits: StepLimits
  public let cache: CacheGeometry
  public let vocabularySize: Int
  private let options: EngineOptions
  private let mailbox = Mailbox()

  /// Starts the thread, which warms the model up first.
  ///
  /// - Parameters:
  ///   - model: used by the thread alone from now on
  ///   - endTokens: each ends a generation that does not ignore them
  public init(
    model: sending any PipelineModelWithKVCache, text: any TokenTextSource,
    endTokens: Set<Int32>, options: EngineOptions = EngineOptions()
  ) {
    limits = model.limits
    cache = model.cache
    vocabularySize = model.vocabularySize
    self.options = options
    let mailbox = mailbox
    let handover = Handover(model)
    let thread = Thread {
      guard let model = handover.take() else { return }
      EngineLoop(
        model: model, text: text, endTokens: endTokens, options: options, mailbox: mailbox
      ).run()
    }
    thread.name = "apus-engine"
    // Member 0 of the compute team runs kernels on this stack.
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// The same, with the text of a tokenizer.
  public convenience init(
    model: sending any PipelineModelWithKVCache, tokenizer: Tokenizer, endTokens: Set<Int32>,
    options: EngineOptions = EngineOptions()
  ) {
    self.init(model: model, text: tokenizer, endTokens: endTokens, options: options)
  }

  deinit { mailbox.send(.shutDown) }

  /// Tokens of one request, prompt and generation, that context and cache have room for.
  public var tokenCapacity: Int { min(limits.contextLength, cache.pages * cache.pageSize + 1) }

  /// Takes a request.
  ///
  /// - Throws: where it could never be served
  public func submit(_ request: GenerationRequest) throws(AdmissionError) -> RequestHandle {
    try Scheduler.check(
      promptTokens: request.promptIDs.count, maxNewTokens: max(1, request.maxNewTokens),
      limits: limits, cache: cache)
    for id in request.promptIDs where id < 0 || Int(id) >= vocabularySize {
      throw .unknownToken(id: id, vocabularySize: vocabularySize)
    }
    let (events, continuation) = AsyncStream.makeStream(of: GenerationEvent.self)
    let times = GenerationTimes()
    guard let id = mailbox.submit(request, continuation, times) else { throw .draining }
    continuation.onTermination = { [mailbox] reason in
      if case .cancelled = reason { mailbox.send(.cancel(id)) }
    }
    return RequestHandle(id: id, events: events, times: times)
  }

  /// Ends a request within a step, wherever it is; unknown ones are ignored.
  public func cancel(_ id: RequestID) { mailbox.send(.cancel(id)) }

  public var metrics: EngineMetrics { mailbox.metrics }

  /// Alive, and making progress where there is work.
  public var isHealthy: Bool {
    switch mailbox.phase {
    case .failed, .ended: return false
    case .starting, .serving, .draining: break
    }
    guard let last = mailbox.lastProgress else { return true }
    return last.duration(to: .now) < options.stallLimit
  }

  /// A token has been produced, and requests are taken.
  public var isReady: Bool { mailbox.phase == .serving }

  /// Returns after the warm-up, with the error that it ended with, if any.
  public func waitUntilStarted() async -> String? {
    await mailbox.waitForStart()
    if case .failed(let message) = mailbox.phase { return message }
    return nil
  }

  /// Takes no more requests, finishes those it has, and ends the thread.
  public func drain() async {
    mailbox.beginDraining()
    await mailbox.waitForEnd()
  }
}

/// Carries a model over to its thread.
private final class Handover: Sendable {
  private let model: Mutex<(any PipelineModelWithKVCache)?>

  init(_ model: sending any PipelineModelWithKVCache) { self.model = Mutex(model) }

  func take() -> sending (any PipelineModelWithKVCache)? {
    model.withLock { $0.take() }
  }
}
