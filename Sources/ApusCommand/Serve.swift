import ApusEngine
import ApusPipelines
import ApusServer
import ArgumentParser
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// `apus serve`: the OpenAI-compatible endpoint.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a model over HTTP, with OpenAI's API.")

  @OptionGroup var model: ModelArguments

  @Option(help: "Address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 picks a free one.")
  var port = 8000

  @Option(help: "Every route but /health and /ready then needs it as a bearer token.")
  var apiKey: String?

  @Flag(help: "Ignore unknown request fields instead of refusing them.")
  var allowExtraFields = false

  @Flag(
    help: "Read special tokens that messages spell as such, as transformers does, not as text.")
  var allowSpecialTokens = false

  mutating func validate() throws {
    try ModelArguments.check("--port", port, 0...65535)
    if let apiKey, apiKey.isEmpty { throw ValidationError("--api-key: expected a key, found \"\"") }
  }

  func run() async throws {
    let start = ContinuousClock.now
    // While nothing runs, there is nothing to finish.
    let early = StopSignals { Foundation.exit(0) }
    let loaded = try LoadedModel(model)
    try await loaded.waitUntilStarted()
    loaded.reportStart()
    var options = ServerOptions()
    options.host = host
    options.port = port
    options.apiKey = apiKey
    options.allowsExtraFields = allowExtraFields
    options.allowsSpecialTokens = allowSpecialTokens
    if apiKey == nil, !options.isLoopback {
      Terminal.error(
        "warning: listening on \(host) without --api-key: anyone who reaches it may use it")
    }
    let served = ServedModel(
      name: loaded.name, engine: loaded.engine, tokenizer: loaded.tokenizer,
      chatTemplates: loaded.chatTemplates, contextLength: loaded.contextLength,
      defaults: loaded.samplingDefaults, created: Int(Date().timeIntervalSince1970))
    let host = self.host
    let needsKey = apiKey != nil
    let server = APIServer(
      options: options, model: served, version: ApusTool.version,
      onListening: { port in
        Self.announce(host, port, served, needsKey: needsKey, since: start)
      })
    early.cancel()
    try await run(server, served)
  }

  private func run(_ server: APIServer, _ served: ServedModel) async throws {
    var logger = Logger(label: "apus")
    logger.logLevel = .error
    // Services stop in reverse order: the engine is marked as draining before the server stops.
    let group = ServiceGroup(
      configuration: .init(
        services: [server, EngineService(model: served)],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    do {
      try await group.run()
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw CommandFailure("port \(port) on \(host) is in use; choose another with --port")
    } catch let error as IOError {
      throw CommandFailure("cannot listen on port \(port) of \(host): \(error)")
    }
    Terminal.error("stopped")
  }

  private static func announce(
    _ host: String, _ port: Int, _ served: ServedModel, needsKey: Bool,
    since start: ContinuousClock.Instant
  ) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    Terminal.error("ready in \(seconds.shown(decimals: 2)) s: \(served.name) at \(url)")
    let key = needsKey ? " -H 'Authorization: Bearer KEY'" : ""
    let (route, body) =
      served.chatTemplates == nil
      ? ("completions", "{\"prompt\": \"Once upon a time\"}")
      : ("chat/completions", "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}")
    Terminal.error(
      "try: curl \(url)/v1/\(route) -H 'Content-Type: application/json'\(key) -d '\(body)'")
  }
}

/// Something that went wrong while a command ran; its text is shown as it is.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
