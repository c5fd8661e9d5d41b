import Hummingbird

/// `POST /v1/completions`.
struct Completions {
  let model: ServedModel
  let options: ServerOptions

  @Sendable func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    var request = request
    let buffer = try await request.collectBody(upTo: ServerOptions.bodyLimit)
    let completion = try CompletionRequest(
      body: Array(buffer.readableBytesView), model: model, options: options)
    let generation = Generation(
      model: model, fields: completion.generation, prompts: completion.prompts,
      format: TextAnswer(header: Generation.header("cmpl", model)))
    return try await generation.respond(to: request)
  }
}
