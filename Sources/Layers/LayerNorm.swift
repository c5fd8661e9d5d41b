public import ApusCheckpoints
public import ApusGraphs

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` along the last axis.
///
/// - Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450.
public struct LayerNorm: Module {
  public let weight: Weight
  public let bias: Weight
  public let epsilon: Float

  /// - Parameter weights: the scope that holds `weight` and `bias`, both `[size]`.
  public init(_ weights: Weights, size: Int, epsilon: Float) throws(CheckpointError) {
    weight = try weights.weight("weight", shape: [size])
    bias = try weights.weight("bias", shape: [size])
    self.epsilon = epsilon
  }

  /// - Parameter x: `[..., size]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNormalized(
      weight: x.graph.weight(weight), bias: x.graph.weight(bias), epsilon: epsilon)
  }
}
