/// Where and how the server listens.
public struct ServerOptions: Sendable {
  public var host = "127.0.0.1"
  /// 0 picks a free port.
  public var port = 8000
  /// Where set, every route but `/health` and `/ready` needs it as a bearer token.
  public var apiKey: String?
  /// Unknown request fields are ignored instead of refused.
  public var allowsExtraFields = false
  /// Special tokens that a caller's text spells become control tokens, as with `transformers`;
  /// otherwise only those that the chat template writes do.
  public var allowsSpecialTokens = false

  /// Bytes of the largest request body.
  public var bodyLimit = 16 << 20
  /// A connection is closed where for this long it sends nothing, while it has a request to send or
  /// none under way, or takes nothing of its answer.
  public var idleTimeout: Duration = .seconds(75)

  public init() {}

  /// Whether the address to listen on is reachable from this machine alone.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}
