import ApusPipelines

/// The life of the engine thread: it owns scheduler and model and is used by no other thread.
///
/// ```
/// mailbox -> schedule -> enqueue -> collect -> commit -> text and stop strings -> deliver
/// ```
final class EngineLoop {
  private let model: any PipelineModelWithKVCache
  private let text: any TokenTextSource
  private let endTokens: Set<Int32>
  private let options: EngineOptions
  private let mailbox: Mailbox
  private var scheduler: Scheduler
  private var deliveries: [RequestID: Delivery] = [:]
  /// Enqueued and not collected, oldest first.
  private var out: [Step] = []
  private var messages: [Mailbox.Message] = []
  private var outbox: [Letter] = []
  private var metrics = EngineMetrics()

  /// A request's way back to whoever asked.
  private struct Delivery {
    let events: AsyncStream<GenerationEvent>.Continuation
    let times: GenerationTimes
    var assembler: TextAssembler
    var usage: TokenUsage
    let endTokens: Set<Int32>
  }

  /// An event that is ready to be sent.
  private struct Letter {
    let events: AsyncStream<GenerationEvent>.Continuation
    let event: GenerationEvent
    var isLast = false
  }

  init(
    model: any PipelineModelWithKVCache, text: any TokenTextSource, endTokens: Set<Int32>,
    options: EngineOptions, mailbox: Mailbox
  ) {
    self.model = model
    self.text = text
    self.options = options
    self.mailbox = mailbox
    self.endTokens = endTokens
    scheduler = Scheduler(
      limits: model.limits, cache: model.cache, stepsInFlight: model.stepsInFlight,
      endTokens: endTokens, keepsPrefixes: options.keepsPrefixes)
  }

  /// Returns when the engine was drained or shut down.
  func run() {
    mailbox.start(failure: options.warmsUp ? warmUp() : nil)
    metrics = EngineMetrics()
    report()
    var isShuttingDown = false
    var isOver = false
    while !isOver {
      let isDraining = mailbox.take(
        into: &messages, waiting: scheduler.isIdle && !isShuttingDown)
      if handleMessages() { isShuttingDown = true }
      if isShuttingDown { endAll(.cancelled) }
      turn()
      report()
      isOver = scheduler.isIdle && (isDraining || isShuttingDown)
    }
    for case .submit(let submission) in mailbox.end() {
      submission.events.yield(.finished(.cancelled, usage(of: submission)))
      submission.events.finish()
    }
  }

  // MARK: Steps

  /// Enqueues what can run; then waits for the oldest step that is out.
  private func turn() {
    while let step = scheduler.schedule() {
      do {
        try model.enqueue(step.batch)
        out.append(step)
      } catch {
        fail(step, error)
      }
    }
    guard !out.isEmpty else { return }
    let step = out.removeFirst()
    do {
      let tokens = try model.collect()
      guard tokens.count == step.outputs.count else {
        throw StepError(outputs: step.outputs.count, tokens: tokens.count)
      }
      if let damage = model.damage { return breakDown(step, damage) }
      count(step)
      for update in scheduler.commit(StepResult(number: step.number, tokens: tokens)) {
        deliver(update)
      }
    } catch {
      fail(step, error)
    }
  }

  private func fail(_ step: Step, _ error: any Error) {
    metrics.failedSteps += 1
    for update in scheduler.fail(step: step.number, message: "\(error)") { deliver(update) }
  }

  /// The weights are not what they were, so nothing more comes of this model: no token of this step
  /// is told, all requests end with the reason, and the engine is not ready any more. Requests that
  /// still come end here too.
  private func breakDown(_ step: Step, _ damage: String) {
    metrics.failedSteps += 1
    for update in scheduler.fail(step: step.number, message: damage) { deliver(update) }
    endAll(.failed(damage))
    mailbox.fail(damage)
  }

  private func count(_ step: Step) {
    metrics.steps += 1
    metrics.promptTokens += step.promptTokens
    metrics.prefillChunks += step.unfinishedChunks
    metrics.batchSize.record(step.requests.count)
  }

  /// Publishes the numbers and then the events: whoever has seen an event sees numbers that hold
  /// it.
  private func report() {
    metrics.requestsRunning = scheduler.runningCount
    metrics.requestsWaiting = scheduler.waitingCount
    metrics.cachePages = scheduler.geometry.pages
    metrics.cachePageSize = scheduler.geometry.pageSize
    metrics.cachePagesFree = scheduler.freePages
    metrics.prefixHitTokens = scheduler.prefixHitTokens
    metrics.preemptions = scheduler.preemptions
    metrics.cacheEvictions = scheduler.evictions
    mailbox.report(metrics, hasWork: !scheduler.isIdle)
    for letter in outbox {
      letter.events.yield(letter.event)
      if letter.isLast { letter.events.finish() }
    }
    outbox.removeAll(keepingCapacity: true)
  }

