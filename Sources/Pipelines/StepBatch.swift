/// How one token is drawn from a row of logits.
public struct SamplingParameters: Sendable, Hashable {
  /// 0 means the greatest logit, lower id first among equals.
  public var temperature: Float = 0
  /// Keep the k likeliest tokens; 0 keeps all.
  public var topK: Int32 = 0
  /// Keep the likeliest tokens whose probabilities before them sum to less than this; 1 keeps all.
  public var topP: Float = 1
  /// Keep tokens at least this fraction as likely as the likeliest; 0 keeps all.
  public var minP: Float = 0
  /// The draw is keyed by this and the position of the token drawn.
  public var seed: UInt64 = 0

  public init() {}
}

/// Everything a model needs for one engine step, flat: a ragged batch of requests, each with one
/// or more new tokens. `tokens` counts the rows of the step, `outputs` the rows whose logits are
/// sampled.
public struct StepBatch: Sendable {
  /// Token ids, `[tokens]`.
  public var tokenIDs: [Int32] = []
  /// Absolute position of each token in its request, `[tokens]`.
  public var positions: [Int32] = []
  /// The request (row of the page table) that each token belongs to, `[tokens]`.
  public var requestOfToken: [Int32] = []
  /// The cache slot each token's keys and values are stored in, `[tokens]`: page * pageSize +
  /// place.
  public var slots: [Int32] = []
  /// Start of each request's tokens, `[requests + 1]`.
  public var rowOffsets: [Int32] = [0]
  /// Pages of each request in order, `[requests, pagesPerRequest]`, row-major; unused entries are
  /// 0.
  public var pageTable: [Int32] = []
  public var pagesPerRequest: Int = 1
  /// Rows of `tokenIDs` whose next token is drawn, ascending, `[outputs]`.
  public var outputRows: [Int32] = []
  /// `[outputs]`.
  public var sampling: [SamplingParameters] = []
  /// Where d steps are in flight: for each entry, the token id at row `destination` is not known
  /// yet and is the one drawn as output `source` of the step before.
  public var carried: [(destination: Int32, source: Int32)] = []

  public init() {}

  public var requestCount: Int { rowOffsets.count - 1 }

  /// Empties the batch and keeps its memory.
  public mutating func removeAll() {
    tokenIDs.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
    requestOfToken.removeAll(keepingCapacity: true)
    slots.removeAll(keepingCapacity: true)
    rowOffsets.removeAll(keepingCapacity: true)
    rowOffsets.append(0)
    pageTable.removeAll(keepingCapacity: true)
    pagesPerRequest = 1
    outputRows.removeAll(keepingCapacity: true)
    sampling.removeAll(keepingCapacity: true)
    carried.removeAll(keepingCapacity: true)
  }
}
