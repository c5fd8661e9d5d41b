import ApusJSON
import ApusServer
import Testing

/// A client that leaves takes its request along: it stops within a step, and its pages return.
@Suite struct DisconnectTests {
  private static let long: JSONObject = [
    "prompt": ["a", "b"], "max_tokens": 90, "ignore_eos": true,
  ]

  private func connection(
    _ server: TestServer, streams: Bool
  ) async throws -> HTTPConnection {
    var fields = Self.long
    fields["stream"] = .bool(streams)
    let connection = try await HTTPConnection(port: server.port)
    try await connection.request(
      "POST", "/v1/completions", body: Array(JSONValue.object(fields).serialized().utf8))
    return connection
  }

  @Test(arguments: [true, false])
  func whileItGenerates(streams: Bool) async throws {
    let control = FakeControl()
    control.stepSeconds = 0.05
    try await withServer(.fake(control)) { server async throws in
      let connection = try await connection(server, streams: streams)
      #expect(try await server.waits(for: "apus_requests_running", toBe: 2))
      #expect(try await server.metric("apus_cache_pages_free") < 64)
      if streams { #expect(try await connection.head().status == 200) }
      let steps = try await server.metric("apus_engine_steps_total")
      await connection.close()
      #expect(try await server.waits(for: "apus_requests_running", toBe: 0))
      #expect(try await server.metric("apus_cache_pages_free") == 64)
      let stepsAfter = try await server.metric("apus_engine_steps_total")
      // Whole answers would have taken 90.
      #expect(stepsAfter - steps < 20)
      #expect(try await server.metric("apus_generated_tokens_total") < 60)
    }
  }

  @Test func whileItWaits() async throws {
    let control = FakeControl()
    control.stepSeconds = 0.05
    try await withServer(.fake(control)) { server async throws in
      var connections: [HTTPConnection] = []
      for _ in 0..<6 { connections.append(try await connection(server, streams: true)) }
      // 8 of the 12 run at a time.
      #expect(try await server.waits(for: "apus_requests_waiting", toBe: 4))
      for connection in connections.reversed() { await connection.close() }
      #expect(try await server.waits(for: "apus_requests_waiting", toBe: 0))
      #expect(try await server.waits(for: "apus_requests_running", toBe: 0))
      #expect(try await server.metric("apus_cache_pages_free") == 64)
    }
  }

  /// An answer does not use its connection up, streamed or whole.
  @Test func aConnectionTakesFurtherRequests() async throws {
    try await withServer(.fake()) { server async throws in
      let connection = try await HTTPConnection(port: server.port)
      for round in 0..<4 {
        let streams = round % 2 == 1
        let body: JSONValue = ["prompt": "a", "max_tokens": 2, "stream": .bool(streams)]
        try await connection.request(
          "POST", "/v1/completions", body: Array(body.serialized().utf8))
        let reply = try await connection.reply()
        #expect(reply.status == 200)
        #expect(reply.text.contains("[DONE]") == streams)
      }
      try await connection.request("GET", "/health")
      #expect(try await connection.reply().status == 200)
      await connection.close()
    }
  }

  @Test func requestsSentBehindEachOtherAreAnsweredInOrder() async throws {
    try await withServer(.fake()) { server async throws in
      let connection = try await HTTPConnection(port: server.port)
      for path in ["/version", "/v1/models", "/nowhere"] {
        try await connection.request("GET", path)
      }
      #expect(try await connection.reply().json?["version"] == "1.2.3")
      #expect(try await connection.reply().json?["object"] == "list")
      #expect(try await connection.reply().status == 404)
      await connection.close()
    }
  }

  @Test func cancelsAtRandomMomentsLeaveEveryPageFree() async throws {
    let control = FakeControl()
    control.stepSeconds = 0.002
    try await withServer(.fake(control)) { server async throws in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<50 {
          group.addTask {
            let connection = try await self.connection(server, streams: index % 2 == 0)
            try await Task.sleep(for: .milliseconds(index * 7 % 41))
            await connection.close()
          }
        }
        try await group.waitForAll()
      }
      #expect(try await server.waits(for: "apus_requests_running", toBe: 0))
      #expect(try await server.waits(for: "apus_requests_waiting", toBe: 0))
      #expect(try await server.metric("apus_cache_pages_free") == 64)
      #expect(try await server.complete(["prompt": "a"]).status == 200)
    }
  }

  /// The events are longer than all buffers on the way. Were the connection kept, the server could
  /// not stop.
  @Test(.timeLimit(.minutes(5)))
  func aClientThatStopsReadingIsLeftBehind() async throws {
    var options = TestServer.loopback
    options.idleTimeout = .milliseconds(200)
    let model = try await ServedModel.fake(name: String(repeating: "long ", count: 1000))
    try await withServer(model, options) { server async throws in
      let connection = try await HTTPConnection(port: server.port, reads: false)
      let prompts = JSONValue.array(Array(repeating: "a", count: 100))
      let body: JSONValue = [
        "prompt": prompts, "max_tokens": 90, "ignore_eos": true, "stream": true,
      ]
      try await connection.request(
        "POST", "/v1/completions", body: Array(body.serialized().utf8))
      #expect(try await server.waits(for: "apus_generated_tokens_total", toBe: 9000))
      await server.beginShutdown()
      try await server.waitForEnd()
      await connection.close()
    }
  }
}
