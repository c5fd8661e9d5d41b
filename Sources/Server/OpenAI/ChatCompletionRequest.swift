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
    let templateFields = try ChatTemplateFields(&fields)
    try Self.neutralFields(&fields)
    try fields.finish(allowingExtra: options.allowsExtraFields)
    let prompt = try templateFields.render(
      messages, model, allowingSpecialTokens: options.allowsSpecialTokens)
    let ids = model.tokenizer.encode(prompt, addSpecialTokens: true)
    guard !ids.isEmpty else { throw .field("messages", "the rendered prompt is empty") }
    promptIDs = try model.checked(ids, parameter: "messages")
  }

  private static func neutralFields(_ fields: inout RequestFields) throws(RequestError) {
    try fields.neutral("logprobs", "false") { $0.boolValue == false }
    try fields.neutral("top_logprobs", "0") { $0.intValue == 0 }
    try fields.neutral("functions", "an empty list") { $0.arrayValue?.isEmpty == true }
    try fields.neutral("function_call", "\"none\" or \"auto\"") {
      $0.stringValue == "none" || $0.stringValue == "auto"
    }
    try fields.neutral("parallel_tool_calls", "true or false") { $0.boolValue != nil }
    try fields.neutral("response_format", "{\"type\": \"text\"}") {
      $0["type"]?.stringValue == "text"
    }
    try fields.neutral("modalities", "[\"text\"]") { $0 == ["text"] }
    try fields.neutral("continue_final_message", "false") { $0.boolValue == false }
    for name in [
      "audio", "prediction", "reasoning_effort", "verbosity", "web_search_options",
    ] {
      try fields.neutral(name, "null") { _ in false }
    }
  }
}
