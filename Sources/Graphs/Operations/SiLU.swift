public import ApusTensors

/// `x * sigmoid(x)`, elementwise, float32.
///
/// - Source: Elfwing, Uchibe and Doya 2017, arXiv:1702.03118, equation 8.
public struct SiLU: Composite {
  public static let name = "silu"

  public init() {}

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 1...1)
    try expect(operands[0].dataType == .float32, "expected float32, found \(operands[0])")
    return operands[0]
  }

  public func definition(_ operands: [Tensor]) -> Tensor { operands[0] * operands[0].sigmoid() }
}

extension Tensor {
  /// `x * sigmoid(x)`.
  public func silu(file: String = #fileID, line: Int = #line) -> Tensor {
    graph.composite(SiLU(), [self], file: file, line: line)
  }
}
