/// Values as text, each character with its origin.
struct TemplateWriter {
  var text = MarkedString()
  /// Nesting beyond this is refused; set where that happened.
  private(set) var isTooDeep = false
  private static let depthLimit = 200

  /// Python's `str`.
  static func string(of value: TemplateValue) -> MarkedString {
    if case .string(let text) = value { return text }
    var writer = TemplateWriter()
    writer.write(value)
    return writer.text
  }

  mutating func write(_ value: TemplateValue) {
    switch value {
    case .string(let string): text.append(string)
    case .undefined: break
    default: writeRepresentation(of: value, depth: 0)
    }
  }

  /// Python's `repr`.
  mutating func writeRepresentation(of value: TemplateValue, depth: Int) {
    guard depth < TemplateWriter.depthLimit else {
      isTooDeep = true
      return
    }
    switch value {
    case .undefined: text.append("Undefined")
    case .none: text.append("None")
    case .bool(let value): text.append(value ? "True" : "False")
    case .int(let value): text.append(String(value))
    case .double(let value): text.append(PythonText.representation(value))
    case .string(let string): writeQuoted(string)
    case .list(let values): write(values, "[", "]", depth)
    case .tuple(let values): write(values, "(", values.count == 1 ? ",)" : ")", depth)
    case .dict(let members): write(members, depth)
    case .iterator(let values, let kind):
      if kind == .generator {
        text.append("<generator object>")
      } else {
        text.append(kind.rawValue + "(")
        write(values, "[", "])", depth)
      }
    case .range(let range):
      text.append(
        "range(\(range.start), \(range.stop)" + (range.step == 1 ? ")" : ", \(range.step))"))
    case .namespace(let namespace):
      text.append("<Namespace ")
      write(namespace.members, depth)
      text.append(">")
    case .loop(let state): text.append("<LoopContext \(state.index + 1)/\(state.items.count)>")
    case .callable: text.append("<function>")
    }
  }

  private mutating func write(
    _ values: [TemplateValue], _ open: String, _ close: String, _ depth: Int
  ) {
    text.append(open)
    for (i, value) in values.enumerated() {
      if i > 0 { text.append(", ") }
      writeRepresentation(of: value, depth: depth + 1)
    }
    text.append(close)
  }

  private mutating func write(_ members: TemplateDictionary, _ depth: Int) {
    text.append("{")
    for (i, entry) in members.entries.enumerated() {
      if i > 0 { text.append(", ") }
      writeRepresentation(of: entry.key, depth: depth + 1)
      text.append(": ")
      writeRepresentation(of: entry.value, depth: depth + 1)
    }
    text.append("}")
  }

  /// Single quotes, unless the text has some and no double ones.
  private mutating func writeQuoted(_ string: MarkedString) {
    let hasSingle = string.bytes.contains(UInt8(ascii: "'"))
    let hasDouble = string.bytes.contains(UInt8(ascii: "\""))
    let quote = hasSingle && !hasDouble ? UInt8(ascii: "\"") : UInt8(ascii: "'")
    if string.isMarkup { text.append("Markup(") }
    text.append(quote, origin: .template)
    text.append(string.mapRuns { TemplateWriter.escaped($0, quote: quote) })
    text.append(quote, origin: .template)
    if string.isMarkup { text.append(")") }
  }

  private static func escaped(_ bytes: [UInt8], quote: UInt8) -> [UInt8] {
    PythonText.mapScalars(bytes) { scalar in
      switch scalar {
      case "\\": return "\\\\"
      case "\n": return "\\n"
      case "\r": return "\\r"
      case "\t": return "\\t"
      default:
        if scalar.value == UInt32(quote) { return "\\" + String(scalar) }
        guard !isPrintable(scalar) else { return String(scalar) }
        let digits = String(scalar.value, radix: 16)
        let (letter, width) =
          scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: width - digits.count) + digits
      }
    }
  }

  /// `str.isprintable`.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }
}

/// `json.dumps` as `transformers` calls it for the filter `tojson`.
struct TemplateJSONWriter {
  var text = MarkedString()
  /// Spaces, or a text, per level; nil for one line.
  var indent: [UInt8]?
  var itemSeparator: [UInt8] = [0x2C, 0x20]
  var keySeparator: [UInt8] = [0x3A, 0x20]
  var sortsKeys = false
  var escapesNonASCII = false
  private static let depthLimit = 200

