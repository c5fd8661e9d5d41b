/// How a value is set in a format:
/// `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`.
///
/// - Source: Python 3.11, "Format Specification Mini-Language" and "printf-style String
/// Formatting".
struct FormatSpec {
  var fill = MarkedString(" ", origin: .template)
  var alignment: UInt8?
  var sign: UInt8?
  var isAlternate = false
  var width = 0
  var grouping: UInt8?
  var precision: Int?
  var type: UInt8 = 0
  /// Whether there is anything at all.
  var isEmpty = true

  private static let alignments = Array("<>^=".utf8)

  init() {}

  /// Reads a specification behind a colon; nil where it is none.
  init?(_ spec: MarkedString) {
    let text = spec.bytes
    isEmpty = text.isEmpty
    var at = 0
    let length = text.isEmpty ? 0 : UTF8Text.length(lead: text[0])
    if length > 0, length < text.count, FormatSpec.alignments.contains(text[length]) {
      fill = spec[0..<length]
      alignment = text[length]
      at = length + 1
    } else if let first = text.first, FormatSpec.alignments.contains(first) {
      alignment = first
      at = 1
    }
    func take(_ characters: String) -> UInt8? {
      guard at < text.count, characters.utf8.contains(text[at]) else { return nil }
      at += 1
      return text[at - 1]
    }
    sign = take("+- ")
    _ = take("z")
    isAlternate = take("#") != nil
    if take("0") != nil, alignment == nil {
      fill = MarkedString("0", origin: .template)
      alignment = UInt8(ascii: "=")
    }
    width = FormatSpec.number(text, &at) ?? 0
    grouping = take(",_")
    if take(".") != nil {
      guard let digits = FormatSpec.number(text, &at) else { return nil }
      precision = digits
    }
    if at < text.count {
      type = text[at]
      at += 1
    }
    guard at == text.count else { return nil }
  }

  static func number(_ text: [UInt8], _ at: inout Int) -> Int? {
    let start = at
    var value = 0
    while at < text.count, (0x30...0x39).contains(text[at]) {
      // Wider than any limit of text allows, and no overflow.
      value = min(value * 10 + Int(text[at] - 0x30), 1 << 40)
      at += 1
    }
    return at > start ? value : nil
  }

  // MARK: Setting

  /// A text, cut to the precision and padded.
  func set(_ text: MarkedString) -> MarkedString {
    let cut = precision.map { text.prefix($0) } ?? text
    return padded(cut, default: UInt8(ascii: "<"))
  }

  /// A number, given as its digits with a `-` where it is negative, with a prefix such as `0x`.
  func set(digits: String, prefix: String = "") -> MarkedString {
    let isNegative = digits.hasPrefix("-")
    var body = isNegative ? String(digits.dropFirst()) : digits
    var lead = isNegative ? "-" : ""
    if !isNegative, let sign, sign != UInt8(ascii: "-") { lead = String(Unicode.Scalar(sign)) }
    lead += prefix
    if let grouping {
      body = grouped(body, by: String(Unicode.Scalar(grouping)), after: lead.count)
    }
    guard alignment == UInt8(ascii: "=") else {
      return padded(MarkedString(lead + body, origin: .template), default: UInt8(ascii: ">"))
    }
    var result = MarkedString(lead, origin: .template)
    for _ in 0..<max(0, width - lead.utf8.count - body.utf8.count) { result.append(fill) }
    result.append(body, origin: .template)
    return result
  }

  func padded(_ text: MarkedString, default side: UInt8) -> MarkedString {
    let missing = width - text.characterCount
    guard missing > 0 else { return text }
    let before: Int
    switch alignment ?? side {
    case UInt8(ascii: ">"), UInt8(ascii: "="): before = missing
    case UInt8(ascii: "^"): before = missing / 2
    default: before = 0
    }
    var result = MarkedString()
    for _ in 0..<before { result.append(fill) }
    result.append(text)
    for _ in 0..<missing - before { result.append(fill) }
    return result
  }

  /// Digits before the point in groups; zeros that fill up to the width are grouped too.
  private func grouped(_ digits: String, by mark: String, after lead: Int) -> String {
    let size = "box".utf8.contains(type | 0x20) ? 4 : 3
    var whole = Array(digits.prefix { $0.isHexDigit && $0.isASCII })
    if !"xX".utf8.contains(type), let end = whole.firstIndex(where: { !$0.isNumber }) {
      whole = Array(whole[..<end])
    }
    let rest = digits.dropFirst(whole.count)
    func text() -> String {
      var result = ""
      for (i, digit) in whole.enumerated() {
        if i > 0, (whole.count - i) % size == 0 { result += mark }
        result.append(digit)
      }
      return result
    }
    var result = text()
    if fill.bytes == [0x30], alignment == UInt8(ascii: "=") {
      while lead + result.count + rest.count < width {
        whole.insert("0", at: 0)
        result = text()
      }
    }
    return result + rest
  }
}

