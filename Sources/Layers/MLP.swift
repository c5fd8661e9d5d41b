public import ApusCheckpoints
public import ApusGraphs
import ApusTensors

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

  /// - Parameters:
  ///   - weights: the scope that holds `gate_proj`, `up_proj` and `down_proj`.
  ///   - inner: size between the projections.
  ///   - bias: of all three.
  public init(
    _ weights: Weights, hidden: Int, inner: Int, bias: Bool = false,
    activation: GatedActivation.Kind
  ) throws(CheckpointError) {
    self.init(
      gate: try Linear(
        weights["gate_proj"], in: hidden, out: inner, bias: bias, shard: .columns),
      up: try Linear(weights["up_proj"], in: hidden, out: inner, bias: bias, shard: .columns),
      down: try Linear(weights["down_proj"], in: inner, out: hidden, bias: bias, shard: .rows),
      activation: activation)
  }

  /// - Parameter x: `[tokens, hidden]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    down(gate(x).gated(up: up(x), kind: activation))
  }
}
