/// Where and how the server listens.
public struct ServerOptions: Sendable {
  public var host = "127.0.0.1"
  /// 0 picks a free port.
  public var port = 8000
  /// Where set, every route but `/health` and `/ready` needs it as a bearer token.
  public var apiKey: String?
  /// Unknown request fields are ignored instead of refused.
  public var allowsExtraFields = false

  /// Bytes of the largest request body.
  static let bodyLimit = 64 << 20

  public init() {}
}
