public import ApusJSON

extension ChatTemplate {
  /// Renders a conversation as a prompt.
  ///
  /// - Parameters:
  ///   - messages: objects with `role` and `content`, as the template expects them
  ///   - tokenizer: gives `bos_token` and `eos_token`
  ///   - addGenerationPrompt: end with the words that begin the assistant's answer
  /// - Throws: `TemplateError` with the template's line.
  public func render(
    messages: [JSONValue], tokenizer: Tokenizer, addGenerationPrompt: Bool
  ) throws(TemplateError) -> MarkedString {
    var context: JSONObject = [
      "messages": .array(messages), "add_generation_prompt": .bool(addGenerationPrompt),
    ]
    context["bos_token"] = .string(tokenizer.beginToken.flatMap(tokenizer.token) ?? "")
    context["eos_token"] = .string(tokenizer.endToken.flatMap(tokenizer.token) ?? "")
    return try render(context)
  }
}
