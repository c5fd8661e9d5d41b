public import ApusCheckpoints
public import ApusGraphs

/// Rows of a table by id.
public struct Embedding: Sendable {
  /// `[count, size]`.
  public let weight: Weight

  /// - Parameters:
  ///   - weights: the scope that holds `weight`.
  ///   - count: rows of the table, such as the size of the vocabulary.
  public init(_ weights: Weights, count: Int, size: Int) throws(CheckpointError) {
    weight = try weights.weight("weight", shape: [count, size])
  }

  /// - Parameter ids: int32 `[rows]`.
  /// - Returns: `[rows, size]`.
  public func callAsFunction(_ ids: Tensor) -> Tensor {
    ids.graph.embedding(weight: weight, ids: ids)
  }

  /// The head that scores every row of the table, as tied models do.
  public var head: Linear { Linear(weight: weight) }
}
