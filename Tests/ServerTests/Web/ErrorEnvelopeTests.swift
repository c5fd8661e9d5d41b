import ApusJSON
import ApusServer
import Testing

/// Whatever is wrong with a request is said in OpenAI's envelope.
@Suite struct ErrorEnvelopeTests {
  private func expectEnvelope(_ reply: HTTPReply, _ status: Int, _ code: String) {
    #expect(reply.status == status, "\(reply.text)")
    #expect(reply.headers["content-type"] == "application/json")
    #expect(reply.json?.objectValue?.keys == ["error"])
    #expect(reply.error?.objectValue?.keys == ["message", "type", "param", "code"])
    #expect(reply.errorCode == code, "\(reply.text)")
    #expect(!reply.errorMessage.isEmpty)
  }

  @Test func unknownRoutesAndMethods() async throws {
    try await withServer(.fake()) { server async throws in
      let lost = try await server.call("GET", "/v2/models")
      expectEnvelope(lost, 404, "not_found")
      #expect(lost.errorMessage.contains("/v2/models"))
      let wrong = try await server.call("GET", "/v1/completions")
      expectEnvelope(wrong, 405, "method_not_allowed")
      #expect(wrong.headers["allow"] == "POST")
      let deleted = try await server.call("DELETE", "/v1/models/fake")
      expectEnvelope(deleted, 405, "method_not_allowed")
      #expect(deleted.headers["allow"] == "GET, HEAD")
      expectEnvelope(try await server.call("POST", "/"), 404, "not_found")
      expectEnvelope(
        try await server.call("POST", "/v1/../v1/completions", body: []), 404, "not_found")
    }
  }

  @Test func bodiesThatAreTooLarge() async throws {
    var options = TestServer.loopback
    options.bodyLimit = 1000
    try await withServer(.fake(), options) { server async throws in
      // Refused by its announcement: the body is never sent.
      let connection = try await HTTPConnection(port: server.port)
      try await connection.request(
        "POST", "/v1/completions", headers: ["Content-Length": "1001"])
      let announced = try await connection.reply()
      expectEnvelope(announced, 413, "body_too_large")
      #expect(announced.errorMessage.contains("1000"))
      await connection.close()
      // Without an announcement, when the limit is passed.
      let chunked = try await HTTPConnection(port: server.port)
      try await chunked.request(
        "POST", "/v1/completions", headers: ["Transfer-Encoding": "chunked"])
      for _ in 0..<11 {
        try await chunked.send("64\r\n" + String(repeating: "a", count: 100) + "\r\n")
      }
      try await chunked.send("0\r\n\r\n")
      expectEnvelope(try await chunked.reply(), 413, "body_too_large")
      await chunked.close()
      let fits = "{\"prompt\": \"\(String(repeating: "a", count: 40))\"}"
      let padded = fits + String(repeating: " ", count: 1000 - fits.count)
      #expect(
        try await server.call("POST", "/v1/completions", body: Array(padded.utf8)).status == 200)
    }
  }

  static let broken: [String] = [
    "", "{", "[1]", "\"a\"", "nul", "{\"prompt\": \"a\"} x", "{\"prompt\": \"a\",}",
    "{\"prompt\": \"a\", \"prompt\": \"b\"}", "{\"prompt\": \"a\", \"temperature\": NaN}",
    "{\"prompt\": \"a\", \"temperature\": Infinity}", "{\"prompt\": \"\\ud800\"}",
    "{\"prompt\": \"a\", \"seed\": \(String(repeating: "9", count: 1_000_000))}",
    String(repeating: "[", count: 100_000),
    "{\"prompt\": " + String(repeating: "[", count: 100_000),
    String(repeating: "{\"a\":", count: 100_000),
  ]

  @Test func brokenDocuments() async throws {
    try await withServer(.fake()) { server async throws in
      for body in Self.broken {
        for path in ["/v1/completions", "/v1/chat/completions"] {
          expectEnvelope(
            try await server.call("POST", path, body: Array(body.utf8)), 400, "invalid_json")
        }
      }
      let noText = [UInt8]("{\"prompt\": \"".utf8) + [0xFF, 0xFE] + [UInt8]("\"}".utf8)
      expectEnvelope(
        try await server.call("POST", "/v1/completions", body: noText), 400, "invalid_json")
    }
  }

  @Test func brokenProtocolEndsTheConnectionAndNothingElse() async throws {
    try await withServer(.fake()) { server async throws in
      let head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
      for text in [
        "nonsense\r\n\r\n", head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        head + "Content-Length: -1\r\n\r\n",
        head + "X: \(String(repeating: "a", count: 200_000))\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
      ] {
        let connection = try await HTTPConnection(port: server.port)
        try? await connection.send(text)
        if let reply = try? await connection.reply() {
          #expect((400..<500).contains(reply.status))
        }
        #expect(await connection.isClosedByServer(), "\(text.prefix(120))")
        await connection.close()
      }
      #expect(try await server.call("GET", "/health").status == 200)
    }
  }

  @Test func aConnectionThatSaysNothingIsClosed() async throws {
    var options = TestServer.loopback
    options.idleTimeout = .milliseconds(100)
    try await withServer(.fake(), options) { server async throws in
      let silent = try await HTTPConnection(port: server.port)
      let slow = try await HTTPConnection(port: server.port)
      try await slow.send("POST /v1/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
      #expect(await silent.isClosedByServer())
      _ = try? await slow.reply()
      #expect(await slow.isClosedByServer())
    }
  }
}
