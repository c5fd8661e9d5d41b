import ApusEngine
import ApusJSON
import ApusPipelines
import ApusServer
import ApusTokenizers
import Logging
import ServiceLifecycle
import Testing

/// A server on a free port of this machine.
final class TestServer: Sendable {
  let port: Int
  let model: ServedModel
  private let group: ServiceGroup
  private let task: Task<Void, any Error>

  /// - Throws: what it could not start with.
  init(_ model: ServedModel, _ options: ServerOptions = loopback) async throws {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let server = APIServer(options: options, model: model, version: "1.2.3") { port in
      continuation.yield(port)
      continuation.finish()
    }
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let group = ServiceGroup(
      configuration: .init(services: [server, EngineService(model: model)], logger: logger))
    task = Task {
      defer { continuation.finish() }
      try await group.run()
    }
    self.group = group
    self.model = model
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else {
      try await task.value
      throw ProtocolError("the server ended before it listened")
    }
    self.port = port
  }

  static var loopback: ServerOptions {
    var options = ServerOptions()
    options.port = 0
    return options
  }

  /// Begins the shutdown, as SIGTERM does.
  func beginShutdown() async { await group.triggerGracefulShutdown() }

  /// Returns when the server's `run` has.
  func waitForEnd() async throws { try await task.value }

  func stop() async throws {
    await beginShutdown()
    try await waitForEnd()
  }

  // MARK: Calls

  func call(
    _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
  ) async throws -> HTTPReply {
    let connection = try await HTTPConnection(port: port)
    try await connection.request(method, path, headers: headers, body: body)
    let reply = try await connection.reply(toHead: method == "HEAD")
    await connection.close()
    return reply
  }

  func post(_ path: String, _ body: JSONValue) async throws -> HTTPReply {
    try await call("POST", path, body: Array(body.serialized().utf8))
  }

  func complete(_ fields: JSONObject) async throws -> HTTPReply {
    try await post("/v1/completions", .object(fields))
  }

  func chat(_ fields: JSONObject) async throws -> HTTPReply {
    try await post("/v1/chat/completions", .object(fields))
  }

  /// The events of a streamed answer, without the closing mark, which is checked.
  func stream(_ path: String, _ fields: JSONObject) async throws -> [JSONValue] {
    var fields = fields
    fields["stream"] = true
    let connection = try await HTTPConnection(port: port)
    let body = JSONValue.object(fields).serialized()
    try await connection.request("POST", path, body: Array(body.utf8))
    let head = try await connection.head()
    #expect(head.status == 200)
    #expect(head.headers["content-type"]?.hasPrefix("text/event-stream") == true)
    var events: [JSONValue] = []
    var pending = ""
    var isDone = false
    while let data = try await connection.event(head, &pending) {
      #expect(!isDone, "an event after [DONE]")
      isDone = data == "[DONE]"
      if !isDone { events.append(try JSONValue(parsing: data)) }
    }
    #expect(isDone)
    await connection.close()
    return events
  }

  /// A sample of `/metrics`.
  func metric(_ name: String) async throws -> Int {
    let text = try await call("GET", "/metrics").text
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return try #require(line.flatMap { Int($0.dropFirst(name.count + 1)) })
  }

  /// Polls until a sample has a value.
  func waits(for name: String, toBe value: Int) async throws -> Bool {
    for _ in 0..<1000 {
      if try await metric(name) == value { return true }
      try await Task.sleep(for: .milliseconds(5))
    }
    return false
  }
}

extension ServedModel {
  /// A fake one.
  static func fake(
    _ control: FakeControl = FakeControl(), name: String = "fake", hasTemplate: Bool = true,
    addsBegin: Bool = true, moreTemplates: [String: String] = [:]
  ) async throws -> ServedModel {
    let tokenizer = try FakeVocabulary.tokenizer(addsBegin: addsBegin)
    let model = FakeModel(control)
    let contextLength = model.limits.contextLength
    let engine = EngineThread(
      model: model, tokenizer: tokenizer, endTokens: tokenizer.endOfGenerationTokens)
    #expect(await engine.waitUntilStarted() == nil)
    var defaults = SamplingDefaults()
    defaults.temperature = 1
    let templates = ["default": FakeVocabulary.template].merging(moreTemplates) { $1 }
    return ServedModel(
      name: name, engine: engine, tokenizer: tokenizer,
      chatTemplates: hasTemplate ? try ChatTemplates(templates) : nil,
      contextLength: contextLength, defaults: defaults, created: 1_700_000_000)
  }
}

/// Runs `body` against a server, which is stopped afterwards.
func withServer(
  _ model: ServedModel, _ options: ServerOptions = TestServer.loopback,
  _ body: (TestServer) async throws -> Void
) async throws {
  let server = try await TestServer(model, options)
  do {
    try await body(server)
  } catch {
    try? await server.stop()
    throw error
  }
  try await server.stop()
}
