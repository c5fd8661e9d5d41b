public import ApusTensors

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` along the last axis; the variance is
/// that of the whole population.
///
/// Operands: x float32 `[..., n]`, weight float32 `[n]` and, where there is one, bias float32
/// `[n]`; the result is as x.
///
/// - Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450, section 3.
public struct LayerNormalization: Composite {
  public static let name = "layer_normalization"
  public let epsilon: Float

  public init(epsilon: Float) { self.epsilon = epsilon }

  public var parameters: String { "epsilon=\(epsilon)" }

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 2...3)
    let size = try expectRows("x", operands[0])
    try expectType("weight", operands[1], TensorType(.float32, Shape([size])))
    if operands.count == 3 {
      try expectType("bias", operands[2], TensorType(.float32, Shape([size])))
    }
    return operands[0]
  }

  public func definition(_ operands: [Tensor]) -> Tensor {
    let x = operands[0]
    let centred = x - x.mean(axis: -1)
    let variance = (centred * centred).mean(axis: -1)
    let scaled = centred * (variance + epsilon).reciprocalSqrt() * operands[1]
    return operands.count == 3 ? scaled + operands[2] : scaled
  }
}

extension Tensor {
  /// Normalises the last axis to mean 0 and variance 1, times `weight`, `[n]`, plus `bias`, `[n]`.
  public func layerNormalized(
    weight: Tensor, bias: Tensor? = nil, epsilon: Float, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.composite(
      LayerNormalization(epsilon: epsilon), [self, weight] + (bias.map { [$0] } ?? []), file: file,
      line: line)
  }
}
