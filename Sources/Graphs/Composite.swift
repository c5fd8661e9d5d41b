public import ApusTensors

/// An operation that is defined in primitives: one file each, with the paper it comes from.
///
/// A kernel is an optional faster spelling of it, accepted only with a parity test against the
/// definition. Parameters are stored properties; equal composites with equal operands are one node.
public protocol Composite: Sendable, Hashable {
  /// The name that kernels, printing and diagnostics use, in snake case.
  static var name: String { get }

  /// The type of the result.
  /// - Throws: `OperandError` that says what does not fit.
  func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType

  /// The same result in primitives or other composites.
  func definition(_ operands: [Tensor]) -> Tensor

  /// Parameters for printing, such as `epsilon=1e-05`; empty where there are none.
  var parameters: String { get }
}

extension Composite {
  public var parameters: String { "" }
}

/// Why operands do not fit an operation; the graph adds where it happened.
public struct OperandError: Error, Sendable, Hashable {
  public let message: String
  public init(_ message: String) { self.message = message }
}
