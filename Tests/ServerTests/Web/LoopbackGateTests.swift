import ApusServer
import Testing

/// Web pages of other hosts do not reach a server that only this machine may use.
@Suite struct LoopbackGateTests {
  @Test(arguments: [
    ("localhost", 200), ("localhost:8000", 200), ("LOCALHOST", 200), ("127.0.0.1:1", 200),
    ("[::1]:8000", 200), ("api.localhost", 200), ("192.168.1.7", 200), ("evil.example", 403),
    ("127.0.0.1.evil.example", 403), ("localhost.evil.example:80", 403),
  ])
  func hosts(host: String, status: Int) async throws {
    try await withServer(.fake()) { server async throws in
      let reply = try await server.call("GET", "/v1/models", headers: ["Host": host])
      #expect(reply.status == status, "\(reply.text)")
      if status == 403 { #expect(reply.errorCode == "forbidden_host") }
    }
  }

  @Test(arguments: [
    ("http://localhost:3000", 200), ("http://127.0.0.1", 200), ("http://[::1]:3000", 200),
    ("app://obsidian.md", 200), ("https://evil.example", 403), ("null", 403),
    ("http://localhost.evil.example", 403), ("http://127.evil.example", 403),
  ])
  func origins(origin: String, status: Int) async throws {
    try await withServer(.fake()) { server async throws in
      let reply = try await server.call("GET", "/health", headers: ["Origin": origin])
      #expect(reply.status == status, "\(reply.text)")
    }
  }

  @Test func aKeyTakesItsPlace() async throws {
    var options = TestServer.loopback
    options.apiKey = "k"
    try await withServer(.fake(), options) { server async throws in
      let reply = try await server.call(
        "GET", "/v1/models", headers: ["Host": "evil.example", "Authorization": "Bearer k"])
      #expect(reply.status == 200)
    }
  }
}
