import ApusJSON
import ApusTokenizers

/// The fields of a chat request that reach its template besides the messages.
struct ChatTemplateFields {
  /// nil: the model's template for requests of this kind.
  private let templateName: String?
  private let tools: [JSONValue]?
  private let documents: [JSONValue]?
  private let addsGenerationPrompt: Bool
  private let variables: JSONObject

  init(_ fields: inout RequestFields) throws(RequestError) {
    templateName = try fields.string("chat_template")
    let tools = try Self.tools(fields.value("tools"))
    try fields.neutral("tool_choice", "\"none\" or \"auto\"") {
      $0.stringValue == "none" || $0.stringValue == "auto"
    }
    // A template that knows of tools offers them to the model.
    self.tools = fields.value("tool_choice")?.stringValue == "none" ? nil : tools
    documents = try Self.documents(fields.value("documents"))
    addsGenerationPrompt = try fields.bool("add_generation_prompt") ?? true
    variables = try Self.variables(fields.value("chat_template_kwargs"))
  }

  private static func tools(_ value: JSONValue?) throws(RequestError) -> [JSONValue]? {
    let tools = try objects("tools", value)
    for (index, tool) in (tools ?? []).enumerated() {
      let place = "tools[\(index)]"
      guard tool["type"]?.stringValue == "function" else {
        throw .field("\(place).type", "expected \"function\", found \(shown(tool["type"]))")
      }
      guard let name = tool["function"]?["name"]?.stringValue, !name.isEmpty else {
        throw .field(
          "\(place).function.name", "expected a name, found \(shown(tool["function"]?["name"]))")
      }
    }
    return tools
  }

  private static func documents(_ value: JSONValue?) throws(RequestError) -> [JSONValue]? {
    try objects("documents", value)
  }

  /// nil where there are none: templates ask whether there are any.
  private static func objects(
    _ name: String, _ value: JSONValue?
  ) throws(RequestError) -> [JSONValue]? {
    guard let value else { return nil }
    guard let elements = value.arrayValue else {
      throw .field(name, "expected a list of objects, found \(value.kind)")
    }
    for (index, element) in elements.enumerated() where element.objectValue == nil {
      throw .field("\(name)[\(index)]", "expected an object, found \(element.kind)")
    }
    return elements.isEmpty ? nil : elements
  }

  private static func variables(_ value: JSONValue?) throws(RequestError) -> JSONObject {
    guard let value else { return [:] }
    guard let variables = value.objectValue else {
      throw .field("chat_template_kwargs", "expected an object, found \(value.kind)")
    }
    for name in variables.keys where ChatTemplateInput.reservedNames.contains(name) {
      throw .field(
        "chat_template_kwargs.\(name)", "reserved: a request cannot set this variable",
        code: "reserved_variable")
    }
    return variables
  }

  private static func shown(_ value: JSONValue?) -> String {
    value.map(RequestFields.shown) ?? "nothing"
  }

  /// The prompt of a conversation.
  ///
  /// - Parameter allowingSpecialTokens: those that callers spell become control tokens
  func render(
    _ messages: [JSONValue], _ model: ServedModel, allowingSpecialTokens: Bool
  ) throws(RequestError) -> MarkedString {
    let template = try template(of: model)
    for (name, value) in [("tools", tools), ("documents", documents)] {
      guard value == nil || template.reads(name) else {
        throw .field(
          name, "the model's chat template does not use them", code: "unsupported_parameter")
      }
    }
    var input = ChatTemplateInput(
      messages: messages, tools: tools, documents: documents,
      addGenerationPrompt: addsGenerationPrompt, variables: variables)
    input.trustsCaller = allowingSpecialTokens
    do throws(TemplateError) {
      return try template.render(input, tokenizer: model.tokenizer)
    } catch {
      throw .field("messages", "the model's chat template refused them: \(error)")
    }
  }

  private func template(of model: ServedModel) throws(RequestError) -> ChatTemplate {
    guard let templates = model.chatTemplates else {
      throw RequestError(
        message: "model '\(model.name)' has no chat template; start the server with "
          + "--chat-template FILE to give it one, or use /v1/completions",
        code: "no_chat_template")
    }
    if let template = templates.template(named: templateName, forTools: tools != nil) {
      return template
    }
    let names = templates.names.joined(separator: ", ")
    // A template that a request brings along would be a program of its own.
    throw .field(
      "chat_template",
      templateName == nil
        ? "the model has no default template; name one of \(names)"
        : "expected the name of one of the model's templates (\(names)); a request cannot bring "
          + "its own")
  }
}
