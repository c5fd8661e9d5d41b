extension TemplateRun {
  /// The text of a value, as Python's `str` gives it.
  mutating func text(of value: TemplateValue) throws(TemplateError) -> MarkedString {
    switch value {
    case .text(let text): return text.string
    case .undefined, .missing: return MarkedString()
    case .int(let value): return MarkedString(String(value), origin: .template)
    default:
      var text = MarkedString()
      try write(representationOf: value, to: &text)
      return text
    }
  }

  /// Python's `repr`.
  mutating func representation(of value: TemplateValue) throws(TemplateError) -> MarkedString {
    var text = MarkedString()
    try write(representationOf: value, to: &text)
    return text
  }

  private mutating func write(
    representationOf value: TemplateValue, to text: inout MarkedString
  ) throws(TemplateError) {
    try charge(walk: value)
    var writer = TemplateRepresentation()
    try writer.write(value, &self)
    text = writer.text
    try charge(bytes: text.utf8Count)
  }
}

/// Writes values as Python's `repr` does, each character with its origin.
private struct TemplateRepresentation {
  private(set) var text = MarkedString()
  private var namespaceDepth = 0
  private static let namespaceLimit = 20

  mutating func write(
    _ value: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) {
    switch value {
    case .undefined, .missing: text.append("Undefined")
    case .none: text.append("None")
    case .bool(let value): text.append(value ? "True" : "False")
    case .int(let value): text.append(String(value))
    case .big(let value): text.append(try run.decimal(value))
    case .double(let value): text.append(PythonText.representation(value))
    case .text(let string): write(quoted: string.string)
    case .list(let list): try write(list.elements, "[", "]", &run)
    case .tuple(let list):
      try write(list.elements, "(", list.elements.count == 1 ? ",)" : ")", &run)
    case .dict(let dictionary): try write(dictionary.members, &run)
    case .view(let view):
      text.append(view.kind.rawValue + "(")
      try write((0..<view.count).map { view[$0] }, "[", "])", &run)
    case .range(let range):
      text.append(
        "range(\(range.start), \(range.stop)" + (range.step == 1 ? ")" : ", \(range.step))"))
    case .namespace(let place): try write(namespace: place, &run)
    case .loop(let state):
      let length = try state.length(&run)
      text.append("<LoopContext \(state.index + 1)/\(length)>")
    case .callable(let callable): try write(callable, &run)
    case .iterator(let iterator): text.append("<\(iterator.kind) object>")
    }
  }

  private mutating func write(
    _ callable: TemplateCallable, _ run: inout TemplateRun
  ) throws(TemplateError) {
    switch callable.content {
    case .macro(let macro):
      let unit = macro.unit
      text.append(unit.isCaller ? "<Macro anonymous>" : "<Macro '\(unit.name)'>")
    case .method(let method, .loop(let state)):
      text.append("<bound method LoopContext.\(method.name) of ")
      try write(.loop(state), &run)
      text.append(">")
    case .method(let method, let receiver):
      // Python shows where the object is; this is as long.
      text.append(
        "<built-in method \(method.name) of \(receiver.kind) object at 0x7f0000000000>")
    default: text.append("<\(callable.kind)>")
    }
  }

  /// Namespaces may hold themselves, which ends in an error.
  private mutating func write(
    namespace place: Int, _ run: inout TemplateRun
  ) throws(TemplateError) {
    namespaceDepth += 1
    defer { namespaceDepth -= 1 }
    guard namespaceDepth <= TemplateRepresentation.namespaceLimit else {
      throw run.fail(.limit, "namespaces nested more than allowed")
    }
    let members = run.namespaces[place]
    for entry in members.entries { try run.charge(walk: entry.value) }
    text.append("<Namespace ")
    try write(members, &run)
    text.append(">")
  }

  private mutating func write(
    _ values: [TemplateValue], _ open: String, _ close: String,
    _ run: inout TemplateRun
  ) throws(TemplateError) {
    text.append(open)
    for (i, value) in values.enumerated() {
      if i > 0 { text.append(", ") }
      try write(value, &run)
    }
    text.append(close)
  }

  private mutating func write(
    _ members: TemplateMembers, _ run: inout TemplateRun
  ) throws(TemplateError) {
    text.append("{")
    for (i, entry) in members.entries.enumerated() {
      if i > 0 { text.append(", ") }
      try write(entry.key, &run)
      text.append(": ")
      try write(entry.value, &run)
    }
    text.append("}")
  }

  private mutating func write(quoted string: MarkedString) {
    if string.isMarkup { text.append("Markup(") }
    text.append(PythonText.quoted(string))
    if string.isMarkup { text.append(")") }
  }
}

extension PythonText {
  /// `repr` of a text: single quotes, unless it has some and no double ones.
  static func quoted(_ string: MarkedString) -> MarkedString {
    let single = UInt8(ascii: "'")
    let hasDouble = string.bytes.contains(UInt8(ascii: "\""))
    let quote = string.bytes.contains(single) && !hasDouble ? UInt8(ascii: "\"") : single
    var result = MarkedString()
    result.append(quote, origin: .template)
    result.append(string.plain.mapRuns { escaped($0, quote: quote) })
    result.append(quote, origin: .template)
    return result
  }

  private static func escaped(_ bytes: [UInt8], quote: UInt8) -> [UInt8] {
    if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x5C && $0 != quote }) { return bytes }
    return mapScalars(bytes) { scalar in
      switch scalar {
      case "\\": return "\\\\"
      case "\n": return "\\n"
      case "\r": return "\\r"
      case "\t": return "\\t"
      default:
        if scalar.value == UInt32(quote) { return "\\" + String(scalar) }
        return isPrintable(scalar) ? String(scalar) : escape(scalar)
      }
    }
  }

  /// `\x`, `\u` or `\U` with as many digits as it takes.
  static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    let (letter, width) =
      scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
    return "\\" + letter + String(repeating: "0", count: width - digits.count) + digits
  }

  /// `str.isprintable` of one character.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value >= 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      return false
    case .spaceSeparator: return scalar == " "
    default: return true
    }
  }
}
