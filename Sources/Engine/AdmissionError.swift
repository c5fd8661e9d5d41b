/// Why a request cannot be taken.
public enum AdmissionError: Error, Sendable, Hashable, CustomStringConvertible {
  case emptyPrompt
  /// The prompt leaves no room for a token.
  case promptTooLong(tokens: Int, contextLength: Int)
  /// It may need more pages than the cache has, so it would wait forever.
  case cacheTooSmall(pagesNeeded: Int, pages: Int)
  case unknownToken(id: Int32, vocabularySize: Int)
  /// The engine is finishing what it has.
  case draining

  public var description: String {
    switch self {
    case .emptyPrompt: "the prompt has no tokens"
    case .promptTooLong(let tokens, let length):
      "the prompt has \(tokens) tokens and leaves no room in a context of \(length) tokens"
    case .cacheTooSmall(let needed, let pages):
      "prompt and new tokens may need \(needed) cache pages, the cache has \(pages)"
    case .unknownToken(let id, let size):
      "token id \(id) is outside the vocabulary of \(size) tokens"
    case .draining: "the engine is shutting down and takes no more requests"
    }
  }
}
