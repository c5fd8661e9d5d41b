public import ApusJSON

extension ChatTemplate {
  /// Renders a conversation as a prompt.
  ///
  /// - Parameters:
  ///   - messages: objects with `role` and `content`, as the template expects them
  ///   - tokenizer: gives `bos_token`, `eos_token` and so on
  ///   - addGenerationPrompt: end with the words that begin the assistant's answer
  /// - Throws: `TemplateError` with the template's line.
  public func render(
    messages: [JSONValue], tokenizer: Tokenizer, addGenerationPrompt: Bool
  ) throws(TemplateError) -> MarkedString {
    var context: JSONObject = [
      "messages": .array(messages), "add_generation_prompt": .bool(addGenerationPrompt),
    ]
    // Last, so that nothing from a request takes their place.
    for (name, value) in tokenizer.templateVariables { context[name] = value }
    return try render(context)
  }
}