  /// Generates one token, so that the first request finds everything touched. The error, if there
  /// is one.
  private func warmUp() -> String? {
    var request = GenerationRequest(promptIDs: [0], maxNewTokens: 1, ignoreEnd: true)
    request.sampling.temperature = 0
    let id = RequestID(number: .max)
    do { try scheduler.submit(scheduled(id, request)) } catch { return "\(error)" }
    guard let step = scheduler.schedule() else { return "the first step could not be scheduled" }
    do {
      try model.enqueue(step.batch)
      _ = scheduler.commit(StepResult(number: step.number, tokens: try model.collect()))
      return model.damage
    } catch {
      _ = scheduler.fail(step: step.number, message: "\(error)")
      return "\(error)"
    }
  }

  // MARK: Messages

  /// True where the thread is to end.
  private func handleMessages() -> Bool {
    var isShutDown = false
    for message in messages {
      switch message {
      case .submit(let submission): start(submission)
      case .cancel(let id): finish(id, .cancelled)
      case .shutDown: isShutDown = true
      }
    }
    messages.removeAll(keepingCapacity: true)
    return isShutDown
  }

  private func start(_ submission: Mailbox.Submission) {
    let request = submission.request
    let decoder = text.makeTextDecoder(
      after: request.continuesPrompt ? request.promptIDs : [],
      skipSpecialTokens: request.skipSpecialTokens)
    deliveries[submission.id] = Delivery(
      events: submission.events, times: submission.times,
      assembler: TextAssembler(decoder, stopStrings: request.stopStrings),
      usage: usage(of: submission), endTokens: request.ignoreEnd ? [] : endTokens)
    guard request.maxNewTokens > 0 else { return finish(submission.id, .length) }
    do {
      try scheduler.submit(scheduled(submission.id, request))
    } catch {
      finish(submission.id, .failed("\(error)"))
    }
  }

  private func scheduled(_ id: RequestID, _ request: GenerationRequest) -> ScheduledRequest {
    ScheduledRequest(
      id: id, promptIDs: request.promptIDs, sampling: request.sampling,
      maxNewTokens: request.maxNewTokens, ignoreEnd: request.ignoreEnd,
      scope: CacheScope(salt: request.cacheSalt))
  }

  private func usage(of submission: Mailbox.Submission) -> TokenUsage {
    TokenUsage(promptTokens: submission.request.promptIDs.count, completionTokens: 0)
  }

  // MARK: Delivery

  /// Turns new tokens into text and hands both on; a stop string ends the request here.
  private func deliver(_ update: RequestUpdate) {
    guard var delivery = deliveries[update.id] else { return }
    var finish = update.finish
    var ids: [Int32] = []
    var fresh = ""
    if !update.tokens.isEmpty { delivery.times.note(.now) }
    for id in update.tokens {
      ids.append(id)
      if !delivery.endTokens.contains(id) { fresh += delivery.assembler.append(id) }
      if delivery.assembler.hasStopped { break }
    }
    if finish != nil { fresh += delivery.assembler.finish() }
    if delivery.assembler.hasStopped { finish = .stop }
    delivery.usage.completionTokens += ids.count
    delivery.usage.cachedTokens = update.cachedTokens
    metrics.generatedTokens += ids.count
    deliveries[update.id] = delivery
    if !ids.isEmpty || !fresh.isEmpty {
      outbox.append(Letter(events: delivery.events, event: .tokens(ids: ids, text: fresh)))
    }
    if let finish { self.finish(update.id, finish) }
  }

  /// Ends a request wherever it is, and tells whoever asked. What text is held back is not told:
  /// the caller has done so where it belongs to the answer.
  private func finish(_ id: RequestID, _ reason: FinishReason) {
    scheduler.end(id)
    guard let delivery = deliveries.removeValue(forKey: id) else { return }
    outbox.append(
      Letter(events: delivery.events, event: .finished(reason, delivery.usage), isLast: true))
  }

  private func endAll(_ reason: FinishReason) {
    for id in Array(deliveries.keys) { finish(id, reason) }
  }
}

/// A model broke its contract.
private struct StepError: Error, CustomStringConvertible {
  let outputs: Int
  let tokens: Int

  var description: String { "a step with \(outputs) outputs drew \(tokens) tokens" }
}
