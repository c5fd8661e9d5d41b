/// A number as it was written. Two numbers are equal when their text is.
public struct JSONNumber: Sendable, Hashable {
  /// The digits, as RFC 8259 allows them.
  public let text: String

  /// - Precondition: `text` is a JSON number.
  init(text: String) { self.text = text }

  public init(_ value: Int) { text = String(value) }

  /// - Precondition: the value is finite: JSON has no infinity and no NaN.
  public init(_ value: Double) {
    precondition(value.isFinite, "JSON has no \(value)")
    text = value.description
  }

  /// The value where it has no fractional part and an `Int` holds it exactly: `5`, `5.0`, `5e2`.
  public var intValue: Int? { Int(text) ?? Double(text).flatMap { Int(exactly: $0) } }

  /// The nearest double; infinity where the number is too large.
  public var doubleValue: Double { Double(text) ?? .nan }
}
