import ApusJSON
import Hummingbird

/// `GET /health`, `/ready` and `/version`.
struct Probes {
  let model: ServedModel
  let version: String

  /// Alive, and where there is work it advances.
  @Sendable func health(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard model.engine.isHealthy else {
      throw RequestError.unavailable("the engine has work and has not finished a step")
    }
    return .json(["status": "ok"])
  }

  /// A token has been produced, and the server is not shutting down.
  @Sendable func ready(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard model.engine.isReady, !model.engine.isDraining else {
      throw RequestError.unavailable(
        model.engine.isDraining ? "shutting down" : "the model is not ready yet")
    }
    return .json(["status": "ready"])
  }

  @Sendable func version(_ request: Request, _ context: ServerContext) async throws -> Response {
    .json(["version": .string(version)])
  }
}
