import Foundation

extension TemplateFilters {
  static let numbers = [
    TemplateFilter("abs") { run, value, _ throws(TemplateError) in
      guard let integer = value.wholeNumber else {
        return .double(abs(try run.number(value, for: "abs()")))
      }
      return .integer(integer.magnitude)
    },
    TemplateFilter("int", "default? base?") { run, value, arguments throws(TemplateError) in
      try run.integer(from: value, arguments)
    },
    TemplateFilter("float", "default?") { run, value, arguments throws(TemplateError) in
      try run.use(value)
      if value.isNumber { return .double(try run.number(value, for: "float()")) }
      if let text = value.string, let number = PythonText.float(text.bytes) {
        return .double(number)
      }
      return arguments[0] ?? .double(0)
    },
    TemplateFilter("round", "precision? method?") { run, value, arguments throws(TemplateError) in
      try run.rounded(value, arguments)
    },
    TemplateFilter("filesizeformat", "binary?") { run, value, arguments throws(TemplateError) in
      try run.use(value)
      guard let size = value.number ?? value.string.flatMap({ PythonText.float($0.bytes) }) else {
        throw run.fail(.type, "filesizeformat of a '\(value.kind)'")
      }
      return .literal(try run.fileSize(size, isBinary: arguments[0]?.isTrue ?? false))
    },
  ]
}

extension PythonText {
  /// `float` of a text; nil where it is no number.
  static func float(_ bytes: [UInt8]) -> Double? {
    let trimmed = endTrimmed(startTrimmed(bytes[...]))
    guard let digits = withoutUnderscores(trimmed) else { return nil }
    let text = String(decoding: digits, as: UTF8.self).lowercased()
    // `Double` reads hexadecimal numbers too, and payloads of `nan`.
    guard !text.contains("x"), !text.contains("(") else { return nil }
    guard let number = Double(text) else { return nil }
    return number
  }

  /// Single underscores between digits go; nil where there are others.
  private static func withoutUnderscores(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    for i in text.indices {
      guard text[i] == UInt8(ascii: "_") else {
        result.append(text[i])
        continue
      }
      let isBetween =
        i > text.startIndex && i + 1 < text.endIndex && text[i - 1].isAlphanumeric
        && text[i + 1].isAlphanumeric
      guard isBetween else { return nil }
    }
    return result
  }

  /// `int` of a text; nil where it is none, or too long a one for Python.
  static func integer(_ bytes: [UInt8], base: Int) -> BigInteger? {
    let trimmed = endTrimmed(startTrimmed(bytes[...]))
    guard var digits = withoutUnderscores(trimmed)?[...] else { return nil }
    var isNegative = false
    if let sign = digits.first, sign == 0x2B || sign == 0x2D {
      isNegative = sign == 0x2D
      digits = digits.dropFirst()
    }
    var base = base
    let prefixes: [(Int, UInt8)] = [(16, 0x78), (8, 0x6F), (2, 0x62)]
    for (radix, letter) in prefixes where base == radix || base == 0 {
      if digits.count > 2, digits.first == 0x30, digits[digits.startIndex + 1] | 0x20 == letter {
        digits = digits.dropFirst(2)
        base = radix
        break
      }
    }
    if base == 0 {
      guard digits.first != 0x30 || digits.allSatisfy({ $0 == 0x30 }) else { return nil }
      base = 10
    }
    guard digits.allSatisfy({ isDigit($0, radix: base) }), !digits.isEmpty,
      digits.count <= TemplateRun.longestInteger
    else { return nil }
    return BigInteger(digits: digits, radix: base, isNegative: isNegative)
  }

  static func isDigit(_ byte: UInt8, radix: Int) -> Bool {
    switch byte {
    case 0x30...0x39: Int(byte - 0x30) < radix
    case 0x41...0x5A, 0x61...0x7A: Int((byte | 0x20) - 0x61) + 10 < radix
    default: false
    }
  }
}

extension UInt8 {
  fileprivate var isAlphanumeric: Bool {
    (0x30...0x39).contains(self) || (0x61...0x7A).contains(self | 0x20)
  }
}

