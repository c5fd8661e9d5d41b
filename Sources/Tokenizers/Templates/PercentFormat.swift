extension TemplateRun {
  /// `format % values`.
  mutating func percentFormat(
    _ format: MarkedString, _ values: TemplateValue
  ) throws(TemplateError) -> MarkedString {
    var formatter = PercentFormatter(format, values)
    return try formatter.text(&self)
  }
}

/// One `%` operation on a text.
private struct PercentFormatter {
  private let format: MarkedString
  private let values: TemplateValue
  private var list: [TemplateValue]
  private var next = 0
  private var at = 0

  init(_ format: MarkedString, _ values: TemplateValue) {
    self.format = format
    self.values = values
    if case .tuple(let tuple) = values { list = tuple.elements } else { list = [values] }
  }

  /// What Python takes for a mapping: it may stay unused.
  private var isMapping: Bool {
    switch values {
    case .list, .dict, .range, .undefined: true
    default: false
    }
  }

  mutating func text(_ run: inout TemplateRun) throws(TemplateError) -> MarkedString {
    var result = MarkedString()
    while let found = format.firstRange(of: [0x25], from: at) {
      result.append(format[at..<found.lowerBound])
      at = found.upperBound
      let part = try conversion(&run)
      try run.charge(bytes: result.utf8Count + part.utf8Count)
      result.append(format.isMarkup ? part.escaped : part)
    }
    result.append(format[at..<format.utf8Count])
    guard next >= list.count || isMapping else {
      throw run.fail(.type, "not all arguments converted during string formatting")
    }
    result.isMarkup = format.isMarkup
    return result
  }

  private func fail(_ run: TemplateRun, _ message: String) -> TemplateError {
    run.fail(.type, message + " in a format")
  }

