public import ApusJSON

/// How far a template may go before it is stopped.
public struct TemplateLimits: Sendable, Hashable {
  /// Evaluated statements, expressions and touched pieces of text.
  public var steps = 10_000_000
  /// Nested calls of macros and recursive loops.
  public var depth = 48
  /// Bytes of the rendered text, and of any text on the way to it.
  public var outputBytes = 64 << 20

  public init() {}
  public static let `default` = TemplateLimits()
}

/// A Jinja template that turns messages into a prompt.
///
/// Parsed once, rendered any number of times, from any thread. The language is that of jinja2 with
/// the settings of `transformers`. Nothing outside the context can be reached, and steps, depth and
/// output are limited.
public struct ChatTemplate: Sendable {
  /// The text that was parsed.
  public let source: String
  private let program: TemplateProgram

  /// Variables whose text is the tokenizer's and not the caller's.
  private static let specialTokenNames: Set<String> = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// - Throws: `TemplateError` with the line, where the text is no template.
  public init(source: String) throws(TemplateError) {
    self.source = source
    program = try TemplateParser.parse(source)
  }

  /// Renders the template.
  ///
  /// - Parameters:
  ///   - context: `messages`, `tools`, `add_generation_prompt` and any other variable. All text
  ///     in it is
  ///     marked as the caller's, except the special tokens (`bos_token` and so on): set these last,
  ///     so that nothing from a request takes their place.
  ///   - clock: what `strftime_now` tells.
  /// - Returns: the prompt, every range marked as the template's or the caller's.
  /// - Throws: `TemplateError` with the template's line.
  public func render(
    _ context: JSONObject, clock: TemplateClock? = nil, limits: TemplateLimits = .default
  ) throws(TemplateError) -> MarkedString {
    var evaluator = TemplateEvaluator(program, limits: limits, clock: clock)
    for (symbol, name) in program.names.enumerated() {
      guard let value = context[name] else { continue }
      let origin: MarkedString.Origin =
        ChatTemplate.specialTokenNames.contains(name) ? .template : .caller
      evaluator.setGlobal(symbol, to: TemplateValue(value, origin: origin))
    }
    return try evaluator.render()
  }
}

extension TemplateValue {
  /// A JSON value with all its text of one origin.
  init(_ value: JSONValue, origin: MarkedString.Origin) {
    switch value {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .number(let number): self = TemplateValue(number)
    case .string(let text): self = .string(MarkedString(text, origin: origin))
    case .array(let values): self = .list(values.map { TemplateValue($0, origin: origin) })
    case .object(let members):
      var dictionary = TemplateDictionary()
      for (name, member) in members {
        let key = MarkedString(name, origin: origin)
        dictionary.set(
          .string(key), .string(key.bytes), to: TemplateValue(member, origin: origin))
      }
      self = .dict(dictionary)
    }
  }

  /// As Python reads JSON: digits alone are an integer. One that no `Int` holds becomes a float.
  private init(_ number: JSONNumber) {
    let isInteger = !number.text.utf8.contains { $0 == 0x2E || $0 | 0x20 == 0x65 }
    if isInteger, let value = number.intValue {
      self = .int(value)
    } else {
      self = .double(number.doubleValue)
    }
  }
}
