import ApusEngine
import ApusJSON
import ApusServer
import NIOCore
import Testing

/// Start and end of the server.
@Suite struct APIServerTests {
  @Test func shutdownFinishesWhatRuns() async throws {
    let control = FakeControl()
    // Slow until all has been seen, so that a busy machine sees it too.
    control.stepSeconds = 0.3
    let server = try await TestServer(.fake(control))
    let fields: JSONObject = [
      "prompt": "a", "max_tokens": 40, "temperature": 0, "ignore_eos": true,
    ]
    async let streamed = server.stream("/v1/completions", fields)
    async let whole = server.complete(fields)
    #expect(try await server.waits(for: "apus_requests_running", toBe: 2))
    await server.beginShutdown()
    while server.model.engine.isReady { try await Task.sleep(for: .milliseconds(1)) }
    // Both still run, and nothing more is taken.
    #expect(try await server.metric("apus_requests_running") == 2)
    #expect(try await server.call("GET", "/ready").status == 503)
    #expect(try await server.complete(["prompt": "a"]).status == 503)
    control.stepSeconds = 0
    let expected = FakeVocabulary.letters(
      FakeModel.greedy([1, FakeVocabulary.letter("a")], 40, ignoreEnd: true))
    let texts = try await streamed.compactMap { $0["choices"]?[0]?["text"]?.stringValue }
    #expect(texts.joined() == expected)
    #expect(try await whole.json?["choices"]?[0]?["text"]?.stringValue == expected)
    try await server.waitForEnd()
    #expect(!server.model.engine.isReady)
    await #expect(throws: (any Error).self) { try await server.call("GET", "/health") }
  }

  @Test func readinessEndsWhenDrainingBegins() async throws {
    let control = FakeControl()
    control.stepSeconds = 0.1
    let model = try await ServedModel.fake(control)
    try await withServer(model) { server async throws in
      async let running = server.complete([
        "prompt": "a", "max_tokens": 30, "ignore_eos": true,
      ])
      #expect(try await server.waits(for: "apus_requests_running", toBe: 1))
      async let drained: Void = model.engine.drain()
      while model.engine.isReady { try await Task.sleep(for: .milliseconds(1)) }
      let ready = try await server.call("GET", "/ready")
      #expect(ready.status == 503 && ready.errorCode == "unavailable")
      #expect(try await server.call("GET", "/health").status == 200)
      let refused = try await server.complete(["prompt": "a"])
      #expect(refused.status == 503 && refused.errorCode == "unavailable")
      #expect(try await running.json?["usage"]?["completion_tokens"] == 30)
      await drained
    }
  }

  @Test func aPortInUseIsAnError() async throws {
    try await withServer(.fake()) { server async throws in
      var options = TestServer.loopback
      options.port = server.port
      let error = await #expect(throws: IOError.self) {
        try await TestServer(.fake(), options)
      }
      #expect(error?.description.contains("in use") == true)
      #expect(try await server.call("GET", "/health").status == 200)
    }
  }
}
