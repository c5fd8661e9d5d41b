import HTTPTypes
import Hummingbird

/// Keeps web pages of other hosts away from a server that only this machine may use.
///
/// A page can send requests to a loopback address, and by rebinding its own name to one even read
/// the answers. Such requests carry the foreign name in `Host` or `Origin`.
struct LoopbackGate<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    if let authority = request.head.authority, !Self.isLocal(authority: authority) {
      throw Self.refusal("host", authority)
    }
    if let origin = request.headers[.origin], !Self.isLocal(origin: origin) {
      throw Self.refusal("origin", origin)
    }
    return try await next(request, context)
  }

  private static func refusal(_ what: String, _ value: String) -> RequestError {
    RequestError(
      status: .forbidden,
      message: "requests of \(what) '\(value.prefix(100))' are refused while the server listens on "
        + "a loopback address without an API key",
      code: "forbidden_\(what)")
  }

  /// A name that belongs to this machine, or an address, which no name service can turn elsewhere.
  private static func isLocal(authority: String) -> Bool {
    if authority.hasPrefix("[") { return true }
    let name = authority.prefix { $0 != ":" }.lowercased()
    return name == "localhost" || name.hasSuffix(".localhost")
      || name.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
  }

  /// Pages from this machine, and programs that have a scheme of their own.
  private static func isLocal(origin: String) -> Bool {
    guard let separator = origin.firstRange(of: "://") else { return false }
    let scheme = origin[..<separator.lowerBound].lowercased()
    guard scheme == "http" || scheme == "https" else { return true }
    let authority = String(origin[separator.upperBound...])
    let name = authority.prefix { $0 != ":" }.lowercased()
    return authority.hasPrefix("[::1]") || name == "localhost" || name.hasSuffix(".localhost")
      || name.hasPrefix("127.") && isLocal(authority: name)
  }
}
