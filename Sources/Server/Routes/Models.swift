import ApusJSON
import Foundation
import Hummingbird

/// `GET /v1/models` and `GET /v1/models/NAME`.
struct Models {
  let model: ServedModel

  @Sendable func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    .json(["object": "list", "data": [entry]])
  }

  /// Names may hold slashes, so the route takes all that follows.
  @Sendable func one(_ request: Request, _ context: ServerContext) async throws -> Response {
    let path = context.parameters.getCatchAll().joined(separator: "/")
    let name = path.removingPercentEncoding ?? path
    guard name == model.name else {
      throw RequestError(
        status: .notFound, message: "model '\(name)' is not served here; '\(model.name)' is",
        parameter: "model", code: "model_not_found")
    }
    return .json(entry)
  }

  private var entry: JSONValue {
    [
      "id": .string(model.name), "object": "model", "created": .int(model.created),
      "owned_by": "apus", "max_model_len": .int(model.contextLength),
    ]
  }
}
