public import ApusTensors

/// `activation(gate) * up`, elementwise.
///
/// Operands: gate and up, float32 of one shape.
///
/// - Source: Shazeer 2020, arXiv:2002.05202, equation 5.
public struct GatedActivation: Composite {
  public enum Kind: String, Sendable, Hashable {
    case silu, geluTanh, gelu
  }

  public static let name = "gated_activation"
  public let kind: Kind

  public init(kind: Kind) { self.kind = kind }

  public var parameters: String { "kind=\(kind.rawValue)" }

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 2...2)
    try expect(operands[0].dataType == .float32, "expected float32, found \(operands[0])")
    try expectType("up", operands[1], operands[0])
    return operands[0]
  }

  public func definition(_ operands: [Tensor]) -> Tensor {
    let (gate, up) = (operands[0], operands[1])
    return switch kind {
    case .silu: gate.silu() * up
    case .geluTanh: gate.gelu(.tanh) * up
    case .gelu: gate.gelu(.none) * up
    }
  }
}

extension Tensor {
  /// `activation(self) * up`.
  public func gated(
    up: Tensor, kind: GatedActivation.Kind, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.composite(GatedActivation(kind: kind), [self, up], file: file, line: line)
  }
}
