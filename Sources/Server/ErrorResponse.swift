import ApusJSON
import HTTPTypes
import Hummingbird
import Logging

/// A refused request: the HTTP status and what OpenAI's error envelope says.
///
/// Everything a client did wrong ends here; the message names the field, what was expected and what
/// was found.
struct RequestError: Error, Sendable, Hashable {
  var status: HTTPResponse.Status = .badRequest
  var message: String
  /// OpenAI's `type`, such as `invalid_request_error`.
  var type = "invalid_request_error"
  /// The field at fault.
  var parameter: String?
  /// OpenAI's `code`, such as `model_not_found`.
  var code: String?
  var headers = HTTPFields()

  static func field(_ name: String, _ message: String, code: String? = nil) -> RequestError {
    RequestError(message: "\(name): \(message)", parameter: name, code: code)
  }

  static func notFound(_ message: String) -> RequestError {
    RequestError(status: .notFound, message: message, code: "not_found")
  }

  static let unauthorized = RequestError(
    status: .unauthorized,
    message: "missing or wrong API key: send it as 'Authorization: Bearer KEY'",
    type: "authentication_error", code: "invalid_api_key", headers: [.wwwAuthenticate: "Bearer"])

  static func tooLarge(_ limit: Int) -> RequestError {
    RequestError(
      status: .contentTooLarge, message: "the body is larger than \(limit) bytes",
      code: "body_too_large")
  }

  static func unavailable(_ message: String) -> RequestError {
    RequestError(
      status: .serviceUnavailable, message: message, type: "server_error", code: "unavailable")
  }

  static func failed(_ message: String) -> RequestError {
    RequestError(
      status: .internalServerError, message: message, type: "server_error", code: "internal_error")
  }

  /// `{"error": {"message", "type", "param", "code"}}`.
  var envelope: JSONValue {
    [
      "error": [
        "message": .string(message), "type": .string(type),
        "param": parameter.map(JSONValue.string) ?? .null,
        "code": code.map(JSONValue.string) ?? .null,
      ]
    ]
  }
}

extension Response {
  /// A JSON document.
  static func json(
    _ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) -> Response {
    var headers = headers
    headers[.contentType] = "application/json"
    return Response(
      status: status, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(string: value.serialized())))
  }

  static func error(_ error: RequestError) -> Response {
    .json(error.envelope, status: error.status, headers: error.headers)
  }
}

/// Turns every error into OpenAI's envelope: the only place where errors become HTTP statuses.
struct ErrorEnvelope<Context: RequestContext>: RouterMiddleware {
  let routes: RouteTable

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as RequestError {
      return .error(error)
    } catch let error as HTTPError {
      return .error(translate(error, request))
    } catch let error as CancellationError {
      throw error
    } catch {
      // The text of an unforeseen error may hold what is not the client's business.
      context.logger.error("request failed: \(error)")
      return .error(.failed("the request failed inside the server"))
    }
  }

  private func translate(_ error: HTTPError, _ request: Request) -> RequestError {
    let (method, path) = (request.method.rawValue, request.uri.path)
    guard error.status == .notFound else {
      return RequestError(status: error.status, message: error.body ?? error.status.reasonPhrase)
    }
    let methods = routes.methods(of: path)
    guard !methods.isEmpty else { return .notFound("no route \(method) \(path)") }
    let allowed = methods.joined(separator: ", ")
    return RequestError(
      status: .methodNotAllowed, message: "\(path) takes \(allowed), not \(method)",
      code: "method_not_allowed", headers: [.allow: allowed])
  }
}
