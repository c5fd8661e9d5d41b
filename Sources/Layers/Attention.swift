public import ApusGraphs
import ApusTensors

/// A part that lets the tokens of a request see each other through the cache.
public protocol AttentionModule: Sendable {
  /// - Parameters:
  ///   - x: `[tokens, hidden]`.
  ///   - layer: the index that names this layer's part of the cache.
  /// - Returns: `[tokens, hidden]`.
  func callAsFunction(_ x: Tensor, layer: Int, _ batch: RaggedBatch) -> Tensor
}

/// Causal attention with grouped heads and no positions of its own.
///
/// The numbers of heads are the rows of the projections divided by the size of a head, so that a
/// rank of a tensor-parallel group computes the heads it holds.
///
/// - Source: Vaswani et al. 2017, arXiv:1706.03762; grouped heads: Ainslie et al. 2023,
///   arXiv:2305.13245.
public struct Attention: AttentionModule {
  public let query: Linear
  public let key: Linear
  public let value: Linear
  public let output: Linear
  public let headSize: Int
  /// Multiplies the products of queries and keys.
  public let scale: Float

  /// - Parameter scale: 1 / sqrt(headSize) unless given.
  public init(
    query: Linear, key: Linear, value: Linear, output: Linear, headSize: Int, scale: Float? = nil
  ) {
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.headSize = headSize
    self.scale = scale ?? Float(1 / Double(headSize).squareRoot())
  }

  public func callAsFunction(_ x: Tensor, layer: Int, _ batch: RaggedBatch) -> Tensor {
    attend(queries(x), keys: keys(x), values: values(x), layer: layer, batch)
  }

  /// `[tokens, heads, headSize]`.
  public func queries(_ x: Tensor) -> Tensor { query(x).splitHeads(size: headSize) }
  /// `[tokens, kvHeads, headSize]`.
  public func keys(_ x: Tensor) -> Tensor { key(x).splitHeads(size: headSize) }
  /// `[tokens, kvHeads, headSize]`.
  public func values(_ x: Tensor) -> Tensor { value(x).splitHeads(size: headSize) }

  /// Stores keys and values, attends, joins the heads and projects them.
  public func attend(
    _ queries: Tensor, keys: Tensor, values: Tensor, layer: Int, _ batch: RaggedBatch
  ) -> Tensor {
    let mixed = batch.attend(queries, keys: keys, values: values, layer: layer, scale: scale)
    return output(mixed.joinHeads())
  }
}

extension Tensor {
  /// `[tokens, heads * size]` as `[tokens, heads, size]`.
  public func splitHeads(size: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    guard !isPoisoned, let columns = shape[-1].constant else { return self }
    return reshaped([shape[0], Dim(columns / size), Dim(size)], file: file, line: line)
  }

  /// `[tokens, heads, size]` as `[tokens, heads * size]`.
  public func joinHeads(file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned { return self }
    return reshaped([shape[0], shape[1] * shape[2]], file: file, line: line)
  }
}
