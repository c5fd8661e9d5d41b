public import ApusTensors

/// `x * P(X <= x)` of the standard normal distribution, elementwise, float32.
///
/// - Source: Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.
public struct GELU: Composite {
  /// How the distribution function is computed; checkpoints name one of the two.
  public enum Approximation: String, Sendable, Hashable {
    /// `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
    case tanh
    /// `0.5 x (1 + erf(x / sqrt(2)))`.
    case none
  }

  public static let name = "gelu"
  public let approximation: Approximation

  public init(approximation: Approximation) { self.approximation = approximation }

  public var parameters: String { "approximation=\(approximation.rawValue)" }

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 1...1)
    try expect(operands[0].dataType == .float32, "expected float32, found \(operands[0])")
    return operands[0]
  }

  public func definition(_ operands: [Tensor]) -> Tensor {
    let x = operands[0]
    switch approximation {
    case .tanh:
      let inner = (x + x * x * x * 0.044715) * 0.7978845608  // sqrt(2 / pi)
      return x * 0.5 * (inner.tanh() + 1)
    case .none:
      return x * 0.5 * ((x * 0.7071067812).erf() + 1)  // 1 / sqrt(2)
    }
  }
}

extension Tensor {
  /// The Gaussian error linear unit.
  public func gelu(
    _ approximation: GELU.Approximation, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.composite(GELU(approximation: approximation), [self], file: file, line: line)
  }
}
