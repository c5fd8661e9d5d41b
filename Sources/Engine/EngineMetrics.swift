/// What an engine has done and is doing, at one moment.
public struct EngineMetrics: Sendable, Hashable {
  public var requestsRunning = 0
  public var requestsWaiting = 0
  public var steps = 0
  /// Tokens that were computed before a request's next one could be drawn, those of preempted
  /// requests each time.
  public var promptTokens = 0
  public var generatedTokens = 0
  /// Parts of prompts that one step did not finish.
  public var prefillChunks = 0
  /// Requests of one step.
  public var batchSize = BatchSizeHistogram()
  public var cachePages = 0
  /// Tokens of a page.
  public var cachePageSize = 0
  /// Pages that no request holds: free ones, and those that are only kept for later prompts.
  public var cachePagesFree = 0
  /// Tokens that were not computed because the cache had them.
  public var prefixHitTokens = 0
  /// Requests that had to give their pages to older ones and were computed again.
  public var preemptions = 0
  /// Pages kept for later prompts that were given up for their room.
  public var cacheEvictions = 0
  /// Steps that failed.
  public var failedSteps = 0

  public init() {}
}

/// How many steps had how many requests.
public struct BatchSizeHistogram: Sendable, Hashable {
  /// Upper bounds of the buckets, inclusive; a last bucket takes what is above.
  public static let bounds = [1, 2, 4, 8, 16, 32, 64, 128, 256]

  /// Steps in each bucket, not cumulative, `[bounds + 1]`.
  public private(set) var counts = [Int](repeating: 0, count: BatchSizeHistogram.bounds.count + 1)
  public private(set) var sum = 0
  public private(set) var count = 0
  public private(set) var peak = 0

  public init() {}

  mutating func record(_ size: Int) {
    let bounds = BatchSizeHistogram.bounds
    counts[bounds.firstIndex { size <= $0 } ?? bounds.count] += 1
    sum += size
    count += 1
    peak = max(peak, size)
  }
}
