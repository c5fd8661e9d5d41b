import ApusPipelines

/// A request in the scheduler, from its arrival to its end: it waits, runs, and waits again where
/// it was preempted.
///
/// ```
/// tokens: [ prompt ............ | drawn, known ] + `pending` that steps in flight will draw
///         [ computed: in the cache, or will be when the steps in flight are done ]
///         [ published: in pages of the prefix tree ]
/// ```
struct RunningRequest {
  let id: RequestID
  /// Its place in the order of arrival.
  let arrival: Int
  let promptCount: Int
  let sampling: SamplingParameters
  let ignoreEnd: Bool
  let scope: CacheScope
  /// The most tokens it may have, prompt included.
  let tokenLimit: Int

  /// Prompt and drawn tokens that are known.
  var tokens: [Int32]
  /// Tokens that steps in flight will draw.
  var pending = 0
  /// Where the newest of these is drawn.
  var lastOutput: (step: Int, index: Int) = (-1, 0)
  /// Steps in flight that it takes part in.
  var stepsInFlight = 0
  /// Hashes of its first full pages, as far as they were asked for. Tokens only grow, so they
  /// stay right.
  var pageHashes: [UInt64] = []
  /// Tokens of its prompt that it took from the tree, before it was preempted for the first time.
  var cachedTokens = 0

  // What preemption undoes.

  /// The number of this stay among those that run; 0 while it waits.
  var run = 0
  var isFirstRun = true
  /// Tokens that it had when it was admitted: these are computed in chunks.
  var prefillEnd = 0
  var computed = 0
  var pages: [Int32] = []
  /// Pages, from the first on, that are in the prefix tree.
  var published = 0
  /// Full pages from `published` up to here are claimed, where no older request has claimed them.
  var claimedEnd = 0
  /// Whether its pages are looked for in the tree and offered to it.
  var sharesPages = false

  init(_ request: ScheduledRequest, arrival: Int, tokenLimit: Int) {
    id = request.id
    self.arrival = arrival
    promptCount = request.promptIDs.count
    sampling = request.sampling
    ignoreEnd = request.ignoreEnd
    scope = request.scope
    self.tokenLimit = tokenLimit
    tokens = request.promptIDs
  }

  var isRunning: Bool { run > 0 }
  var isPrefilling: Bool { computed < prefillEnd }

  /// Rows that it could run in step `number`: the rest of what it was admitted with, or the tokens
  /// after that which are not in the cache. None, if a token is needed that neither is known nor
  /// comes from the step before.
  func runnableRows(step number: Int) -> Int {
    if isPrefilling { return prefillEnd - computed }
    guard tokens.count + pending < tokenLimit else { return 0 }
    if pending > 0 && lastOutput.step != number - 1 { return 0 }
    return tokens.count + pending - computed
  }

  /// The first page that holds nothing yet.
  func firstFreshPage(_ pageSize: Int) -> Int { (computed + pageSize - 1) / pageSize }

  /// Forgets what is in the cache.
  mutating func stop() {
    run = 0
    isFirstRun = false
    prefillEnd = 0
    computed = 0
    pages = []
    published = 0
    claimedEnd = 0
    sharesPages = false
  }
}

/// Slots of the requests that wait, first come first.
struct RequestQueue {
  private var slots: [Int] = []
  /// Places before it are empty: taking the first moves nothing.
  private var head = 0

  var count: Int { slots.count - head }
  var first: Int? { count > 0 ? slots[head] : nil }

  mutating func append(_ slot: Int) { slots.append(slot) }

  mutating func prepend(_ slot: Int) {
    if head > 0 {
      head -= 1
      slots[head] = slot
    } else {
      slots.insert(slot, at: 0)
    }
  }

  mutating func removeFirst() {
    head += 1
    if head > 32, head * 2 > slots.count {
      slots.removeFirst(head)
      head = 0
    }
  }

  /// - Complexity: O(count)
  mutating func remove(_ slot: Int) {
    if let place = slots[head...].firstIndex(of: slot) { slots.remove(at: place) }
  }
}
