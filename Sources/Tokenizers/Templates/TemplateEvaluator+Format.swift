extension TemplateEvaluator {
  /// `format % values`: `%s`, `%r`, `%d`, `%i`, `%f`, `%x`, `%%` with width and precision.
  mutating func percentFormat(
    _ format: MarkedString, _ values: TemplateValue
  ) throws(TemplateError) -> MarkedString {
    var rest: [TemplateValue]
    if case .tuple(let values) = values { rest = values.reversed() } else { rest = [values] }
    var result = MarkedString()
    result.isMarkup = format.isMarkup
    var at = 0
    while let found = format.firstRange(of: [0x25], from: at) {
      result.append(format[at..<found.lowerBound])
      at = found.upperBound
      var spec = FormatSpec()
      var name: [UInt8]?
      if at < format.utf8Count, format.bytes[at] == 0x28,
        let close = format.firstRange(of: [0x29], from: at)
      {
        name = Array(format.bytes[at + 1..<close.lowerBound])
        at = close.upperBound
      }
      at = spec.readPercent(format.bytes, from: at)
      guard at < format.utf8Count else { throw fail(.type, "incomplete format") }
      spec.type = format.bytes[at]
      at += 1
      if spec.type == 0x25 {
        result.append(0x25, origin: .template)
        continue
      }
      let value: TemplateValue
      if let name, case .dict(let members) = values {
        value = members[name] ?? .none
      } else {
        guard let next = rest.popLast() else {
          throw fail(.type, "not enough arguments for format string")
        }
        value = next
      }
      try charge(bytes: spec.width)
      let text = try formatted(value, spec)
      result.append(format.isMarkup ? text.escaped : text)
      try charge(bytes: result.utf8Count)
    }
    result.append(format[at..<format.utf8Count])
    guard rest.isEmpty || values.isSubscriptable else {
      throw fail(.type, "not all arguments converted during string formatting")
    }
    return result
  }

  /// `format.format(..)`: `{}`, `{0}`, `{name}`, attributes, elements, conversions and a format.
  mutating func braceFormat(
    _ format: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> MarkedString {
    var result = MarkedString()
    result.isMarkup = format.isMarkup
    var at = 0
    var next = 0
    let bytes = format.bytes
    while at < bytes.count {
      let byte = bytes[at]
      guard byte == 0x7B || byte == 0x7D else {
        result.append(byte, origin: format.isTemplate(at..<at + 1) ? .template : .caller)
        at += 1
        continue
      }
      if at + 1 < bytes.count, bytes[at + 1] == byte {
        result.append(byte, origin: format.isTemplate(at..<at + 1) ? .template : .caller)
        at += 2
        continue
      }
      guard byte == 0x7B, let close = format.firstRange(of: [0x7D], from: at) else {
        throw fail(.type, "single '}' or '{' encountered in format string")
      }
      let field = String(decoding: bytes[at + 1..<close.lowerBound], as: UTF8.self)
      let text = try replacement(field, arguments, &next)
      result.append(format.isMarkup ? text.escaped : text)
      try charge(bytes: result.utf8Count)
      at = close.upperBound
    }
    return result
  }

  private mutating func replacement(
    _ field: String, _ arguments: TemplateCallArguments, _ next: inout Int
  ) throws(TemplateError) -> MarkedString {
    let (head, specText) = field.cut(at: ":")
    let (path, conversion) = head.cut(at: "!")
    var spec = FormatSpec()
    spec.readBrace(Array((specText ?? "").utf8))
    var value = try formatArgument(path, arguments, &next)
    if let conversion {
      var writer = TemplateWriter()
      if conversion == "r" {
        writer.writeRepresentation(of: value, depth: 0)
      } else {
        writer.write(value)
      }
      value = .string(writer.text)
    }
    if spec.type == UInt8(ascii: "s"), value.string == nil {
      throw fail(.type, "unknown format code 's' for object of type '\(value.kind)'")
    }
    try charge(bytes: spec.width)
    return try formatted(value, spec)
  }

  private mutating func formatArgument(
    _ path: String, _ arguments: TemplateCallArguments, _ next: inout Int
  ) throws(TemplateError) -> TemplateValue {
    let end = path.firstIndex { $0 == "." || $0 == "[" } ?? path.endIndex
    let first = String(path[..<end])
    var value: TemplateValue?
    if first.isEmpty {
      value = arguments.positional.indices.contains(next) ? arguments.positional[next] : nil
      next += 1
    } else if let index = Int(first) {
      value = arguments.positional.indices.contains(index) ? arguments.positional[index] : nil
    } else {
      value = arguments.keyword(first)
    }
    guard var found = value else {
      throw fail(.type, "no argument for '{\(path)}' in format string")
    }
    var rest = path[end...]
    while let mark = rest.popFirst() {
      let stop = rest.firstIndex { mark == "[" ? $0 == "]" : $0 == "." || $0 == "[" }
      let name = String(rest[..<(stop ?? rest.endIndex)])
      rest = stop.map { mark == "[" ? rest[rest.index(after: $0)...] : rest[$0...] } ?? ""
      found =
        mark == "["
        ? try item(Int(name).map { .int($0) } ?? .text(name), of: found)
        : try attribute(name, of: found)
    }
    return found
  }

  private mutating func formatted(
    _ value: TemplateValue, _ spec: FormatSpec
  ) throws(TemplateError) -> MarkedString {
    switch spec.type {
    case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"):
      let number = try number(value, for: "%d")
      let digits =
        value.integer.map(String.init) ?? String(Int(exactly: number.rounded(.towardZero)) ?? 0)
      return spec.padded(number: digits)
    case UInt8(ascii: "f"), UInt8(ascii: "F"):
      let number = try number(value, for: "%f")
      return spec.padded(number: DecimalText.fixed(number, spec.precision ?? 6))
    case UInt8(ascii: "x"): return spec.padded(number: String(try integer(value), radix: 16))
    case UInt8(ascii: "X"):
      return spec.padded(number: String(try integer(value), radix: 16, uppercase: true))
    case UInt8(ascii: "o"): return spec.padded(number: String(try integer(value), radix: 8))
    case UInt8(ascii: "r"):
      var writer = TemplateWriter()
      writer.writeRepresentation(of: value, depth: 0)
      return spec.padded(writer.text)
    case 0, UInt8(ascii: "s"):
      if spec.type == 0, value.number != nil, value.integer != nil || spec.precision == nil {
        if case .bool = value {} else { return spec.padded(number: try text(of: value).text) }
      }
      return spec.padded(try text(of: value))
    default:
      throw fail(.type, "unsupported format character '\(String(Unicode.Scalar(spec.type)))'")
    }
  }

  private func integer(_ value: TemplateValue) throws(TemplateError) -> Int {
    try use(value)
    guard let integer = value.integer else { throw fail(.type, "an integer is required") }
    return integer
  }
}

extension String {
  /// The text before the first such character and after it.
  fileprivate func cut(at character: Character) -> (String, String?) {
    guard let place = firstIndex(of: character) else { return (self, nil) }
    return (String(self[..<place]), String(self[index(after: place)...]))
  }
}

extension TemplateValue {
  /// What Python's `%` takes for a mapping: it may stay unused.
  fileprivate var isSubscriptable: Bool {
    switch self {
    case .list, .dict, .range, .undefined: true
    default: false
    }
  }
}

/// How a value is set in a format: `[[fill]align][sign][0][width][,][.precision][type]`.
struct FormatSpec {
  var fill: UInt8 = 0x20
  var alignment: UInt8?
  var sign: UInt8?
  var width = 0
  var groups = false
  var precision: Int?
  var type: UInt8 = 0

  /// Reads flags, width and precision; returns where the type is.
  mutating func readPercent(_ text: [UInt8], from start: Int) -> Int {
    var at = start
    flags: while at < text.count {
      switch text[at] {
      case UInt8(ascii: "-"): alignment = UInt8(ascii: "<")
      case UInt8(ascii: "0"): fill = UInt8(ascii: "0")
      case UInt8(ascii: "+"), UInt8(ascii: " "): sign = text[at]
      case UInt8(ascii: "#"): break
      default: break flags
      }
      at += 1
    }
    if alignment == nil { alignment = UInt8(ascii: ">") }
    return readWidth(text, from: at)
  }

  mutating func readBrace(_ text: [UInt8]) {
    let alignments = Array("<>^=".utf8)
    var at = 0
    if text.count > 1, alignments.contains(text[1]) {
      fill = text[0]
      alignment = text[1]
      at = 2
    } else if let first = text.first, alignments.contains(first) {
      alignment = first
      at = 1
    }
    if at < text.count, [0x2B, 0x2D, 0x20].contains(text[at]) {
      sign = text[at]
      at += 1
    }
    if at < text.count, text[at] == 0x30 {
      fill = 0x30
      at += 1
    }
    at = readWidth(text, from: at)
    if at < text.count { type = text[at] }
  }

  private mutating func readWidth(_ text: [UInt8], from start: Int) -> Int {
    var at = start
    width = FormatSpec.number(text, &at) ?? 0
    if at < text.count, text[at] == 0x2C {
      groups = true
      at += 1
    }
    if at < text.count, text[at] == 0x2E {
      at += 1
      precision = FormatSpec.number(text, &at) ?? 0
    }
    return at
  }

  private static func number(_ text: [UInt8], _ at: inout Int) -> Int? {
    let start = at
    var value = 0
    while at < text.count, (0x30...0x39).contains(text[at]) {
      // Wider than any limit of text allows, and no overflow.
      value = min(value * 10 + Int(text[at] - 0x30), 1 << 40)
      at += 1
    }
    return at > start ? value : nil
  }

  func padded(_ text: MarkedString) -> MarkedString {
    var text = text
    if let precision, precision < text.characterCount {
      text = text.sliced(Array(0..<precision), 1)
    }
    return padded(
      text, default: UInt8(ascii: "<"), fill: fill == 0x30 && alignment == nil ? 0x20 : fill)
  }

  func padded(number digits: String) -> MarkedString {
    var digits = digits
    if groups { digits = FormatSpec.grouped(digits) }
    if let sign, sign != 0x2D, !digits.hasPrefix("-") {
      digits = String(Unicode.Scalar(sign)) + digits
    }
    let text = MarkedString(digits, origin: .template)
    guard fill == 0x30, alignment == nil || alignment == UInt8(ascii: ">") else {
      return padded(text, default: UInt8(ascii: ">"), fill: fill)
    }
    let signed = digits.hasPrefix("-") || digits.hasPrefix("+") || digits.hasPrefix(" ") ? 1 : 0
    let zeros = [UInt8](repeating: 0x30, count: max(0, width - text.utf8Count))
    return text[0..<signed] + MarkedString(bytes: zeros) + text[signed..<text.utf8Count]
  }

  private func padded(_ text: MarkedString, default side: UInt8, fill: UInt8) -> MarkedString {
    let missing = width - text.characterCount
    guard missing > 0 else { return text }
    let before: Int
    switch alignment ?? side {
    case UInt8(ascii: ">"), UInt8(ascii: "="): before = missing
    case UInt8(ascii: "^"): before = missing / 2
    default: before = 0
    }
    let left = MarkedString(bytes: Array(repeating: fill, count: before))
    return left + text + MarkedString(bytes: Array(repeating: fill, count: missing - before))
  }

  private static func grouped(_ digits: String) -> String {
    let whole = digits.prefix { $0 != "." }
    var result = ""
    for (i, character) in whole.reversed().enumerated() {
      if i > 0, i % 3 == 0, character != "-" { result.append(",") }
      result.append(character)
    }
    return String(result.reversed()) + digits.dropFirst(whole.count)
  }
}
