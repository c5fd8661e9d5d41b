import Hummingbird

/// `POST /v1/completions`.
struct Completions {
  let model: ServedModel
  let options: ServerOptions

  @Sendable func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    var request = request
    let body = try await request.bytes(upTo: options.bodyLimit)
    let completion = try CompletionRequest(
      body: body, model: model, options: options)
    let generation = Generation(
      model: model, fields: completion.generation, prompts: completion.prompts,
      format: TextAnswer(header: Generation.header("cmpl", model)))
    return try await generation.respond(in: context)
  }
}
