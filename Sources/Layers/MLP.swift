public import ApusGraphs

/// `down(activation(gate(x)) * up(x))`.
///
/// - Source: Shazeer 2020, arXiv:2002.05202.
public struct MLP: Module {
  public let gate: Linear
  public let up: Linear
  public let down: Linear
  public let activation: GatedActivation.Kind

  public init(gate: Linear, up: Linear, down: Linear, activation: GatedActivation.Kind) {
    self.gate = gate
    self.up = up
    self.down = down
    self.activation = activation
  }

  /// - Parameter x: `[tokens, hidden]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    down(gate(x).gated(up: up(x), kind: activation))
  }
}
