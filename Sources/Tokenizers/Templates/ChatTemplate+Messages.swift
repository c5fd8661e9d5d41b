public import ApusJSON

/// A conversation to be rendered, and what a request may say about how.
public struct ChatTemplateInput: Sendable {
  /// Objects with `role` and `content`, as the template expects them.
  public var messages: [JSONValue]
  /// Descriptions of functions; nil is the template's `none`.
  public var tools: [JSONValue]?
  /// Objects with `title` and `text`; nil is the template's `none`.
  public var documents: [JSONValue]?
  /// End with the words that begin the assistant's answer.
  public var addGenerationPrompt: Bool
  /// Further variables: a request's `chat_template_kwargs`.
  public var variables: JSONObject
  /// Special tokens in messages become control tokens, as with `transformers`.
  public var trustsCaller = false

  public init(
    messages: [JSONValue], tools: [JSONValue]? = nil, documents: [JSONValue]? = nil,
    addGenerationPrompt: Bool = true, variables: JSONObject = [:]
  ) {
    self.messages = messages
    self.tools = tools
    self.documents = documents
    self.addGenerationPrompt = addGenerationPrompt
    self.variables = variables
  }

  /// Names that a request's variables cannot have: they have fields of their own, choose what the
  /// reference does with the text, or are the tokenizer's.
  public static let reservedNames: Set<String> = ChatTemplate.specialTokenNames.union([
    "messages", "conversation", "conversations", "tools", "documents", "add_generation_prompt",
    "chat_template", "continue_final_message", "tokenize", "padding", "truncation", "max_length",
    "return_tensors", "return_dict", "return_assistant_tokens_mask", "tokenizer_kwargs",
    "sanitize_control_tokens", "raise_exception", "strftime_now",
  ])
}

extension ChatTemplate {
  /// Renders a conversation as a prompt, as `apply_chat_template` of `transformers` does: members
  /// of messages that are null are left out, and a message's reasoning has all the names that
  /// templates look for.
  ///
  /// - Parameter tokenizer: gives `bos_token`, `eos_token` and so on.
  /// - Throws: `TemplateError` with the template's line, 0 where a variable's name is reserved.
  public func render(
    _ input: ChatTemplateInput, tokenizer: Tokenizer, clock: TemplateClock? = nil,
    limits: TemplateLimits = .default
  ) throws(TemplateError) -> MarkedString {
    for name in input.variables.keys where ChatTemplateInput.reservedNames.contains(name) {
      throw TemplateError(
        .forbidden, "the variable '\(name)' is reserved and cannot be set by a request", line: 0)
    }
    var context = input.variables
    context["messages"] = .array(input.messages.map(ChatTemplate.prepared))
    context["tools"] = input.tools.map { .array($0) } ?? .null
    context["documents"] = input.documents.map { .array($0) } ?? .null
    context["add_generation_prompt"] = .bool(input.addGenerationPrompt)
    // Last, so that nothing from a request takes their place.
    for (name, value) in tokenizer.templateVariables { context[name] = value }
    return try render(
      context, clock: clock, limits: limits, trustsCaller: input.trustsCaller)
  }

  /// Renders messages without tools or documents.
  public func render(
    messages: [JSONValue], tokenizer: Tokenizer, addGenerationPrompt: Bool
  ) throws(TemplateError) -> MarkedString {
    try render(
      ChatTemplateInput(messages: messages, addGenerationPrompt: addGenerationPrompt),
      tokenizer: tokenizer)
  }

  private static func prepared(_ message: JSONValue) -> JSONValue {
    guard case .object(let members) = message else { return message }
    var result = JSONObject()
    for (name, value) in members where !value.isNull { result[name] = value }
    let reasoning = ["reasoning_content", "thinking", "reasoning"].lazy.compactMap { result[$0] }
    if let reasoning = reasoning.first {
      result["thinking"] = result["thinking"] ?? reasoning
      result["reasoning_content"] = reasoning
    }
    return .object(result)
  }
}