extension TemplateRun {
  fileprivate mutating func integer(
    from value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    try use(value)
    if let integer = value.wholeNumber { return .integer(integer) }
    let fallback = arguments[0] ?? .int(0)
    if case .double(let number) = value {
      // An infinite one cannot be an integer, and Python says so.
      guard !number.isInfinite else { throw fail(.type, "cannot convert infinity to integer") }
      return number.isNaN ? fallback : try integer(truncating: number)
    }
    guard case .text(let text) = value else { return fallback }
    let base = try integer(arguments[1], 10, "base")
    guard base == 0 || (2...36).contains(base) else { return try integerOf(text, fallback) }
    try step(1 + min(text.string.utf8Count, TemplateRun.longestInteger) / 4)
    guard let integer = PythonText.integer(text.string.bytes, base: base) else {
      return try integerOf(text, fallback)
    }
    return .integer(integer)
  }

  /// The second try, by way of a float.
  private func integerOf(
    _ text: TemplateText, _ fallback: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    guard let number = PythonText.float(text.string.bytes), number.isFinite else {
      return fallback
    }
    return try integer(truncating: number)
  }

  private func integer(truncating number: Double) throws(TemplateError) -> TemplateValue {
    guard number.isFinite else { throw fail(.type, "cannot convert infinity or NaN to integer") }
    return Int(exactly: number.rounded(.towardZero)).map { .int($0) }
      ?? .integer(BigInteger(truncating: number))
  }

  fileprivate mutating func rounded(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    let method = arguments[1]?.string?.text ?? (arguments[1] == nil ? "common" : "")
    guard ["common", "ceil", "floor"].contains(method) else {
      throw fail(.type, "method must be common, ceil or floor")
    }
    guard method == "common" else {
      return try scaled(
        value, try integer(arguments[0], 0, "precision"), up: method == "ceil")
    }
    if let precision = arguments[0], precision.isNone {
      if let integer = value.wholeNumber { return .integer(integer) }
      return try integer(truncating: (try number(value, for: "round()")).rounded(.toNearestOrEven))
    }
    let precision = try integer(arguments[0], 0, "precision")
    if let integer = value.wholeNumber {
      return precision >= 0
        ? .integer(integer) : try rounded(integer, digits: 0 - max(precision, -Int.max))
    }
    let number = try number(value, for: "round()")
    return .double(PythonText.rounded(number, precision))
  }

  fileprivate func fileSize(_ size: Double, isBinary: Bool) throws(TemplateError) -> String {
    let base = isBinary ? 1024.0 : 1000.0
    if size == 1 { return "1 Byte" }
    if size < base {
      guard size.isFinite else { throw fail(.type, "no size") }
      return BigInteger(truncating: size).text(radix: 10) + " Bytes"
    }
    let letters = ["k", "M", "G", "T", "P", "E", "Z", "Y"]
    var unit = base
    for (i, letter) in letters.enumerated() {
      unit *= base
      if size < unit || i == letters.count - 1 {
        let prefix = isBinary ? letter.uppercased() + "iB" : letter + "B"
        return NumberText.fixed(base * size / unit, 1) + " " + prefix
      }
    }
    return ""
  }
}

extension PythonText {
  /// `round(number, digits)`: correct to the last digit, halves to the even one.
  static func rounded(_ number: Double, _ digits: Int) -> Double {
    guard number.isFinite, digits < 330 else { return number }
    guard digits < 0 else { return Double(NumberText.fixed(number, digits)) ?? number }
    guard digits >= -308 else { return copysign(0, number) }
    let unit = BigInteger.power(of: BigInteger(10), -digits)
    let (quotient, rest) = BigInteger(truncating: number.magnitude).dividedDown(by: unit)
    let twice = rest + rest
    let isOdd = (quotient.limbs.first ?? 0) & 1 == 1
    let isWhole = number == number.rounded(.towardZero)
    let isUp = unit < twice || (twice == unit && (isOdd || !isWhole))
    let rounded = (isUp ? quotient + BigInteger(1) : quotient) * unit
    return copysign(rounded.double ?? .infinity, number)
  }
}
