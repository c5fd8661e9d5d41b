import Foundation

/// Numbers in decimal, as C prints them.
enum NumberText {
  /// `%.Nf`.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    finite(value) ?? String(format: "%.*f", Int32(clamping: digits), value)
  }

  /// `%.Ne`.
  static func exponential(_ value: Double, _ digits: Int) -> String {
    finite(value) ?? String(format: "%.*e", Int32(clamping: digits), value)
  }

  /// `%.Ng`, with all digits where it is the alternate form.
  static func general(_ value: Double, _ digits: Int, isAlternate: Bool) -> String {
    finite(value)
      ?? String(format: isAlternate ? "%#.*g" : "%.*g", Int32(clamping: digits), value)
  }

  /// The shortest text that reads as the number, with exponents where `general` has them: Python's
  /// format of a float without a type.
  static func plain(_ value: Double, _ digits: Int?) -> String {
    guard let digits else { return PythonText.representation(value) }
    return finite(value) ?? plain(value, digits: max(1, digits))
  }

  private static func plain(_ value: Double, digits: Int) -> String {
    let text = String(format: "%.*g", Int32(clamping: digits), value)
    if text.contains("e") { return text }
    if !text.contains(".") {
      // One digit behind the point, unless that is one too many.
      let whole = text.drop { $0 == "-" }
      return whole.count >= digits && whole != "0" ? exponent(value, digits, text) : text + ".0"
    }
    return text
  }

  private static func exponent(_ value: Double, _ digits: Int, _ text: String) -> String {
    let exponential = String(format: "%.*e", Int32(clamping: digits - 1), value)
    guard let mark = exponential.firstIndex(of: "e") else { return text }
    var mantissa = String(exponential[..<mark])
    while mantissa.contains("."), mantissa.hasSuffix("0") { mantissa.removeLast() }
    if mantissa.hasSuffix(".") { mantissa.removeLast() }
    return mantissa + exponential[mark...]
  }

  private static func finite(_ value: Double) -> String? {
    value.isFinite ? nil : value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
  }
}
