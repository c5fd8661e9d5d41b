import HTTPTypes
import Hummingbird

/// The one gate before all routes: whatever is not named open here needs the key.
struct Authorization<Context: RequestContext>: RouterMiddleware {
  let key: String?

  /// Probes that orchestrators call without credentials.
  private static var openPaths: Set<String> { ["/health", "/ready"] }

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard let key, !Self.openPaths.contains(request.uri.path) else {
      return try await next(request, context)
    }
    let given = Self.bearerToken(request.headers[.authorization] ?? "")
    guard Self.areEqual(given, key) else { throw RequestError.unauthorized }
    return try await next(request, context)
  }

  /// The names of schemes have no case.
  private static func bearerToken(_ value: String) -> String {
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return "" }
    return String(parts[1])
  }

  /// Takes a time that does not depend on where the texts differ.
  static func areEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var difference = UInt8(a.count == b.count ? 0 : 1)
    for index in b.indices { difference |= (index < a.count ? a[index] : 0) ^ b[index] }
    return difference == 0
  }
}
