import Foundation

/// Numbers in decimal.
enum DecimalText {
  /// `%.Nf`; more than 100 digits are not given.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    return String(format: "%.\(min(digits, 100))f", value)
  }
}
