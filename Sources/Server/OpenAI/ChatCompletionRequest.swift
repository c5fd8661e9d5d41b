import ApusJSON
import ApusTokenizers

/// `POST /v1/chat/completions`: a conversation, rendered by the model's chat template.
struct ChatCompletionRequest {
  let generation: GenerationFields
  let promptIDs: [Int32]

  init(body: [UInt8], model: ServedModel, options: ServerOptions) throws(RequestError) {
    var fields = try RequestFields(body: body)
    var generation = try GenerationFields(&fields, model: model)
    if let limit = try fields.integer("max_completion_tokens", in: 1...Int(Int32.max)) {
      if let other = generation.maxNewTokens, other != limit {
        throw .field(
          "max_completion_tokens", "\(limit) contradicts max_tokens, which is \(other)")
      }
      generation.maxNewTokens = limit
    }
    self.generation = generation
    let messages = try Self.messages(fields.value("messages"))
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
    try fields.neutral("service_tier", "\"auto\" or \"default\"") {
      $0.stringValue == "auto" || $0.stringValue == "default"
    }
    try fields.neutral("store", "false") { $0.boolValue == false }
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

  private static func messages(_ value: JSONValue?) throws(RequestError) -> [JSONValue] {
    guard let value else { throw .field("messages", "missing") }
    guard case .array(let elements) = value, !elements.isEmpty else {
      throw .field(
        "messages", "expected a list of at least one message, found \(RequestFields.shown(value))")
    }
    var messages: [JSONValue] = []
    for (index, element) in elements.enumerated() {
      messages.append(.object(try message(element, at: "messages[\(index)]")))
    }
    return messages
  }

  private static func message(
    _ value: JSONValue, at place: String
  ) throws(RequestError) -> JSONObject {
    guard case .object(let members) = value else {
      throw .field(place, "expected an object, found \(value.kind)")
    }
    var message = JSONObject()
    let role = members["role"]
    switch role?.stringValue {
    case "system", "user", "assistant": message["role"] = role
    // The name that newer clients use for what templates call the system message.
    case "developer": message["role"] = "system"
    default:
      throw .field(
        "\(place).role",
        "expected system, developer, user or assistant, found "
          + (role.map(RequestFields.shown) ?? "nothing"))
    }
    message["content"] = .string(try content(members["content"], at: "\(place).content"))
    for (name, value) in members where !value.isNull {
      switch name {
      case "role", "content": break
      case "name":
        guard value.stringValue != nil else {
          throw .field("\(place).name", "expected a string, found \(value.kind)")
        }
        message["name"] = value
      case "tool_calls" where value.arrayValue?.isEmpty == true: break
      default: throw .field("\(place).\(name)", "not supported", code: "unsupported_parameter")
      }
    }
    return message
  }

  /// A string, or text parts, which are joined by line breaks as other servers do.
  private static func content(
    _ value: JSONValue?, at place: String
  ) throws(RequestError) -> String {
    switch value {
    case .string(let text): return text
    case .array(let parts):
      return try parts.enumerated().map { index, part throws(RequestError) in
        guard part["type"]?.stringValue == "text", let text = part["text"]?.stringValue else {
          throw .field(
            "\(place)[\(index)]",
            "expected a part {\"type\": \"text\", \"text\": ...}, found "
              + RequestFields.shown(part), code: "unsupported_content")
        }
        return text
      }.joined(separator: "\n")
    default:
      throw .field(
        place, "expected text or a list of text parts, found \(value?.kind ?? "nothing")")
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
    var checkedError: RequestError?
    do throws(RequestError) {
      return try CompletionRequest.checked(ids, model)
    } catch {
      checkedError = error
    }
    checkedError?.parameter = "messages"
    throw checkedError ?? .failed("the prompt could not be checked")
  }
}