extension TemplateRun {
  /// `format(value, spec)`.
  mutating func formatted(
    _ value: TemplateValue, _ spec: FormatSpec
  ) throws(TemplateError) -> MarkedString {
    try charge(bytes: spec.width + (spec.precision ?? 0))
    if spec.isEmpty { return try text(of: value) }
    switch value {
    case .text(let text):
      guard spec.type == 0 || spec.type == UInt8(ascii: "s"), spec.sign == nil,
        spec.alignment != UInt8(ascii: "=") || spec.fill.bytes == [0x30], !spec.isAlternate,
        spec.grouping == nil
      else { throw badFormat(spec, value) }
      var spec = spec
      // `0` before the width fills on the right in texts.
      if spec.alignment == UInt8(ascii: "=") { spec.alignment = UInt8(ascii: "<") }
      return spec.set(text.string.plain)
    case .int, .bool, .big:
      return try formatted(value.wholeNumber ?? BigInteger(0), spec, value)
    case .double(let number): return try formatted(number, spec, value)
    default:
      throw fail(.type, "unsupported format string passed to \(value.kind)")
    }
  }

  private func badFormat(_ spec: FormatSpec, _ value: TemplateValue) -> TemplateError {
    let code = String(decoding: [spec.type], as: UTF8.self)
    return fail(.type, "unknown or unfit format code '\(code)' for a \(value.kind)")
  }

  private mutating func formatted(
    _ integer: BigInteger, _ spec: FormatSpec, _ value: TemplateValue
  ) throws(TemplateError) -> MarkedString {
    let type = spec.type == 0 ? UInt8(ascii: "d") : spec.type
    guard !"eEfFgG%".utf8.contains(type) else {
      guard let number = integer.double else {
        throw fail(.type, "int too large to convert to float")
      }
      return try formatted(number, spec, value)
    }
    guard spec.precision == nil else { throw badFormat(spec, value) }
    let radixes: [UInt8: Int] = [
      UInt8(ascii: "d"): 10, UInt8(ascii: "b"): 2, UInt8(ascii: "o"): 8, UInt8(ascii: "x"): 16,
      UInt8(ascii: "X"): 16, UInt8(ascii: "n"): 10,
    ]
    if type == UInt8(ascii: "c") {
      guard spec.sign == nil, !spec.isAlternate,
        let code = integer.small.flatMap(UInt32.init(exactly:)), let scalar = Unicode.Scalar(code)
      else { throw badFormat(spec, value) }
      return spec.padded(
        MarkedString(String(scalar), origin: .template), default: UInt8(ascii: ">"))
    }
    guard let radix = radixes[type],
      spec.grouping != UInt8(ascii: ",") || type == UInt8(ascii: "d"),
      spec.grouping == nil || type != UInt8(ascii: "n")
    else { throw badFormat(spec, value) }
    let digits = try text(
      of: integer, radix: radix, isUppercase: type == UInt8(ascii: "X"))
    let prefix =
      spec.isAlternate && radix != 10 ? "0" + String(Unicode.Scalar(type)) : ""
    return spec.set(digits: digits, prefix: prefix)
  }

  private func formatted(
    _ number: Double, _ spec: FormatSpec, _ value: TemplateValue
  ) throws(TemplateError) -> MarkedString {
    var text: String
    let digits = spec.precision ?? 6
    switch spec.type {
    case 0: text = NumberText.plain(number, spec.precision)
    case UInt8(ascii: "e"), UInt8(ascii: "E"): text = NumberText.exponential(number, digits)
    case UInt8(ascii: "f"), UInt8(ascii: "F"): text = NumberText.fixed(number, digits)
    case UInt8(ascii: "g"), UInt8(ascii: "G"), UInt8(ascii: "n"):
      text = NumberText.general(number, max(1, digits), isAlternate: spec.isAlternate)
    case UInt8(ascii: "%"): text = NumberText.fixed(number * 100, digits) + "%"
    default: throw badFormat(spec, value)
    }
    if "EFG".utf8.contains(spec.type) { text = text.uppercased() }
    return spec.set(digits: text)
  }
}
