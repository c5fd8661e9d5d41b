public import ApusGraphs

/// Attention whose queries and keys are rotated by their positions and, where norms are given,
/// normalised per head before that.
///
/// - Source: Su et al. 2021, arXiv:2104.09864; norms: Dehghani et al. 2023, arXiv:2302.05442,
///   section 2.
public struct AttentionWithRope: AttentionModule {
  public let attention: Attention
  public let queryNorm: RMSNorm?
  public let keyNorm: RMSNorm?
  public let rope: RotaryEmbedding

  /// - Parameter scale: 1 / sqrt(headSize) unless given.
  public init(
    query: Linear, key: Linear, value: Linear, output: Linear, queryNorm: RMSNorm? = nil,
    keyNorm: RMSNorm? = nil, rope: RotaryEmbedding, headSize: Int, scale: Float? = nil
  ) {
    attention = Attention(
      query: query, key: key, value: value, output: output, headSize: headSize, scale: scale)
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
    self.rope = rope
  }

  public func callAsFunction(_ x: Tensor, layer: Int, _ batch: RaggedBatch) -> Tensor {
    var queries = attention.queries(x)
    var keys = attention.keys(x)
    if let queryNorm { queries = queryNorm(queries) }
    if let keyNorm { keys = keyNorm(keys) }
    return attention.attend(
      rope(queries, positions: batch.positions), keys: rope(keys, positions: batch.positions),
      values: attention.values(x), layer: layer, batch)
  }
}
