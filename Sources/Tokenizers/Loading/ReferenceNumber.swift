/// Decimal numbers as the reference library reads them: not always the nearest double.
///
/// Where two ways to write a text are equally probable, the last bit of a score decides between
/// them, so that it has to be the library's.
///
/// - Source: serde_json without its feature `float_roundtrip`: all digits that 64 bits hold as an
///   integer, rounded to a double, then scaled by a power of ten and rounded again.
enum ReferenceNumber {
  private static let powers: [Double] = (0...308).map { Double("1e\($0)") ?? .infinity }

  /// nil where the text is no number.
  static func parse(_ text: String) -> Double? {
    var digits = text.utf8[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits = digits.dropFirst() }
    var significand: UInt64 = 0
    var exponent = 0
    var isFull = false
    var isFraction = false
    while let byte = digits.first, byte == UInt8(ascii: ".") || (0x30...0x39).contains(byte) {
      digits = digits.dropFirst()
      if byte == UInt8(ascii: ".") {
        isFraction = true
        // After an integer that did not fit, fractions are read past.
        continue
      }
      let (product, overflows) = significand.multipliedReportingOverflow(by: 10)
      let (sum, carries) = product.addingReportingOverflow(UInt64(byte - 0x30))
      if isFull || overflows || carries {
        isFull = true
        if !isFraction { exponent += 1 }
      } else {
        significand = sum
        if isFraction { exponent -= 1 }
      }
    }
    if let letter = digits.first {
      guard letter | 0x20 == UInt8(ascii: "e"),
        let power = Int(String(decoding: digits.dropFirst(), as: UTF8.self))
      else { return nil }
      exponent += max(-100_000, min(power, 100_000))
    }
    let value = scaled(Double(significand), by: exponent)
    return isNegative ? -value : value
  }

  private static func scaled(_ value: Double, by exponent: Int) -> Double {
    var value = value
    var exponent = exponent
    while abs(exponent) > 308 {
      if value == 0 { return 0 }
      if exponent > 0 { return .infinity }
      value /= 1e308
      exponent += 308
    }
    return exponent >= 0 ? value * powers[exponent] : value / powers[-exponent]
  }
}
