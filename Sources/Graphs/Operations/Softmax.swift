public import ApusTensors

/// `exp(x - max) / sum(exp(x - max))` along the last axis.
///
/// Operand: x float32 `[..., n]`; the result is as x. A row that is -infinity throughout gives NaN.
///
/// - Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network
///   outputs".
public struct Softmax: Composite {
  public static let name = "softmax"

  public init() {}

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 1...1)
    try expect(
      operands[0].dataType == .float32 && operands[0].rank >= 1,
      "expected float32 [..., n], found \(operands[0])")
    return operands[0]
  }

  public func definition(_ operands: [Tensor]) -> Tensor {
    // The greatest exponent is 0, so nothing overflows and the sum is at least 1.
    let exponentials = (operands[0] - operands[0].maximum(axis: -1)).exp()
    return exponentials / exponentials.sum(axis: -1)
  }
}

extension Tensor {
  /// Softmax along the last axis.
  public func softmax(file: String = #fileID, line: Int = #line) -> Tensor {
    graph.composite(Softmax(), [self], file: file, line: line)
  }
}
