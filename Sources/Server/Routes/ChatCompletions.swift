import Hummingbird

/// `POST /v1/chat/completions`.
struct ChatCompletions {
  let model: ServedModel
  let options: ServerOptions

  @Sendable func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    var request = request
    let body = try await request.bytes(upTo: options.bodyLimit)
    let chat = try ChatCompletionRequest(
      body: body, model: model, options: options)
    let generation = Generation(
      model: model, fields: chat.generation, prompts: [chat.promptIDs],
      format: ChatAnswer(header: Generation.header("chatcmpl", model)))
    return try await generation.respond(in: context)
  }
}
