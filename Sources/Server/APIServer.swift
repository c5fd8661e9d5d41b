import ApusEngine
import Hummingbird
import Logging
import NIOCore
public import ServiceLifecycle

typealias ServerContext = BasicRequestContext

/// The HTTP service of one model.
public struct APIServer: Service {
  private let options: ServerOptions
  private let model: ServedModel
  private let version: String
  private let onListening: @Sendable (_ port: Int) -> Void

  /// - Parameter onListening: called once with the port that was bound.
  public init(
    options: ServerOptions, model: ServedModel, version: String,
    onListening: @escaping @Sendable (_ port: Int) -> Void
  ) {
    self.options = options
    self.model = model
    self.version = version
    self.onListening = onListening
  }

  /// Serves until graceful shutdown, then finishes what runs.
  public func run() async throws {
    var logger = Logger(label: "apus")
    logger.logLevel = .error
    let onListening = self.onListening
    let application = Application(
      router: router(),
      configuration: .init(
        address: .hostname(options.host, port: options.port), serverName: "apus"),
      onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
      logger: logger)
    try await application.run()
  }

  func router() -> Router<ServerContext> {
    let router = Router(context: ServerContext.self)
    router.middlewares.add(ErrorEnvelope())
    router.middlewares.add(Authorization(key: options.apiKey))
    let probes = Probes(model: model, version: version)
    router.get("/health", use: probes.health)
    router.get("/ready", use: probes.ready)
    router.get("/version", use: probes.version)
    router.get("/metrics", use: MetricsPage(model: model).get)
    router.get("/v1/models", use: Models(model: model).list)
    router.get("/v1/models/**", use: Models(model: model).one)
    router.post("/v1/completions", use: Completions(model: model, options: options).post)
    router.post("/v1/chat/completions", use: ChatCompletions(model: model, options: options).post)
    return router
  }
}

/// Drains the engine when shutdown begins: `/ready` says so at once, what runs is finished.
///
/// Services stop in reverse order, so this one belongs after the server: the server then closes its
/// connections when their answers are complete.
public struct EngineService: Service {
  private let model: ServedModel

  public init(model: ServedModel) { self.model = model }

  public func run() async throws {
    try? await gracefulShutdown()
    await model.engine.drain()
  }
}
