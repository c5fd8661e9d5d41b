import ApusEngine
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
    guard model.engine.isReady else {
      throw RequestError.unavailable("the model is not ready, or the server is shutting down")
    }
    return .json(["status": "ready"])
  }

  @Sendable func version(_ request: Request, _ context: ServerContext) async throws -> Response {
    .json(["version": .string(version)])
  }
}
