public import ApusCheckpoints
public import ApusGraphs
public import ApusTensors

/// A part of a model that turns one tensor into another: a struct that holds names of weights and
/// sizes.
///
/// `init` takes its scope of the checkpoint and its sizes, and throws where the checkpoint
/// contradicts them. Calling it appends to the graph of its argument and never throws: a shape
/// that does not fit poisons the result, and the graph keeps the diagnostic.
public protocol Module: Sendable {
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Weights {
  /// Declares the tensor `path.name` and returns it as graphs name it, with the sizes that this
  /// rank holds.
  ///
  /// - Parameter shape: the sizes over all ranks.
  /// - Throws: where the tensor is missing, or has another shape.
  public func weight(
    _ name: String, shape: [Int], sharding: WeightSharding? = nil
  ) throws(CheckpointError) -> Weight {
    let view = try tensor(name, shape: shape, sharding: sharding)
    return Weight(
      name: view.name, shape: view.shape, format: view.format, sharding: view.sharding)
  }
}
