public import ApusPipelines

/// Decides what each step runs. Pure: no clock, device, lock or `await`.
///
/// `schedule` gives the next step, `commit` takes what it drew; up to `stepsInFlight` steps may be
/// out at a time, and a token that a later step needs before it is known is carried over by the
/// model (`StepBatch.carried`).
///
/// Decodes come first in a step, then prompts in the order of arrival, in parts if the token budget
/// asks for it. Nobody starves: there are never more running requests than the budget has tokens,
/// so every decode is in every step and the oldest prompt gets at least one token; and the queue is
/// first in, first out: a request that does not fit yet holds back those behind it, until those
/// before it are done.
///
/// A request is admitted when all pages that it may ever need are promised to it, so that
/// everything that runs can run to its end.
public struct Scheduler: Sendable {
  public let limits: StepLimits
  public let cache: CacheGeometry
  public let stepsInFlight: Int
  private let endTokens: Set<Int32>
  private let maxRunning: Int

  private(set) var pool: PagePool
  private(set) var waiting: [ScheduledRequest] = []
  /// In the order of arrival.
  private(set) var running: [RunningRequest] = []
  private var indexOfRunning: [RequestID: Int] = [:]
  /// Oldest first.
  private var flights: [Flight] = []
  private var nextNumber = 0

  /// A step that is out.
  private struct Flight {
    let number: Int
    let requests: [RequestID]
    let outputs: [Int32]
  }

  /// - Precondition: limits and `stepsInFlight` are at least 1
  public init(
    limits: StepLimits, cache: CacheGeometry, stepsInFlight: Int = 1, endTokens: Set<Int32> = []
  ) {
    precondition(
      limits.tokens > 0 && limits.requests > 0 && stepsInFlight > 0 && cache.pageSize > 0,
      "a step must have room for a token")
    self.limits = limits
    self.cache = cache
    self.stepsInFlight = stepsInFlight
    self.endTokens = endTokens
    maxRunning = min(limits.requests, limits.tokens)
    pool = PagePool(count: cache.pages)
  }

  public var runningCount: Int { running.count }
  public var waitingCount: Int { waiting.count }
  public var freePages: Int { pool.freeCount }
  public var flightCount: Int { flights.count }
  /// Nothing waits, runs or is out.
  public var isIdle: Bool { waiting.isEmpty && running.isEmpty && flights.isEmpty }

  // MARK: Requests

  /// Puts a request at the end of the queue.
  ///
  /// - Throws: where it could never run
  public mutating func submit(_ request: ScheduledRequest) throws(AdmissionError) {
    precondition(request.maxNewTokens > 0, "a request must ask for a token")
    try Scheduler.check(
      promptTokens: request.promptIDs.count, maxNewTokens: request.maxNewTokens, limits: limits,
      cache: cache)
    waiting.append(request)
  }

  /// Ends a request wherever it is; unknown ones are ignored. It takes part in no further step, and
  /// what steps in flight draw for it is dropped. True where it was there.
  @discardableResult
  public mutating func end(_ id: RequestID) -> Bool {
    if let index = waiting.firstIndex(where: { $0.id == id }) {
      waiting.remove(at: index)
      return true
    }
    guard let index = indexOfRunning[id], !running[index].hasEnded else { return false }
    running[index].hasEnded = true
    removeEnded()
    return true
  }

  /// Whether a request of these sizes can be taken.
  public static func check(
    promptTokens: Int, maxNewTokens: Int, limits: StepLimits, cache: CacheGeometry
  ) throws(AdmissionError) {
    if promptTokens == 0 { throw .emptyPrompt }
    if promptTokens >= limits.contextLength {
      throw .promptTooLong(tokens: promptTokens, contextLength: limits.contextLength)
    }
    let limit = tokenLimit(promptTokens, maxNewTokens, limits)
    let pages = pagesNeeded(tokenLimit: limit, pageSize: cache.pageSize)
    if pages > cache.pages { throw .cacheTooSmall(pagesNeeded: pages, pages: cache.pages) }
  }

  private static func tokenLimit(_ prompt: Int, _ new: Int, _ limits: StepLimits) -> Int {
    let (sum, overflow) = prompt.addingReportingOverflow(new)
    return overflow ? limits.contextLength : min(sum, limits.contextLength)
  }

  /// The last token is drawn and never stored.
  private static func pagesNeeded(tokenLimit: Int, pageSize: Int) -> Int {
    (tokenLimit - 1 + pageSize - 1) / pageSize
  }

  // MARK: Schedule

  /// The next step, or nil where nothing can run now or enough steps are out.
  public mutating func schedule() -> Step? {
    guard flights.count < stepsInFlight else { return nil }
    var step = Step(number: nextNumber)
    var budget = limits.tokens
    var parts: [(index: Int, rows: Int)] = []
    for prefilling in [false, true] {
      for index in running.indices where running[index].isPrefilling == prefilling {
        let rows = min(running[index].runnableRows(step: step.number), budget)
        if rows > 0 { parts.append((index, rows)) }
        budget -= rows
      }
    }
    while budget > 0, admitNext() {
      let index = running.count - 1
      let rows = min(running[index].promptCount, budget)
      parts.append((index, rows))
      budget -= rows
    }
    guard !parts.isEmpty else { return nil }
    for part in parts { append(running: part.index, rows: part.rows, to: &step) }
    fillPageTable(of: &step, parts.map(\.index))
    flights.append(
      Flight(number: step.number, requests: step.requests, outputs: step.outputs))
    nextNumber += 1
    return step
  }

