public import ApusPipelines

/// A request as the scheduler sees it: tokens and lengths, no text.
public struct ScheduledRequest: Sendable {
  public let id: RequestID
  public let promptIDs: [Int32]
  public let sampling: SamplingParameters
  public let maxNewTokens: Int
  public let ignoreEnd: Bool

  public init(
    id: RequestID, promptIDs: [Int32], sampling: SamplingParameters, maxNewTokens: Int,
    ignoreEnd: Bool
  ) {
    self.id = id
    self.promptIDs = promptIDs
    self.sampling = sampling
    self.maxNewTokens = maxNewTokens
    self.ignoreEnd = ignoreEnd
  }
}

/// A request that has its pages promised and takes part in steps.
///
/// ``` tokens:  [ prompt ............ | generated, known ]  + `pending` that steps in flight will
/// draw ^ computed: tokens that are in the cache, or will be once the steps in flight are done
/// ```
struct RunningRequest {
  let id: RequestID
  let promptCount: Int
  let sampling: SamplingParameters
  let ignoreEnd: Bool
  /// The most tokens it may have, prompt included.
  let tokenLimit: Int
  /// Prompt and generated tokens that are known.
  var tokens: [Int32]
  var computed = 0
  /// Tokens that steps in flight will draw.
  var pending = 0
  /// Where the newest of these is drawn.
  var lastOutput: (step: Int, index: Int) = (-1, 0)
  /// Steps in flight that it takes part in; its pages stay until there are none.
  var stepsInFlight = 0
  var hasEnded = false
  var pages: [Int32] = []
  /// Pages promised and not taken yet.
  var reservedPages: Int

  init(_ request: ScheduledRequest, tokenLimit: Int, pages: Int) {
    id = request.id
    promptCount = request.promptIDs.count
    sampling = request.sampling
    ignoreEnd = request.ignoreEnd
    self.tokenLimit = tokenLimit
    tokens = request.promptIDs
    reservedPages = pages
  }

  /// Nothing uses its pages any more.
  var isRemovable: Bool { hasEnded && stepsInFlight == 0 }

  var isPrefilling: Bool { computed < promptCount }

  /// Rows that it could run in step `number`: the rest of its prompt, or the tokens after it that
  /// are not in the cache. None, if a token is needed that neither is known nor comes from the step
  /// before.
  func runnableRows(step number: Int) -> Int {
    if hasEnded { return 0 }
    if isPrefilling { return promptCount - computed }
    guard tokens.count + pending < tokenLimit else { return 0 }
    if pending > 0 && lastOutput.step != number - 1 { return 0 }
    return tokens.count + pending - computed
  }
}
