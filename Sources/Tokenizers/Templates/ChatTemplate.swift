public import ApusJSON

/// How far a template may go before it is stopped.
public struct TemplateLimits: Sendable, Hashable {
  /// Evaluated statements and calls, touched elements, and each 16 bytes of text.
  public var steps = 10_000_000
  /// Nested calls of macros and recursive loops.
  public var depth = 100
  /// Bytes of the rendered text, and of any text on the way to it.
  public var outputBytes = 64 << 20
  /// Nil for no limit.
  public var seconds: Double? = 10

  public init() {}
  public static let `default` = TemplateLimits()
}

/// A Jinja template that turns messages into a prompt.
///
/// Parsed once, rendered any number of times, from any thread. The language is that of jinja2 with
/// the settings of `transformers`. Nothing outside the context can be reached, and steps, depth,
/// output and time are limited. Integers beyond 64 bits are errors.
public struct ChatTemplate: Sendable {
  /// The text that was parsed.
  public let source: String
  private let program: TemplateProgram

  /// Many times what any template has.
  private static let sourceLimit = 4 << 20

  /// Variables whose text is the tokenizer's and not the caller's.
  static let specialTokenNames: Set<String> = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// - Throws: `TemplateError` with the line, where the text is no template.
  public init(source: String) throws(TemplateError) {
    self.source = source
    guard source.utf8.count <= ChatTemplate.sourceLimit else {
      throw TemplateError(
        .limit, "\(source.utf8.count) bytes, at most \(ChatTemplate.sourceLimit) are allowed",
        line: 1)
    }
    program = try TemplateProgram(try TemplateParser.parse(source))
  }

  /// Whether the template looks anywhere for this variable of its context.
  public func reads(_ variable: String) -> Bool { program.names.contains(variable) }

  /// Renders the template.
  ///
  /// - Parameters:
  ///   - context: `messages`, `tools`, `add_generation_prompt` and any other variable. All text in
  ///     it is marked as the caller's, except the special tokens (`bos_token` and so on): set these
  ///     last, so that nothing from a request takes their place.
  ///   - clock: what `strftime_now` tells.
  ///   - limits: how far it may go.
  ///   - trustsCaller: marks the caller's text as the template's, so that special tokens in
  ///     messages become control tokens, as with `transformers`.
  /// - Returns: the prompt, every range marked as the template's or the caller's.
  /// - Throws: `TemplateError` with the template's line.
  public func render(
    _ context: JSONObject, clock: TemplateClock? = nil, limits: TemplateLimits = .default,
    trustsCaller: Bool = false
  ) throws(TemplateError) -> MarkedString {
    let origin = trustsCaller ? MarkedString.Origin.template : .caller
    var ofCaller = TemplateContextReader(origin: origin, program.members)
    var ofTemplate = TemplateContextReader(origin: .template, [:])
    var globals: [TemplateValue] = []
    globals.reserveCapacity(program.names.count)
    for (symbol, name) in program.names.enumerated() {
      if let value = context[name] {
        let isToken = ChatTemplate.specialTokenNames.contains(name)
        globals.append(isToken ? ofTemplate.value(value) : ofCaller.value(value))
      } else if let function = program.functions[symbol] {
        globals.append(.callable(TemplateCallable(.function(function))))
      } else {
        globals.append(.missing)
      }
    }
    var run = TemplateRun(
      globals: globals, slots: program.slots, limits: limits, clock: clock)
    defer { run.dismantle() }
    program.scope.enter(&run)
    _ = try program.body.execute(&run)
    return run.output
  }
}

/// Makes values of JSON, with all text of one origin.
private struct TemplateContextReader {
  let origin: MarkedString.Origin
  /// The names of members, which come again and again: those that the template asks for, and
  /// others.
  private var names: [String: TemplateText]
  private static let nameLimit = 256

  /// - Parameter names: texts of ASCII and of a caller.
  init(origin: MarkedString.Origin, _ names: [String: TemplateText]) {
    self.origin = origin
    self.names = origin == .caller ? names : [:]
  }

  mutating func value(_ value: JSONValue) -> TemplateValue {
    switch value {
    case .null: return .none
    case .bool(let value): return .bool(value)
    case .number(let number): return self.number(number)
    case .string(let text): return .string(MarkedString(text, origin: origin))
    case .array(let values):
      var elements: [TemplateValue] = []
      elements.reserveCapacity(values.count)
      for element in values { elements.append(self.value(element)) }
      return .list(TemplateList(elements))
    case .object(let object):
      var members = TemplateMembers()
      members.reserveCapacity(object.count)
      for (name, member) in object { members.append(self.name(name), self.value(member)) }
      return .dict(TemplateDictionary(members))
    }
  }

  private mutating func name(_ name: String) -> TemplateText {
    // Texts that `String` calls equal to one of ASCII are longer.
    if let known = names[name], known.string.utf8Count == name.utf8.count { return known }
    let text = TemplateText(MarkedString(name, origin: origin))
    if names.count < TemplateContextReader.nameLimit,
      text.string.bytes.allSatisfy({ $0 < 0x80 })
    {
      names[name] = text
    }
    return text
  }

  /// As Python reads JSON: digits alone are an integer. What it refuses to read becomes a float.
  private func number(_ number: JSONNumber) -> TemplateValue {
    let text = number.text.utf8
    guard !text.contains(where: { $0 == 0x2E || $0 | 0x20 == 0x65 }) else {
      return .double(number.doubleValue)
    }
    if let value = number.intValue { return .int(value) }
    guard text.count <= TemplateRun.longestInteger else { return .double(number.doubleValue) }
    let isNegative = text.first == 0x2D
    return .integer(
      BigInteger(digits: text.dropFirst(isNegative ? 1 : 0), radix: 10, isNegative: isNegative))
  }
}
