/// `json.dumps` as `transformers` calls it for the filter `tojson`.
struct TemplateJSONWriter {
  private(set) var text = MarkedString()
  /// A text per level; nil for one line.
  var indent: MarkedString?
  var itemSeparator = MarkedString(", ", origin: .template)
  var keySeparator = MarkedString(": ", origin: .template)
  var sortsKeys = false
  var escapesNonASCII = false
  private var depth = 0

  mutating func write(
    _ value: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) {
    switch value {
    case .none: text.append("null")
    case .bool(let value): text.append(value ? "true" : "false")
    case .int(let value): text.append(String(value))
    case .big(let value): text.append(try run.decimal(value))
    case .double(let value): text.append(TemplateJSONWriter.number(value))
    case .text(let string): write(string.string)
    case .list(let list), .tuple(let list): try write(list.elements, &run)
    case .dict(let dictionary): try write(dictionary.members, &run)
    default:
      throw run.fail(.type, "Object of type \(value.kind) is not JSON serializable")
    }
  }

  private static func number(_ value: Double) -> String {
    value.isNaN
      ? "NaN"
      : value.isInfinite
        ? (value < 0 ? "-Infinity" : "Infinity") : PythonText.representation(value)
  }

  private mutating func newLine(_ run: inout TemplateRun) throws(TemplateError) {
    guard let indent else { return }
    text.append(0x0A, origin: .template)
    for _ in 0..<depth { text.append(indent) }
    try run.step(1 + depth * (1 + indent.utf8Count / 16))
  }

  private mutating func write(
    _ values: [TemplateValue], _ run: inout TemplateRun
  ) throws(TemplateError) {
    guard !values.isEmpty else {
      text.append("[]")
      return
    }
    text.append("[")
    depth += 1
    for (i, value) in values.enumerated() {
      if i > 0 { text.append(itemSeparator) }
      try newLine(&run)
      try write(value, &run)
    }
    depth -= 1
    try newLine(&run)
    text.append("]")
  }

  private mutating func write(
    _ members: TemplateMembers, _ run: inout TemplateRun
  ) throws(TemplateError) {
    guard members.count > 0 else {
      text.append("{}")
      return
    }
    var entries = members.entries
    if sortsKeys {
      entries = try run.sorted(entries, isReversed: false) {
        (entry: (key: TemplateValue, value: TemplateValue), _) throws(TemplateError) in entry.key
      }
    }
    text.append("{")
    depth += 1
    for (i, entry) in entries.enumerated() {
      if i > 0 { text.append(itemSeparator) }
      try newLine(&run)
      try write(key: entry.key, &run)
      text.append(keySeparator)
      try write(entry.value, &run)
    }
    depth -= 1
    try newLine(&run)
    text.append("}")
  }

  private mutating func write(
    key: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) {
    switch key {
    case .text(let name): write(name.string)
    case .none: text.append("\"null\"")
    case .bool(let value): text.append(value ? "\"true\"" : "\"false\"")
    case .int(let value): text.append("\"\(value)\"")
    case .big(let value): text.append("\"" + (try run.decimal(value)) + "\"")
    case .double(let value): text.append("\"" + TemplateJSONWriter.number(value) + "\"")
    default:
      throw run.fail(
        .type, "keys must be str, int, float, bool or None, not \(key.kind)")
    }
  }

  private mutating func write(_ string: MarkedString) {
    text.append(0x22, origin: .template)
    let escapesAll = escapesNonASCII
    if TemplateJSONWriter.needsEscapes(string.bytes, escapesAll) {
      text.append(string.plain.mapRuns { TemplateJSONWriter.escaped($0, nonASCII: escapesAll) })
    } else {
      text.append(string)
    }
    text.append(0x22, origin: .template)
  }

  private static func needsEscapes(_ bytes: [UInt8], _ nonASCII: Bool) -> Bool {
    for byte in bytes
    where byte < 0x20 || byte == 0x22 || byte == 0x5C || (nonASCII && byte >= 0x7F) {
      return true
    }
    return false
  }

  private static func escaped(_ bytes: [UInt8], nonASCII: Bool) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + 16)
    guard !nonASCII else {
      return PythonText.mapScalars(bytes) { scalar in
        scalar.value < 0x7F
          ? String(decoding: escapedASCII(UInt8(scalar.value)), as: UTF8.self)
          : String(scalar).utf16.map(unit).joined()
      }
    }
    for byte in bytes {
      if byte >= 0x20, byte != 0x22, byte != 0x5C {
        result.append(byte)
      } else {
        result += escapedASCII(byte)
      }
    }
    return result
  }

  private static func escapedASCII(_ byte: UInt8) -> [UInt8] {
    switch byte {
    case 0x22: Array("\\\"".utf8)
    case 0x5C: Array("\\\\".utf8)
    case 0x0A: Array("\\n".utf8)
    case 0x0D: Array("\\r".utf8)
    case 0x09: Array("\\t".utf8)
    case 0x08: Array("\\b".utf8)
    case 0x0C: Array("\\f".utf8)
    case 0..<0x20: Array(unit(UInt16(byte)).utf8)
    default: [byte]
    }
  }

  private static func unit(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
