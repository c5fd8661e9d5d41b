import ApusEngine
import Hummingbird
import Logging
import NIOCore
public import ServiceLifecycle

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
    let timeout = options.idleTimeout
    let application = Application(
      router: router(),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [DisconnectWatch(writeTimeout: TimeAmount(timeout))],
          idleTimeout: TimeAmount(timeout))),
      configuration: .init(
        address: .hostname(options.host, port: options.port), serverName: "apus"),
      onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
      logger: logger)
    try await application.run()
  }

  func router() -> Router<ServerContext> {
    let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
    let routes = routes()
    router.middlewares.add(ErrorEnvelope(routes: routes))
    router.middlewares.add(Authorization(key: options.apiKey))
    if options.apiKey == nil, options.isLoopback {
      router.middlewares.add(LoopbackGate())
    }
    routes.register(on: router)
    return router
  }

  private func routes() -> RouteTable {
    var routes = RouteTable()
    let probes = Probes(model: model, version: version)
    routes.get("/health", probes.health)
    routes.get("/ready", probes.ready)
    routes.get("/version", probes.version)
    routes.get("/metrics", MetricsPage(model: model).get)
    routes.get("/v1/models", Models(model: model).list)
    routes.get("/v1/models/**", Models(model: model).one)
    routes.post("/v1/completions", Completions(model: model, options: options).post)
    routes.post("/v1/chat/completions", ChatCompletions(model: model, options: options).post)
    return routes
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
