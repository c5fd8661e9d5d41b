extension JSONValue {
  /// Parses a whole document.
  ///
  /// - Throws: `JSONError` with line and column: bad syntax, invalid UTF-8, lone surrogates,
  ///   duplicate names, anything after the value, or more than `limits` allow.
  /// - Source: RFC 8259.
  public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
    var parser = JSONParser(bytes: bytes, limits: limits)
    self = try parser.document()
  }

  public init(parsing text: String, limits: JSONLimits = .default) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }
}

struct JSONParser {
  private let bytes: [UInt8]
  private let limits: JSONLimits
  private var at = 0
  private var depth = 0
  private var values = 0

  init(bytes: [UInt8], limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func document() throws(JSONError) -> JSONValue {
    guard bytes.count <= limits.bytes else {
      throw error("document has \(bytes.count) bytes, at most \(limits.bytes) are allowed", at: 0)
    }
    // Checked once for the whole document, so that strings need no check of their own.
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw error("invalid UTF-8", at: firstInvalidByte())
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    skipSpace()
    let value = try value()
    skipSpace()
    if at < bytes.count { throw error("expected the end of the document") }
    return value
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    guard at < bytes.count else { throw error("expected a value, found the end") }
    values += 1
    guard values <= limits.values else { throw error("more than \(limits.values) values") }
    switch bytes[at] {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw error("expected a value")
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError)
    -> JSONValue
  {
    let expected = text.description.utf8
    guard bytes[at...].starts(with: expected) else { throw error("expected a value") }
    at += expected.count
    return value
  }

  private mutating func object() throws(JSONError) -> JSONObject {
    try enter()
    var members = JSONObject()
    skipSpace()
    if take("}") {
      depth -= 1
      return members
    }
    while true {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
        throw error("expected a member's name")
      }
      let nameStart = at
      let name = try string()
      skipSpace()
      guard take(":") else { throw error("expected ':'") }
      skipSpace()
      let value = try value()
      if !members.append(name, value) {
        guard limits.allowsDuplicateKeys else {
          throw error("member '\(name)' is given twice", at: nameStart)
        }
        members[name] = value
      }
      skipSpace()
      if take("}") { break }
      guard take(",") else { throw error("expected ',' or '}'") }
    }
    depth -= 1
    return members
  }

  private mutating func array() throws(JSONError) -> [JSONValue] {
    try enter()
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") {
      depth -= 1
      return elements
    }
    while true {
      skipSpace()
      elements.append(try value())
      skipSpace()
      if take("]") { break }
      guard take(",") else { throw error("expected ',' or ']'") }
    }
    depth -= 1
    return elements
  }

  private mutating func enter() throws(JSONError) {
    depth += 1
    if depth > limits.depth { throw error("nested more than \(limits.depth) deep") }
    at += 1
  }

  private mutating func string() throws(JSONError) -> String {
    let start = at + 1
    at = start
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        at += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      if byte < 0x20 { throw error("control character in a string; it must be escaped") }
      at += 1
    }
    throw error("string without an end", at: start - 1)
  }

  /// The slow path: from the first backslash on.
  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var text = Array(bytes[start..<at])
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
      case 0..<0x20:
        throw error("control character in a string; it must be escaped", at: at - 1)
      default: text.append(byte)
      }
    }
    throw error("string without an end", at: start - 1)
  }

  private mutating func escape() throws(JSONError) -> [UInt8] {
    guard at < bytes.count else { throw error("string without an end") }
    let letter = bytes[at]
    at += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw error("unknown escape", at: at - 2)
    }
  }

  private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
    let start = at - 2
    var code = try hexDigits()
    if 0xD800..<0xDC00 ~= code {
      guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
        bytes[at + 1] == UInt8(ascii: "u")
      else { throw error("lone surrogate", at: start) }
      at += 2
      let low = try hexDigits()
      guard 0xDC00..<0xE000 ~= low else { throw error("lone surrogate", at: start) }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw error("lone surrogate", at: start) }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func hexDigits() throws(JSONError) -> UInt32 {
    guard at + 4 <= bytes.count else { throw error("expected four hexadecimal digits") }
    var code: UInt32 = 0
    for byte in bytes[at..<at + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw error("expected four hexadecimal digits")
      }
      code = code << 4 + UInt32(digit)
    }
    at += 4
    return code
  }

  private mutating func number() throws(JSONError) -> JSONNumber {
    let start = at
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    guard at - start <= limits.numberLength else {
      throw error("number of \(at - start) characters", at: start)
    }
    return JSONNumber(text: String(decoding: bytes[start..<at], as: UTF8.self))
  }

  private mutating func digits() throws(JSONError) {
    let start = at
    while at < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[at] { at += 1 }
    if at == start { throw error("expected a digit") }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private mutating func skipSpace() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x0A, 0x0D, 0x09: at += 1
      default: return
      }
    }
  }

  private func error(_ message: String, at place: Int? = nil) -> JSONError {
    let offset = min(place ?? at, bytes.count)
    let before = bytes[..<offset]
    let line = before.count { $0 == 0x0A } + 1
    let column = offset - (before.lastIndex(of: 0x0A) ?? -1)
    return JSONError(message: message, offset: offset, line: line, column: column)
  }

  private func firstInvalidByte() -> Int {
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .valid(let scalar) = parser.parseScalar(from: &iterator) { offset += scalar.count }
    return offset
  }
}
