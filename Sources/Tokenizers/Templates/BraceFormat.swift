extension TemplateRun {
  /// `format.format(..)`: `{}`, `{0}`, `{name}`, attributes, elements, conversions and a format,
  /// which may hold such fields too.
  mutating func braceFormat(
    _ format: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> MarkedString {
    var formatter = BraceFormatter(arguments, escapes: format.isMarkup)
    var result = try formatter.text(format.plain, nesting: 2, &self)
    result.isMarkup = format.isMarkup
    return result
  }
}

private struct BraceFormatter {
  private let arguments: TemplateCallArguments
  private let escapes: Bool
  /// The place of the next `{}`; nil after a numbered field.
  private var next: Int? = 0

  init(_ arguments: TemplateCallArguments, escapes: Bool) {
    self.arguments = arguments
    self.escapes = escapes
  }

  private func fail(_ run: TemplateRun, _ message: String) -> TemplateError {
    run.fail(.type, message + " in a format")
  }

  mutating func text(
    _ format: MarkedString, nesting: Int, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    guard nesting >= 0 else { throw fail(run, "fields nested too deep") }
    let bytes = format.bytes
    try run.step(1 + bytes.count / 8)
    var result = MarkedString()
    var at = 0
    while at < bytes.count {
      let start = at
      while at < bytes.count, bytes[at] != 0x7B, bytes[at] != 0x7D { at += 1 }
      result.append(format[start..<at])
      guard at < bytes.count else { break }
      if at + 1 < bytes.count, bytes[at + 1] == bytes[at] {
        result.append(format[at..<at + 1])
        at += 2
        continue
      }
      guard bytes[at] == 0x7B, let close = fieldEnd(bytes, at) else {
        throw fail(run, "a single brace")
      }
      let part = try field(format[at + 1..<close], nesting, &run)
      try run.charge(bytes: result.utf8Count + part.utf8Count)
      result.append(part)
      at = close + 1
    }
    return result
  }

  /// The brace that closes a field, with those inside it balanced.
  private func fieldEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    var depth = 0
    var isInBrackets = false
    for at in start..<bytes.count {
      switch bytes[at] {
      case 0x5B where depth == 1: isInBrackets = true
      case 0x5D: isInBrackets = false
      case 0x7B where !isInBrackets: depth += 1
      case 0x7D where !isInBrackets:
        depth -= 1
        if depth == 0 { return at }
      case 0x3A where depth == 1: isInBrackets = false
      default: break
      }
    }
    return nil
  }

  /// `path!conversion:spec`
  private mutating func field(
    _ field: MarkedString, _ nesting: Int, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    let (path, conversion, spec) = try parts(of: field, run)
    var value = try argument(path, &run)
    switch conversion {
    case nil: break
    case UInt8(ascii: "s"): value = .string(try run.text(of: value))
    case UInt8(ascii: "r"): value = .string(try run.representation(of: value))
    case UInt8(ascii: "a"):
      value = .string(try run.representation(of: value).mapRuns(PythonText.asciiOnly))
    default: throw fail(run, "an unknown conversion")
    }
    let specText = try text(spec, nesting: nesting - 1, &run)
    guard escapes else { return try set(value, specText, &run) }
    if let markup = value.string, markup.isMarkup {
      guard specText.isEmpty else { throw fail(run, "a format for markup") }
      return markup.plain
    }
    return try set(value, specText, &run).plain.escaped.plain
  }

  private func set(
    _ value: TemplateValue, _ spec: MarkedString, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    guard let spec = FormatSpec(spec) else { throw fail(run, "an invalid specification") }
    return try run.formatted(value, spec).plain
  }

  /// Cuts a field at the `!` and `:` outside brackets.
  private func parts(
    of field: MarkedString, _ run: TemplateRun
  ) throws(TemplateError) -> (path: MarkedString, conversion: UInt8?, spec: MarkedString) {
    let bytes = field.bytes
    var at = 0
    var isInBrackets = false
    while at < bytes.count {
      if bytes[at] == 0x5B { isInBrackets = true }
      if bytes[at] == 0x5D { isInBrackets = false }
      if !isInBrackets, bytes[at] == 0x7B { throw fail(run, "an unexpected '{'") }
      if !isInBrackets, bytes[at] == 0x21 || bytes[at] == 0x3A { break }
      at += 1
    }
    let path = field[0..<at]
    guard at < bytes.count else { return (path, nil, MarkedString()) }
    guard bytes[at] == 0x21 else { return (path, nil, field[at + 1..<bytes.count]) }
    guard at + 1 < bytes.count else { throw fail(run, "a missing conversion") }
    let conversion = bytes[at + 1]
    guard at + 2 < bytes.count else { return (path, conversion, MarkedString()) }
    guard bytes[at + 2] == 0x3A else { throw fail(run, "something behind a conversion") }
    return (path, conversion, field[at + 3..<bytes.count])
  }

  private mutating func argument(
    _ path: MarkedString, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    let bytes = path.bytes
    var at = bytes.firstIndex { $0 == 0x2E || $0 == 0x5B } ?? bytes.count
    let isNumber = at == bytes.count && bytes.allSatisfy { (0x30...0x39).contains($0) }
    var value = try first(path[0..<at], isWhole: path.isEmpty || isNumber, run)
    while at < bytes.count {
      let isBracket = bytes[at] == 0x5B
      let start = at + 1
      at = start
      while at < bytes.count, isBracket ? bytes[at] != 0x5D : bytes[at] != 0x2E && bytes[at] != 0x5B
      { at += 1 }
      let name = path[start..<at].text
      guard !name.isEmpty, !isBracket || at < bytes.count else {
        throw fail(run, "an empty attribute")
      }
      if isBracket {
        at += 1
        guard at == bytes.count || bytes[at] == 0x2E || bytes[at] == 0x5B else {
          throw fail(run, "something behind ']'")
        }
        value = try run.item(Int(name).map { .int($0) } ?? .literal(name), of: value)
      } else {
        value = try run.attribute(TemplateMember(name), of: value)
      }
    }
    return value
  }

  /// - Parameter isWhole: there is nothing behind; only then Python minds whether other fields have
  ///   numbers.
  private mutating func first(
    _ name: MarkedString, isWhole: Bool, _ run: TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    let isNumber = !name.isEmpty && name.bytes.allSatisfy { (0x30...0x39).contains($0) }
    if isNumber || (name.isEmpty && isWhole) {
      var place = Int(name.text) ?? Int.max
      if name.isEmpty {
        guard let automatic = next else { throw fail(run, "numbered and other fields") }
        place = automatic
        next = automatic + 1
      } else if isWhole {
        guard next == nil || next == 0 else { throw fail(run, "numbered and other fields") }
        next = nil
      }
      guard arguments.positional.indices.contains(place) else {
        throw fail(run, "no value \(place)")
      }
      return arguments.positional[place]
    }
    let wanted = name.text
    guard let found = arguments.keywords.first(where: { $0.name == wanted }) else {
      throw fail(run, "no value '\(wanted)'")
    }
    return found.value
  }
}
