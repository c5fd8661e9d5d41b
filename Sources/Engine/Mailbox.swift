import Dispatch
import Synchronization

/// What other threads ask of the engine thread, and what they may see of it.
final class Mailbox: Sendable {
  /// A request on its way to the engine thread.
  struct Submission: Sendable {
    let id: RequestID
    let request: GenerationRequest
    let events: AsyncStream<GenerationEvent>.Continuation
    let times: GenerationTimes
  }

  enum Message: Sendable {
    case submit(Submission)
    case cancel(RequestID)
    /// End everything and the thread.
    case shutDown
  }

  /// Where the engine is in its life.
  enum Phase: Sendable, Hashable {
    case starting
    case failed(String)
    case serving
    case draining
    case ended
  }

  private struct State {
    var messages: [Message] = []
    var isAsleep = false
    var phase = Phase.starting
    var nextID: UInt64 = 0
    var metrics = EngineMetrics()
    /// When there began to be work, or the last step finished since then; nil without work.
    var lastProgress: ContinuousClock.Instant?
    var waitingForStart: [CheckedContinuation<Void, Never>] = []
    var waitingForEnd: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  // MARK: From any thread

  /// Queues a request; nil while draining.
  func submit(
    _ request: GenerationRequest, _ events: AsyncStream<GenerationEvent>.Continuation,
    _ times: GenerationTimes
  ) -> RequestID? {
    let (id, sleeps) = state.withLock { state -> (RequestID?, Bool) in
      if state.phase == .draining || state.phase == .ended { return (nil, false) }
      let id = RequestID(number: state.nextID)
      state.nextID += 1
      let submission = Submission(id: id, request: request, events: events, times: times)
      state.messages.append(.submit(submission))
      if state.lastProgress == nil { state.lastProgress = .now }
      return (id, Mailbox.wakes(&state))
    }
    if sleeps { wake.signal() }
    return id
  }

  func send(_ message: Message) {
    let sleeps = state.withLock { state -> Bool in
      if state.phase == .ended { return false }
      state.messages.append(message)
      return Mailbox.wakes(&state)
    }
    if sleeps { wake.signal() }
  }

  /// Takes no more requests.
  func beginDraining() {
    let (sleeps, waiters) = state.withLock { state in
      if state.phase != .ended { state.phase = .draining }
      let waiters = state.waitingForStart
      state.waitingForStart = []
      return (Mailbox.wakes(&state), waiters)
    }
    for waiter in waiters { waiter.resume() }
    if sleeps { wake.signal() }
  }

  var phase: Phase { state.withLock { $0.phase } }

  var metrics: EngineMetrics {
    state.withLock { state in
      var metrics = state.metrics
      for case .submit in state.messages { metrics.requestsWaiting += 1 }
      return metrics
    }
  }

  var lastProgress: ContinuousClock.Instant? { state.withLock { $0.lastProgress } }

  /// Returns when the phase is no longer `starting`.
  func waitForStart() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state -> Bool in
        if state.phase != .starting { return true }
        state.waitingForStart.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  /// Returns when the thread has ended.
  func waitForEnd() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state -> Bool in
        if state.phase == .ended { return true }
        state.waitingForEnd.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  private static func wakes(_ state: inout State) -> Bool {
    defer { state.isAsleep = false }
    return state.isAsleep
  }

  // MARK: From the engine thread

  /// Moves what has come into `messages`. With `waiting` it sleeps until something comes or the
  /// engine is to drain.
  ///
  /// - Returns: whether the engine is draining
  func take(into messages: inout [Message], waiting: Bool) -> Bool {
    while true {
      let (isDraining, sleeps) = state.withLock { state -> (Bool, Bool) in
        messages.append(contentsOf: state.messages)
        state.messages.removeAll(keepingCapacity: true)
        let isDraining = state.phase == .draining
        state.isAsleep = waiting && messages.isEmpty && !isDraining
        return (isDraining, state.isAsleep)
      }
      guard sleeps else { return isDraining }
      wake.wait()
    }
  }

  /// The warm-up is over: requests are served, unless draining began meanwhile.
  func start(failure: String?) {
    let waiters = state.withLock { state in
      if state.phase == .starting { state.phase = failure.map { .failed($0) } ?? .serving }
      defer { state.waitingForStart = [] }
      return state.waitingForStart
    }
    for waiter in waiters { waiter.resume() }
  }

  /// The model can serve no more; the thread goes on, to answer those who still come.
  func fail(_ reason: String) {
    state.withLock { state in
      if state.phase == .serving { state.phase = .failed(reason) }
    }
  }

  func report(_ metrics: EngineMetrics, hasWork: Bool) {
    state.withLock { state in
      state.metrics = metrics
      state.lastProgress = hasWork || !state.messages.isEmpty ? .now : nil
    }
  }

  /// The thread is over. What came in between is returned, for whoever waits for it.
  func end() -> [Message] {
    let (left, waiters) = state.withLock { state in
      state.phase = .ended
      state.lastProgress = nil
      let result = (state.messages, state.waitingForStart + state.waitingForEnd)
      state.messages = []
      state.waitingForStart = []
      state.waitingForEnd = []
      return result
    }
    for waiter in waiters { waiter.resume() }
    return left
  }
}
