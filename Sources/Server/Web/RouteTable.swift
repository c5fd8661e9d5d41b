import HTTPTypes
import Hummingbird

/// The routes of the server, and which methods a path takes.
struct RouteTable {
  typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

  private var routes: [(method: HTTPRequest.Method, path: String, handler: Handler)] = []

  mutating func get(_ path: String, _ handler: @escaping Handler) {
    routes.append((.get, path, handler))
  }

  mutating func post(_ path: String, _ handler: @escaping Handler) {
    routes.append((.post, path, handler))
  }

  func register(on router: Router<ServerContext>) {
    for route in routes {
      router.on(RouterPath(route.path), method: route.method, use: route.handler)
    }
  }

  /// Methods of a path, as in `Allow`; empty where there is no such path.
  func methods(of path: String) -> [String] {
    let parts = path.split(separator: "/")
    var methods: [String] = []
    for route in routes where Self.matches(route.path.split(separator: "/"), parts) {
      methods.append(route.method.rawValue)
      // The router answers HEAD wherever it answers GET.
      if route.method == .get { methods.append(HTTPRequest.Method.head.rawValue) }
    }
    return methods
  }

  private static func matches(_ pattern: [Substring], _ parts: [Substring]) -> Bool {
    guard pattern.last == "**" else { return pattern == parts }
    let prefix = pattern.dropLast()
    return parts.count > prefix.count && parts.starts(with: prefix)
  }
}
