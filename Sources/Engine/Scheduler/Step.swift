public import ApusPipelines

/// One step of the engine, flat: what the model runs, and whose it is.
public struct Step: Sendable {
  /// Ascending by one.
  public let number: Int
  public var batch = StepBatch()
  /// The request of each row of the page table.
  public var requests: [RequestID] = []
  /// For each output, the index of its request in `requests`.
  public var outputs: [Int32] = []
  /// Tokens of prompts among its rows.
  public var promptTokens = 0
  /// Parts of prompts that it does not finish.
  public var unfinishedChunks = 0

  init(number: Int) { self.number = number }
}

/// What a step drew: for each output no, one or (with speculation) more tokens.
public struct StepResult: Sendable {
  public let number: Int
  /// Of all outputs, one after another.
  public let tokens: [Int32]
  /// Where the tokens of each output begin, and the end, `[outputs + 1]`.
  public let offsets: [Int]

  public init(number: Int, tokens: [Int32], offsets: [Int]) {
    self.number = number
    self.tokens = tokens
    self.offsets = offsets
  }

  /// One token for each output.
  public init(number: Int, tokens: [Int32]) {
    self.init(number: number, tokens: tokens, offsets: Array(0...tokens.count))
  }
}

/// What a commit did to a request.
public struct RequestUpdate: Sendable, Hashable {
  public let id: RequestID
  /// Accepted, the end token included.
  public let tokens: [Int32]
  /// nil where it goes on.
  public let finish: FinishReason?
  /// Tokens of its prompt that were found in the cache.
  public let cachedTokens: Int
}
