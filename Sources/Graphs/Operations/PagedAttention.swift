public import ApusTensors

/// Causal attention over the pages of a cache, with grouped heads: token t sees positions 0 up to
/// its own of its own request, and query head h reads key-value head `h / (heads / kvHeads)`.
///
/// Operands: query float32 `[tokens, heads, head]`; keys and values, reads of paged states
/// `[pages, kvHeads, pageSize, head]`; positions int32 `[tokens]`; request of each token int32
/// `[tokens]`; page table int32 `[requests, pagesPerRequest]`. The result is as the query. What
/// lies in pages and places that a token does not see never matters, NaN included.
///
/// - Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1; grouped heads: Ainslie et al. 2023,
///   arXiv:2305.13245; pages: Kwon et al. 2023, arXiv:2309.06180, section 4.
public struct PagedAttention: Composite {
  public static let name = "paged_attention"
  /// Multiplies the products of queries and keys; usually 1 / sqrt(head).
  public let scale: Float

  public init(scale: Float) { self.scale = scale }

  public var parameters: String { "scale=\(scale)" }

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 6...6)
    let (query, keys, values, table) = (operands[0], operands[1], operands[2], operands[5])
    guard query.dataType == .float32, query.rank == 3, let heads = query.shape[1].constant else {
      throw OperandError(
        "expected a query float32 [tokens, heads, head] with fixed heads, found \(query)")
    }
    guard keys.dataType == .float32, keys.rank == 4, let kvHeads = keys.shape[1].constant,
      keys.shape[3] == query.shape[2]
    else {
      throw OperandError(
        "expected keys float32 [pages, kvHeads, pageSize, \(query.shape[2])], found \(keys)")
    }
    try expect(
      kvHeads > 0 && heads % kvHeads == 0, "\(heads) heads do not share \(kvHeads) key-value heads")
    try expectType("values", values, keys)
    try expectType("positions", operands[3], TensorType(.int32, [query.shape[0]]))
    try expectType("request of token", operands[4], TensorType(.int32, [query.shape[0]]))
    try expect(
      table.dataType == .int32 && table.rank == 2,
      "expected a page table int32 [requests, pagesPerRequest], found \(table)")
    return query
  }

  public func definition(_ operands: [Tensor]) -> Tensor {
    let (query, positions) = (operands[0], operands[3])
    guard let heads = query.shape[1].constant, let kvHeads = operands[1].shape[1].constant else {
      return query
    }
    let (tokens, head) = (query.shape[0], query.shape[2])
    let (kv, group) = (Dim(kvHeads), Dim(heads / kvHeads))
    let rows = operands[5].gathered(operands[4])
    let keys = Self.sequence(operands[1], rows)
    let values = Self.sequence(operands[2], rows)
    let length = keys.shape[2]

    let grouped = query.reshaped([tokens, kv, group, head])
    let scores = grouped.matmul(keys, transposeRight: true) * scale
    let last = positions.reshaped([tokens, 1, 1, 1])
    let seenScores = query.graph.iota(scores.shape, axis: 3).binary(.lessOrEqual, last)
    let hidden = query.graph.constant(-Float.infinity)
    let weights = scores.select(where: seenScores, else: hidden).softmax()
    // A weight of 0 does not hide a NaN: 0 * NaN is NaN. So unseen values are replaced beforehand.
    let seenValues = query.graph.iota([tokens, kv, length, head], axis: 2)
      .binary(.lessOrEqual, last)
    let safeValues = values.select(where: seenValues, else: query.graph.constant(0))
    return weights.matmul(safeValues).reshaped(query.shape)
  }

  /// The pages of each token's request in order,
  /// `[tokens, kvHeads, pagesPerRequest * pageSize, head]`.
  private static func sequence(_ state: Tensor, _ rows: Tensor) -> Tensor {
    let pages = state.gathered(rows).permuted([0, 2, 1, 3, 4])
    let s = pages.shape
    return pages.reshaped([s[0], s[1], s[2] * s[3], s[4]])
  }
}

extension Tensor {
  /// Attention of this, the query `[tokens, heads, head]`, over the pages of each token's request.
  public func pagedAttention(
    keys: Tensor, values: Tensor, positions: Tensor, requestOfToken: Tensor, pageTable: Tensor,
    scale: Float, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.composite(
      PagedAttention(scale: scale), [self, keys, values, positions, requestOfToken, pageTable],
      file: file, line: line)
  }
}