  private mutating func conversion(
    _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    let bytes = format.bytes
    var spec = FormatSpec()
    spec.isEmpty = false
    var named: TemplateValue?
    if at < bytes.count, bytes[at] == UInt8(ascii: "(") { named = try namedValue(&run) }
    readFlags(&spec)
    spec.width = try size(named == nil, &run) ?? 0
    if spec.width < 0 {
      spec.width = 0 &- spec.width
      spec.alignment = UInt8(ascii: "<")
    }
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      at += 1
      spec.precision = max(0, try size(named == nil, &run) ?? 0)
    }
    while at < bytes.count, "hlL".utf8.contains(bytes[at]) { at += 1 }
    guard at < bytes.count else { throw fail(run, "incomplete conversion") }
    spec.type = bytes[at]
    at += 1
    if spec.type == UInt8(ascii: "%") { return format[at - 1..<at] }
    let value: TemplateValue
    if let named { value = named } else { value = try take(&run) }
    try run.charge(bytes: spec.width)
    try run.charge(bytes: spec.precision ?? 0)
    return try set(value, spec, &run)
  }

  private mutating func take(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    guard next < list.count else { throw fail(run, "not enough arguments") }
    next += 1
    return list[next - 1]
  }

  /// `(name)`, with parentheses in it balanced.
  private mutating func namedValue(
    _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    guard isMapping else { throw fail(run, "a mapping is required") }
    let start = at + 1
    var depth = 0
    while at < start || depth > 0 {
      guard at < format.utf8Count else { throw fail(run, "an incomplete name") }
      depth += format.bytes[at] == 0x28 ? 1 : format.bytes[at] == 0x29 ? -1 : 0
      at += 1
    }
    let name = format[start..<at - 1].plain
    try run.use(values)
    guard case .dict(let dictionary) = values, let value = dictionary.members[name.bytes] else {
      throw fail(run, "no value '\(name)'")
    }
    // Positional ones count as used.
    next = list.count
    return value
  }

  private mutating func readFlags(_ spec: inout FormatSpec) {
    while at < format.utf8Count {
      switch format.bytes[at] {
      case UInt8(ascii: "-"): spec.alignment = UInt8(ascii: "<")
      case UInt8(ascii: "0"):
        if spec.alignment == nil { spec.alignment = UInt8(ascii: "=") }
      case UInt8(ascii: "+"): spec.sign = UInt8(ascii: "+")
      case UInt8(ascii: " "): if spec.sign == nil { spec.sign = UInt8(ascii: " ") }
      case UInt8(ascii: "#"): spec.isAlternate = true
      default: return
      }
      at += 1
    }
  }

  /// Digits, or `*` for the next argument.
  private mutating func size(
    _ allowsStar: Bool, _ run: inout TemplateRun
  ) throws(TemplateError) -> Int? {
    guard at < format.utf8Count, format.bytes[at] == UInt8(ascii: "*") else {
      return FormatSpec.number(format.bytes, &at)
    }
    guard allowsStar else { throw fail(run, "'*' with a name") }
    at += 1
    let value = try take(&run)
    guard let size = value.integer, size.magnitude < 1 << 40 else {
      throw fail(run, "'*' wants int")
    }
    return size
  }

  private func set(
    _ value: TemplateValue, _ spec: FormatSpec, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    switch spec.type {
    case UInt8(ascii: "s"): return text(try run.text(of: value), spec)
    case UInt8(ascii: "r"): return text(try run.representation(of: value), spec)
    case UInt8(ascii: "a"):
      let text = try run.representation(of: value)
      return self.text(text.mapRuns(PythonText.asciiOnly), spec)
    case UInt8(ascii: "c"): return text(try character(value, run), spec)
    case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"):
      try run.use(value)
      if let integer = value.wholeNumber { return try number(integer, 10, spec, &run) }
      guard case .double(let number) = value, number.isFinite else {
        throw fail(run, "a number is required, not \(value.kind),")
      }
      return try self.number(BigInteger(truncating: number), 10, spec, &run)
    case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o"):
      try run.use(value)
      guard let integer = value.wholeNumber else {
        throw fail(run, "an integer is required, not \(value.kind),")
      }
      return try number(integer, spec.type == UInt8(ascii: "o") ? 8 : 16, spec, &run)
    default: return try float(value, spec, run)
    }
  }

  private func text(_ text: MarkedString, _ spec: FormatSpec) -> MarkedString {
    let cut = spec.precision.map { text.plain.prefix($0) } ?? text
    var spec = spec
    if spec.alignment == UInt8(ascii: "=") { spec.alignment = nil }
    return spec.padded(cut, default: UInt8(ascii: ">"))
  }

  private func character(
    _ value: TemplateValue, _ run: TemplateRun
  ) throws(TemplateError) -> MarkedString {
    if let text = value.string, text.characterCount == 1 { return text }
    guard let integer = value.integer, let code = UInt32(exactly: integer),
      let scalar = Unicode.Scalar(code)
    else { throw fail(run, "%c requires int or char,") }
    return MarkedString(String(scalar), origin: .template)
  }

  private func zeroFilled(_ spec: FormatSpec) -> FormatSpec {
    var spec = spec
    if spec.alignment == UInt8(ascii: "=") {
      spec.fill = MarkedString("0", origin: .template)
    }
    return spec
  }

  private func number(
    _ integer: BigInteger, _ radix: Int, _ spec: FormatSpec, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    let isUpper = spec.type == UInt8(ascii: "X")
    var digits = try run.text(of: integer.magnitude, radix: radix, isUppercase: isUpper)
    if let precision = spec.precision, precision > digits.utf8.count {
      digits = String(repeating: "0", count: precision - digits.utf8.count) + digits
    }
    let prefix = spec.isAlternate && radix != 10 ? "0" + String(Unicode.Scalar(spec.type)) : ""
    return zeroFilled(spec).set(digits: (integer.isNegative ? "-" : "") + digits, prefix: prefix)
  }

  private func float(
    _ value: TemplateValue, _ spec: FormatSpec, _ run: TemplateRun
  ) throws(TemplateError) -> MarkedString {
    let digits = spec.precision ?? 6
    let isKnown = "eEfFgG".utf8.contains(spec.type)
    guard isKnown else { throw fail(run, "an unsupported character") }
    let number = try run.number(value, for: "a float's conversion")
    var text: String
    switch spec.type | 0x20 {
    case UInt8(ascii: "e"): text = NumberText.exponential(number, digits)
    case UInt8(ascii: "f"): text = NumberText.fixed(number, digits)
    default: text = NumberText.general(number, max(1, digits), isAlternate: spec.isAlternate)
    }
    if spec.type & 0x20 == 0 { text = text.uppercased() }
    return zeroFilled(spec).set(digits: text)
  }
}

extension PythonText {
  /// Everything outside ASCII as escapes, as `ascii` does.
  static func asciiOnly(_ text: [UInt8]) -> [UInt8] {
    mapScalars(text) { $0.value < 0x80 ? String($0) : escape($0) }
  }
}
