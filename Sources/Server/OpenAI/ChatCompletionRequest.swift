import ApusJSON
import ApusTokenizers

/// `POST /v1/chat/completions`: a conversation, rendered by the model's chat template.
struct ChatCompletionRequest {
  let generation: GenerationFields
  let promptIDs: [Int32]

  init(body: [UInt8], model: ServedModel, options: ServerOptions) throws(RequestError) {
    var fields = try RequestFields(body: body)
    generation = try GenerationFields(&fields, model: model)
    let messages = try ChatMessages.read(
      fields.value("messages"), allowingExtra: options.allowsExtraFields)
    try Self.neutralFields(&fields)
    try fields.finish(allowingExtra: options.allowsExtraFields)
    promptIDs = try Self.render(messages, model)
  }

  private static func neutralFields(_ fields: inout RequestFields) throws(RequestError) {
    let isEmptyList: (JSONValue) -> Bool = { $0.arrayValue?.isEmpty == true }
    try fields.neutral("logprobs", "false") { $0.boolValue == false }
    try fields.neutral("top_logprobs", "0") { $0.intValue == 0 }
    try fields.neutral("tools", "an empty list", isEmptyList)
    try fields.neutral("functions", "an empty list", isEmptyList)
    try fields.neutral("tool_choice", "\"none\" or \"auto\"") {
      $0.stringValue == "none" || $0.stringValue == "auto"
    }
    try fields.neutral("function_call", "\"none\" or \"auto\"") {
      $0.stringValue == "none" || $0.stringValue == "auto"
    }
    try fields.neutral("parallel_tool_calls", "true or false") { $0.boolValue != nil }
    try fields.neutral("response_format", "{\"type\": \"text\"}") {
      $0["type"]?.stringValue == "text"
    }
    try fields.neutral("modalities", "[\"text\"]") { $0 == ["text"] }
    try fields.neutral("chat_template_kwargs", "an empty object") {
      $0.objectValue?.isEmpty == true
    }
    try fields.neutral("add_generation_prompt", "true") { $0.boolValue == true }
    try fields.neutral("continue_final_message", "false") { $0.boolValue == false }
    for name in [
      "audio", "prediction", "reasoning_effort", "verbosity", "web_search_options",
    ] {
      try fields.neutral(name, "null") { _ in false }
    }
  }

  private static func render(
    _ messages: [JSONValue], _ model: ServedModel
  ) throws(RequestError) -> [Int32] {
    guard let template = model.chatTemplate else {
      throw RequestError(
        message: "model '\(model.name)' has no chat template; start the server with "
          + "--chat-template FILE to give it one, or use /v1/completions",
        code: "no_chat_template")
    }
    let prompt: MarkedString
    do throws(TemplateError) {
      prompt = try template.render(
        messages: messages, tokenizer: model.tokenizer, addGenerationPrompt: true)
    } catch {
      throw .field("messages", "the model's chat template refused them: \(error)")
    }
    let ids = model.tokenizer.encode(prompt, addSpecialTokens: true)
    guard !ids.isEmpty else { throw .field("messages", "the rendered prompt is empty") }
    return try model.checked(ids, parameter: "messages")
  }
}
