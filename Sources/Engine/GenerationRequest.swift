public import ApusPipelines

/// What to generate, and from what.
public struct GenerationRequest: Sendable {
  /// Taken as they are; nothing is added.
  public var promptIDs: [Int32]
  /// The seed is used as it is: whoever wants another text each time sets a random one.
  public var sampling: SamplingParameters
  /// Generation also ends where the context does.
  public var maxNewTokens: Int
  /// Generation ends before the first of these in the text; empty ones are ignored.
  public var stopStrings: [String]
  /// Go on after end tokens.
  public var ignoreEnd: Bool
  /// Leave control tokens out of the text.
  public var skipSpecialTokens: Bool
  /// The text goes on where the prompt's ends, so that it keeps the space it may begin with; else
  /// it stands alone, as the answer in a chat does.
  public var continuesPrompt: Bool
  /// Shares cached prefixes only with requests of the same salt; nil: with all others without one.
  public var cacheSalt: String?

  public init(
    promptIDs: [Int32], sampling: SamplingParameters = SamplingParameters(),
    maxNewTokens: Int = 16, stopStrings: [String] = [], ignoreEnd: Bool = false,
    skipSpecialTokens: Bool = true, continuesPrompt: Bool = false, cacheSalt: String? = nil
  ) {
    self.promptIDs = promptIDs
    self.sampling = sampling
    self.maxNewTokens = maxNewTokens
    self.stopStrings = stopStrings
    self.ignoreEnd = ignoreEnd
    self.skipSpecialTokens = skipSpecialTokens
    self.continuesPrompt = continuesPrompt
    self.cacheSalt = cacheSalt
  }
}

/// A request within its engine.
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
  package let number: UInt64

  package init(number: UInt64) { self.number = number }

  public var description: String { "r\(number)" }
}

/// Why a generation ended.
public enum FinishReason: Sendable, Hashable {
  /// An end token or a stop string.
  case stop
  /// As many tokens as were asked for, or the end of the context.
  case length
  case cancelled
  /// The step failed; the text says how.
  case failed(String)
}

/// Tokens of one request.
public struct TokenUsage: Sendable, Hashable {
  public var promptTokens: Int
  /// The end token included.
  public var completionTokens: Int
  /// Tokens of the prompt that others had computed: they were found in the cache.
  public var cachedTokens: Int

  public init(promptTokens: Int, completionTokens: Int, cachedTokens: Int = 0) {
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.cachedTokens = cachedTokens
  }
}

/// What happens to a request, in order: any number of `tokens`, then one `finished`.
public enum GenerationEvent: Sendable, Hashable {
  /// New token ids, and the text that became certain. The text may be behind the ids (half a
  /// character, the beginning of what may be a stop string) and is empty then. An end token is
  /// among the ids and not in the text.
  case tokens(ids: [Int32], text: String)
  case finished(FinishReason, TokenUsage)
}

/// A request that was taken.
public struct RequestHandle: Sendable {
  public let id: RequestID
  /// Ends after `finished`. Whoever gives up reading cancels the request.
  public let events: AsyncStream<GenerationEvent>
  /// When its tokens were drawn.
  public let times: GenerationTimes
}
