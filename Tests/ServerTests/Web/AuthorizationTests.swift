import ApusJSON
import ApusServer
import Testing

/// One gate before every route but the two probes.
@Suite struct AuthorizationTests {
  static let paths = [
    "/version", "/metrics", "/v1/models", "/v1/models/fake", "/v1/completions",
    "/v1/chat/completions", "/", "/nowhere", "//v1/models", "/v1//models", "/v1/models/",
    "/v1/../v1/models", "/health/../v1/models", "/ready/../metrics", "/%2e/v1/models",
    "/%2e%2e/metrics", "/V1/models", "/v1/models?x=/health", "/metrics#/health", "/health/x",
    "//health", "/Health", "/health%2f..%2fmetrics", "http://localhost/metrics",
  ]

  @Test func nothingButTheProbesIsOpen() async throws {
    var options = TestServer.loopback
    options.apiKey = "sesame-123"
    try await withServer(.fake(), options) { server async throws in
      for path in Self.paths {
        for method in ["GET", "POST", "HEAD", "OPTIONS"] {
          let reply = try await server.call(method, path)
          #expect(reply.status == 401, "\(method) \(path): \(reply.text)")
          #expect(reply.headers["www-authenticate"] == "Bearer")
          if method != "HEAD" { #expect(reply.errorCode == "invalid_api_key") }
        }
      }
      for path in ["/health", "/ready", "/health?a=b"] {
        #expect(try await server.call("GET", path).status == 200)
      }
    }
  }

  @Test func onlyTheWholeKeyOpens() async throws {
    var options = TestServer.loopback
    options.apiKey = "sesame-123"
    try await withServer(.fake(), options) { server async throws in
      for (header, status) in [
        ("Bearer sesame-123", 200), ("bearer sesame-123", 200), ("Bearer sesame-12", 401),
        ("Bearer sesame-1234", 401), ("Bearer", 401), ("Bearer ", 401), ("sesame-123", 401),
        ("Basic sesame-123", 401), ("Bearer Sesame-123", 401), ("Bearer sesame-123 x", 401),
        ("", 401),
      ] {
        let reply = try await server.call("GET", "/v1/models", headers: ["Authorization": header])
        #expect(reply.status == status, "'\(header)'")
      }
      let headers = ["Authorization": "Bearer sesame-123"]
      let body = [UInt8](#"{"prompt": "a", "max_tokens": 1}"#.utf8)
      let reply = try await server.call("POST", "/v1/completions", headers: headers, body: body)
      #expect(reply.status == 200)
      #expect(try await server.call("GET", "/nowhere", headers: headers).status == 404)
    }
  }
}
