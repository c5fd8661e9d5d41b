public import ApusCheckpoints
public import ApusGraphs
public import ApusTensors

/// `x W^T + b`, the product with a weight `[out, in]`.
///
/// Under tensor parallelism `.columns` leaves each rank its part of the outputs, and `.rows`,
/// which takes such a part, sums the ranks' products and adds the bias once. Sizes are those of
/// the rank's weight.
///
/// - Source: Shoeybi et al. 2019, arXiv:1909.08053, section 3.
public struct Linear: Module {
  public let weight: Weight
  public let bias: Weight?

  /// - Parameters:
  ///   - weights: the scope that holds `weight` and, where there is one, `bias`.
  ///   - inputs: size of the input over all ranks.
  ///   - outputs: size of the output over all ranks.
  public init(
    _ weights: Weights, in inputs: Int, out outputs: Int, bias: Bool = false,
    shard: WeightSharding? = nil
  ) throws(CheckpointError) {
    weight = try weights.weight("weight", shape: [outputs, inputs], sharding: shard)
    // The outputs of a `.rows` weight are whole on every rank.
    let biasSharding: WeightSharding? = if case .columns = shard { shard } else { nil }
    self.bias =
      bias ? try weights.weight("bias", shape: [outputs], sharding: biasSharding) : nil
  }

  /// Shares the weight of another layer, such as the embedding of a tied head.
  public init(weight: Weight, bias: Weight? = nil) {
    self.weight = weight
    self.bias = bias
  }

  /// Size of the output on this rank.
  public var outputs: Int { weight.shape[0] }

  /// - Parameter x: `[rows, in]`.
  /// - Returns: `[rows, out]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var y = x.linear(weight)
    if case .rows = weight.sharding { y = y.allReduceSum() }
    guard let bias else { return y }
    return y + x.graph.weight(bias)
  }
}
