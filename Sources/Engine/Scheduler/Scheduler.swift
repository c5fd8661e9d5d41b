public import ApusPipelines

/// Decides what each step runs. Pure: no clock, device, lock or `await`.
///
/// `schedule` gives the next step, `commit` takes what it drew; up to `stepsInFlight` steps may be
/// out at a time, and a token that a later step needs before it is known is carried over by the
/// model (`StepBatch.carried`). Steps run in the order in which they were scheduled, so that a page
/// is free at once: a later step that stores to it comes after those that still use it.
///
/// **Order.** Decodes come first in a step, then prompts in the order of arrival, in parts if the
/// token budget asks for it. The queue is first in, first out.
///
/// **Pages** are taken as tokens come. A request is admitted when there is room for all tokens it
/// has, and for what those that run take in one step. When a running request lacks a page, it gets
/// one from the newest that came after it: that one is preempted, goes back to the head of the
/// queue, and is computed again later from all tokens it has. Where none came after it, it waits.
///
/// **Shared prefixes.** What the prefix tree has of a prompt is not computed. What an older request
/// is computing at the moment is waited for, page by page; if that one ends or is preempted, the
/// next takes over. Nobody waits for a newer one, so that no two wait for each other. Pages enter
/// the tree when the steps that fill them are committed.
///
/// **Nobody starves.** All that run came before all that wait. The oldest request takes part in
/// every step from its admission on: there are never more requests running than the budget has
/// tokens, it waits for nobody, and all pages but its own can be taken from the others. So it ends
/// within as many steps as it may have tokens. Hence a request ends at the latest after the sum,
/// over itself and all unfinished requests that came before it, of the tokens each may have and the
/// steps in flight, counted in steps.
public struct Scheduler: Sendable {
  public let limits: StepLimits
  public let geometry: CacheGeometry
  public let stepsInFlight: Int
  let endTokens: Set<Int32>
  let maxRunning: Int

  var cache: PageCache
  /// Requests by slot; slots are used again.
  var slots: [RunningRequest] = []
  private var freeSlots: [Int] = []
  private var slotOfID: [RequestID: Int] = [:]
  /// Slots, in the order of arrival. All arrived before those in `waiting`.
  var running: [Int] = []
  /// Slots, in the order of arrival.
  var waiting = RequestQueue()
  /// Who computes the page that has a hash, or will as soon as it can.
  var claims: [UInt64: PageClaim] = [:]
  /// Oldest first.
  var flights: [Flight] = []
  var nextNumber = 0
  var nextRun = 1
  private var nextArrival = 0

  /// Tokens that were not computed because the prefix tree had them, those of preempted requests
  /// included.
  public internal(set) var prefixHitTokens = 0
  public internal(set) var preemptions = 0

  /// A step that is out.
  struct Flight {
    /// What it does for one request.
    struct Part {
      let id: RequestID
      let slot: Int
      let run: Int
      /// Tokens of the request that are in the cache after it.
      let end: Int
      let draws: Bool
    }

    let number: Int
    var parts: [Part]
    var outputs: Int { parts.count { $0.draws } }
  }

  /// A page that is being computed.
  struct PageClaim {
    let slot: Int
    /// Which of the request's pages.
    let index: Int
  }

  /// - Parameters:
  ///   - keepsPrefixes: whether requests share pages
  ///   - pageHash: for tests
  /// - Precondition: limits and `stepsInFlight` are at least 1
  public init(
    limits: StepLimits, cache: CacheGeometry, stepsInFlight: Int = 1, endTokens: Set<Int32> = [],
    keepsPrefixes: Bool = true, pageHash: PageHash = .standard
  ) {
    precondition(
      limits.tokens > 0 && limits.requests > 0 && stepsInFlight > 0 && cache.pageSize > 0,
      "a step must have room for a token")
    self.limits = limits
    self.geometry = cache
    self.stepsInFlight = stepsInFlight
    self.endTokens = endTokens
    maxRunning = min(limits.requests, limits.tokens)
    self.cache = PageCache(
      pages: cache.pages, pageSize: cache.pageSize, keepsPrefixes: keepsPrefixes, hash: pageHash)
  }

  public var runningCount: Int { running.count }
  public var waitingCount: Int { waiting.count }
  public var flightCount: Int { flights.count }
  /// Pages that no request holds: free ones, and idle ones of the prefix tree.
  public var freePages: Int { cache.availableCount }
  /// Pages of the prefix tree that were given up for their room.
  public var evictions: Int { cache.evictions }
  /// Nothing waits, runs or is out.
  public var isIdle: Bool { waiting.count == 0 && running.isEmpty && flights.isEmpty }

  // MARK: Requests

  /// Puts a request at the end of the queue.
  ///
  /// - Throws: where it could never run
  public mutating func submit(_ request: ScheduledRequest) throws(AdmissionError) {
    precondition(request.maxNewTokens > 0, "a request must ask for a token")
    try Scheduler.check(
      promptTokens: request.promptIDs.count, maxNewTokens: request.maxNewTokens, limits: limits,
      cache: geometry)
    let state = RunningRequest(
      request, arrival: nextArrival,
      tokenLimit: Scheduler.tokenLimit(request.promptIDs.count, request.maxNewTokens, limits))
    nextArrival += 1
    let slot = freeSlots.popLast() ?? slots.count
    if slot == slots.count { slots.append(state) } else { slots[slot] = state }
    slotOfID[request.id] = slot
    waiting.append(slot)
  }

  /// Ends a request wherever it is; unknown ones are ignored. It takes part in no further step, its
  /// pages are free at once, and what steps in flight draw for it is dropped. True where it was
  /// there.
  @discardableResult
  public mutating func end(_ id: RequestID) -> Bool {
    guard let slot = slotOfID[id] else { return false }
    remove(slot)
    return true
  }

  /// The slot of a request that has not ended.
  func slot(of id: RequestID) -> Int? { slotOfID[id] }

  /// Takes a request out.
  mutating func remove(_ slot: Int) {
    if slots[slot].isRunning {
      running.removeAll { $0 == slot }
      letGo(slot)
    } else {
      waiting.remove(slot)
    }
    slotOfID[slots[slot].id] = nil
    slots[slot].tokens = []
    slots[slot].pageHashes = []
    freeSlots.append(slot)
  }

  /// Takes everything from a running request that it has in the cache.
  mutating func letGo(_ slot: Int) {
    dropClaims(slot)
    cache.release(slots[slot].pages)
    slots[slot].stop()
  }

  // MARK: Sizes

  /// Whether a request of these sizes can be taken.
  public static func check(
    promptTokens: Int, maxNewTokens: Int, limits: StepLimits, cache: CacheGeometry
  ) throws(AdmissionError) {
    if promptTokens == 0 { throw .emptyPrompt }
    if promptTokens >= limits.contextLength {
      throw .promptTooLong(tokens: promptTokens, contextLength: limits.contextLength)
    }
    let limit = tokenLimit(promptTokens, maxNewTokens, limits)
    // The last token is drawn and never stored.
    let pages = (limit - 1 + cache.pageSize - 1) / cache.pageSize
    if pages > cache.pages { throw .cacheTooSmall(pagesNeeded: pages, pages: cache.pages) }
  }

  private static func tokenLimit(_ prompt: Int, _ new: Int, _ limits: StepLimits) -> Int {
    let (sum, overflow) = prompt.addingReportingOverflow(new)
    return overflow ? limits.contextLength : min(sum, limits.contextLength)
  }
}
