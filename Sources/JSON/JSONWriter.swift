/// How a document is written.
public struct JSONWriterOptions: Sendable, Hashable {
  /// Two spaces a level and a line per member; otherwise one line without spaces.
  public var isPretty = false
  /// Writes everything outside ASCII as `\u` escapes.
  public var escapesNonASCII = false

  public init(isPretty: Bool = false, escapesNonASCII: Bool = false) {
    self.isPretty = isPretty
    self.escapesNonASCII = escapesNonASCII
  }
}

extension JSONValue {
  /// The document as text; numbers keep their digits.
  public func serialized(_ options: JSONWriterOptions = JSONWriterOptions()) -> String {
    var writer = JSONWriter(options: options)
    writer.write(self, level: 0)
    return writer.text
  }
}

struct JSONWriter {
  let options: JSONWriterOptions
  private(set) var text = ""

  init(options: JSONWriterOptions) { self.options = options }

  mutating func write(_ value: JSONValue, level: Int) {
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let value): text += value.text
    case .string(let value): write(value)
    case .array(let elements):
      list("[", "]", elements, level) { writer, element in
        writer.write(element, level: level + 1)
      }
    case .object(let members):
      list("{", "}", members, level) { writer, member in
        writer.write(member.key)
        writer.text += writer.options.isPretty ? ": " : ":"
        writer.write(member.value, level: level + 1)
      }
    }
  }

  private mutating func list<Elements: Collection>(
    _ open: String, _ close: String, _ elements: Elements, _ level: Int,
    _ writeElement: (inout JSONWriter, Elements.Element) -> Void
  ) {
    text += open
    var isFirst = true
    for element in elements {
      if !isFirst { text += "," }
      isFirst = false
      if options.isPretty { newLine(level + 1) }
      writeElement(&self, element)
    }
    if options.isPretty, !elements.isEmpty { newLine(level) }
    text += close
  }

  private mutating func newLine(_ level: Int) {
    text += "\n" + String(repeating: "  ", count: level)
  }

  private mutating func write(_ string: String) {
    text += "\""
    if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 < 0x80 }) {
      text += string
    } else {
      for scalar in string.unicodeScalars { write(scalar) }
    }
    text += "\""
  }

  private mutating func write(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": text += "\\\""
    case "\\": text += "\\\\"
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case "\u{8}": text += "\\b"
    case "\u{C}": text += "\\f"
    default:
      if scalar.value < 0x20 || (options.escapesNonASCII && !scalar.isASCII) {
        for unit in String(scalar).utf16 { escape(unit) }
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }

  private mutating func escape(_ unit: UInt16) {
    let digits = String(unit, radix: 16)
    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
