public import ApusPipelines

/// A request as the scheduler is given it: tokens and lengths, no text.
public struct ScheduledRequest: Sendable {
  public let id: RequestID
  public let promptIDs: [Int32]
  public let sampling: SamplingParameters
  public let maxNewTokens: Int
  public let ignoreEnd: Bool
  /// What its cached pages depend on besides their tokens.
  public let scope: CacheScope

  public init(
    id: RequestID, promptIDs: [Int32], sampling: SamplingParameters, maxNewTokens: Int,
    ignoreEnd: Bool, scope: CacheScope = CacheScope()
  ) {
    self.id = id
    self.promptIDs = promptIDs
    self.sampling = sampling
    self.maxNewTokens = maxNewTokens
    self.ignoreEnd = ignoreEnd
    self.scope = scope
  }
}
