public import ApusTensors

/// `x / sqrt(mean(x^2) + epsilon) * weight` along the last axis.
///
/// Operands: x float32 `[..., n]`, weight float32 `[n]`; the result is as x.
///
/// - Source: Zhang and Sennrich 2019, arXiv:1910.07467, equation 4.
public struct RMSNormalization: Composite {
  public static let name = "rms_normalization"
  public let epsilon: Float

  public init(epsilon: Float) { self.epsilon = epsilon }

  public var parameters: String { "epsilon=\(epsilon)" }

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 2...2)
    let size = try expectRows("x", operands[0])
    try expectType("weight", operands[1], TensorType(.float32, Shape([size])))
    return operands[0]
  }

  public func definition(_ operands: [Tensor]) -> Tensor {
    let (x, weight) = (operands[0], operands[1])
    let meanSquare = (x * x).mean(axis: -1)
    return x * (meanSquare + epsilon).reciprocalSqrt() * weight
  }
}

extension Tensor {
  /// Root mean square normalisation of the last axis, times `weight`, `[n]`.
  public func rmsNormalized(
    weight: Tensor, epsilon: Float, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.composite(
      RMSNormalization(epsilon: epsilon), [self, weight], file: file, line: line)
  }
}
