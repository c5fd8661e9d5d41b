/// The first thing that was wrong while a graph was built.
public struct Diagnostic: Error, Sendable, Hashable, CustomStringConvertible {
  /// The operation that refused its operands.
  public let operation: String
  /// Types of the operands, as printed.
  public let operands: [String]
  public let message: String
  /// The full name of the nearest weight upstream: where in the model it happened.
  public let nearestWeight: String?
  public let file: String
  public let line: Int

  public init(
    operation: String, operands: [String], message: String, nearestWeight: String?, file: String,
    line: Int
  ) {
    self.operation = operation
    self.operands = operands
    self.message = message
    self.nearestWeight = nearestWeight
    self.file = file
    self.line = line
  }

  public var description: String {
    var text = "\(operation)(\(operands.joined(separator: ", "))): \(message)"
    if let nearestWeight { text += ", near weight '\(nearestWeight)'" }
    if !file.isEmpty { text += ", at \(file):\(line)" }
    return text
  }
}
