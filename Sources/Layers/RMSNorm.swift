public import ApusCheckpoints
public import ApusGraphs

/// `x / sqrt(mean(x^2) + epsilon) * weight` along the last axis.
///
/// - Source: Zhang and Sennrich 2019, arXiv:1910.07467.
public struct RMSNorm: Module {
  public let weight: Weight
  public let epsilon: Float

  /// - Parameter weights: the scope that holds `weight`, `[size]`.
  public init(_ weights: Weights, size: Int, epsilon: Float) throws(CheckpointError) {
    weight = try weights.weight("weight", shape: [size])
    self.epsilon = epsilon
  }

  /// - Parameter x: `[..., size]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.rmsNormalized(weight: x.graph.weight(weight), epsilon: epsilon)
  }
}