  /// Lets the first of the queue run, if there is room for it.
  private mutating func admitNext() -> Bool {
    guard running.count < maxRunning, let next = waiting.first else { return false }
    let limit = Scheduler.tokenLimit(next.promptIDs.count, next.maxNewTokens, limits)
    let pages = Scheduler.pagesNeeded(tokenLimit: limit, pageSize: cache.pageSize)
    guard pool.reserve(pages) else { return false }
    waiting.removeFirst()
    indexOfRunning[next.id] = running.count
    running.append(RunningRequest(next, tokenLimit: limit, pages: pages))
    return true
  }

  /// Appends `rows` rows of a request to the step, and draws a token after them if they reach its
  /// end.
  private mutating func append(running index: Int, rows: Int, to step: inout Step) {
    let first = running[index].computed
    let last = first + rows
    if running[index].isPrefilling {
      step.promptTokens += rows
      if last < running[index].promptCount { step.unfinishedChunks += 1 }
    }
    while running[index].pages.count * cache.pageSize < last {
      running[index].pages.append(pool.takeReserved())
      running[index].reservedPages -= 1
    }
    let row = Int32(step.requests.count)
    let request = running[index]
    for position in first..<last {
      if position >= request.tokens.count {
        step.batch.carried.append(
          (
            destination: Int32(step.batch.tokenIDs.count),
            source: Int32(request.lastOutput.index)
          ))
      }
      let isKnown = position < request.tokens.count
      step.batch.tokenIDs.append(isKnown ? request.tokens[position] : 0)
      step.batch.positions.append(Int32(position))
      step.batch.requestOfToken.append(row)
      let page = request.pages[position / cache.pageSize]
      step.batch.slots.append(page * Int32(cache.pageSize) + Int32(position % cache.pageSize))
    }
    step.batch.rowOffsets.append(Int32(step.batch.tokenIDs.count))
    step.requests.append(request.id)
    running[index].computed = last
    running[index].stepsInFlight += 1
    if last == request.tokens.count + request.pending {
      running[index].lastOutput = (step.number, step.outputs.count)
      running[index].pending += 1
      step.outputs.append(row)
      step.batch.outputRows.append(Int32(step.batch.tokenIDs.count - 1))
      step.batch.sampling.append(request.sampling)
    }
  }

  private func fillPageTable(of step: inout Step, _ indices: [Int]) {
    let width = indices.map { running[$0].pages.count }.max() ?? 1
    step.batch.pagesPerRequest = width
    step.batch.pageTable.reserveCapacity(width * indices.count)
    for index in indices {
      let pages = running[index].pages
      step.batch.pageTable.append(contentsOf: pages)
      step.batch.pageTable.append(contentsOf: repeatElement(0, count: width - pages.count))
    }
  }

  // MARK: Commit

  /// Takes what the oldest step in flight drew.
  ///
  /// An output without tokens is drawn again in a later step: its row's cache slot is taken back.
  ///
  /// - Precondition: it is the oldest step; other than one token is possible only for a request
  ///   that takes part in no later step in flight
  public mutating func commit(_ result: StepResult) -> [RequestUpdate] {
    precondition(flights.first?.number == result.number, "steps are committed in order")
    let flight = flights.removeFirst()
    precondition(result.offsets.count == flight.outputs.count + 1, "one entry for each output")
    for id in flight.requests { land(id) }
    var updates: [RequestUpdate] = []
    for (output, request) in flight.outputs.enumerated() {
      guard let index = indexOfRunning[flight.requests[Int(request)]] else { continue }
      running[index].pending -= 1
      if running[index].hasEnded { continue }
      let tokens = result.tokens[result.offsets[output]..<result.offsets[output + 1]]
      updates.append(accept(tokens, running: index))
    }
    removeEnded()
    return updates
  }

  /// Gives up a step in flight, which need not be the oldest: its requests end.
  ///
  /// - Returns: those that had not ended before
  public mutating func fail(step number: Int, message: String) -> [RequestUpdate] {
    guard let position = flights.firstIndex(where: { $0.number == number }) else { return [] }
    let flight = flights.remove(at: position)
    var updates: [RequestUpdate] = []
    for id in flight.requests {
      land(id)
      guard let index = indexOfRunning[id], !running[index].hasEnded else { continue }
      running[index].hasEnded = true
      updates.append(RequestUpdate(id: id, tokens: [], finish: .failed(message)))
    }
    removeEnded()
    return updates
  }

  private mutating func land(_ id: RequestID) {
    if let index = indexOfRunning[id] { running[index].stepsInFlight -= 1 }
  }

  private mutating func accept(_ tokens: ArraySlice<Int32>, running index: Int) -> RequestUpdate {
    precondition(
      tokens.count == 1 || running[index].stepsInFlight == 0,
      "a later step was built on one token")
    if tokens.isEmpty { running[index].computed -= 1 }
    var accepted: [Int32] = []
    var finish: FinishReason?
    for token in tokens where finish == nil {
      accepted.append(token)
      running[index].tokens.append(token)
      if endTokens.contains(token) && !running[index].ignoreEnd {
        finish = .stop
      } else if running[index].tokens.count >= running[index].tokenLimit {
        finish = .length
      }
    }
    running[index].hasEnded = finish != nil
    return RequestUpdate(id: running[index].id, tokens: accepted, finish: finish)
  }

  /// Frees the pages of ended requests that no step in flight uses, and forgets them.
  private mutating func removeEnded() {
    var isChanged = false
    for request in running where request.isRemovable {
      for page in request.pages { pool.release(page) }
      pool.cancelReservation(request.reservedPages)
      indexOfRunning[request.id] = nil
      isChanged = true
    }
    guard isChanged else { return }
    running.removeAll(where: \.isRemovable)
    for (index, request) in running.enumerated() { indexOfRunning[request.id] = index }
  }
}