  /// - Returns: what cannot be written, or nil.
  mutating func write(_ value: TemplateValue, depth: Int = 0) -> String? {
    guard depth < TemplateJSONWriter.depthLimit else { return "value nested too deep for JSON" }
    switch value {
    case .none: text.append("null")
    case .bool(let value): text.append(value ? "true" : "false")
    case .int(let value): text.append(String(value))
    case .double(let value): text.append(TemplateJSONWriter.number(value))
    case .string(let string): write(string)
    case .list(let values), .tuple(let values): return write(values, depth)
    case .dict(let members): return write(members, depth)
    case .undefined, .iterator, .range, .namespace, .loop, .callable:
      return "Object of type \(value.kind) is not JSON serializable"
    }
    return nil
  }

  private static func number(_ value: Double) -> String {
    value.isNaN
      ? "NaN"
      : value.isInfinite
        ? (value < 0 ? "-Infinity" : "Infinity") : PythonText.representation(value)
  }

  private mutating func newLine(_ depth: Int) {
    guard let indent else { return }
    text.append(0x0A, origin: .template)
    for _ in 0..<depth { text.append(indent, origin: .template) }
  }

  private mutating func write(_ values: [TemplateValue], _ depth: Int) -> String? {
    guard !values.isEmpty else {
      text.append("[]")
      return nil
    }
    text.append("[")
    for (i, value) in values.enumerated() {
      if i > 0 { text.append(itemSeparator, origin: .template) }
      newLine(depth + 1)
      if let failure = write(value, depth: depth + 1) { return failure }
    }
    newLine(depth)
    text.append("]")
    return nil
  }

  private mutating func write(_ members: TemplateDictionary, _ depth: Int) -> String? {
    guard members.count > 0 else {
      text.append("{}")
      return nil
    }
    var entries: [(name: MarkedString, value: TemplateValue)] = []
    for entry in members.entries {
      guard let name = TemplateJSONWriter.name(entry.key) else {
        return "keys must be str, int, float, bool or None, not \(entry.key.kind)"
      }
      entries.append((name, entry.value))
    }
    if sortsKeys { entries.sort { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) } }
    text.append("{")
    for (i, entry) in entries.enumerated() {
      if i > 0 { text.append(itemSeparator, origin: .template) }
      newLine(depth + 1)
      write(entry.name)
      text.append(keySeparator, origin: .template)
      if let failure = write(entry.value, depth: depth + 1) { return failure }
    }
    newLine(depth)
    text.append("}")
    return nil
  }

  private static func name(_ key: TemplateValue) -> MarkedString? {
    switch key {
    case .string(let name): return name
    case .none: return MarkedString("null", origin: .template)
    case .bool(let value): return MarkedString(value ? "true" : "false", origin: .template)
    case .int(let value): return MarkedString(String(value), origin: .template)
    case .double(let value): return MarkedString(number(value), origin: .template)
    default: return nil
    }
  }

  private mutating func write(_ string: MarkedString) {
    let escapes = escapesNonASCII
    text.append(0x22, origin: .template)
    text.append(string.mapRuns { TemplateJSONWriter.escaped($0, nonASCII: escapes) })
    text.append(0x22, origin: .template)
  }

  private static func escaped(_ bytes: [UInt8], nonASCII: Bool) -> [UInt8] {
    guard
      bytes.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || (nonASCII && $0 >= 0x7F) })
    else { return bytes }
    return PythonText.mapScalars(bytes) { scalar in
      switch scalar {
      case "\"": return "\\\""
      case "\\": return "\\\\"
      case "\n": return "\\n"
      case "\r": return "\\r"
      case "\t": return "\\t"
      case "\u{08}": return "\\b"
      case "\u{0C}": return "\\f"
      default:
        guard scalar.value < 0x20 || (nonASCII && scalar.value > 0x7E) else {
          return String(scalar)
        }
        return String(scalar).utf16.map { unit in
          let digits = String(unit, radix: 16)
          return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
      }
    }
  }
}
