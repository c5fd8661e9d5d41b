public import ApusTensors

/// Rows of a table by id; an id outside the table gives a row of zeros.
///
/// Operands: table float32 `[n, columns]`, ids int32 `[rows]`; the result is float32
/// `[rows, columns]`.
///
/// - Source: Bengio et al. 2003, "A neural probabilistic language model", section 2.
public struct EmbeddingLookup: Composite {
  public static let name = "embedding_lookup"

  public init() {}

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 2...2)
    let (table, ids) = (operands[0], operands[1])
    try expect(
      table.dataType == .float32 && table.rank == 2,
      "expected a table float32 [n, columns], found \(table)")
    try expect(
      ids.dataType == .int32 && ids.rank == 1, "expected ids int32 [rows], found \(ids)")
    return TensorType(.float32, [ids.shape[0], table.shape[1]])
  }

  public func definition(_ operands: [Tensor]) -> Tensor { operands[0].gathered(operands[1]) }
}

extension Graph {
  /// Rows of `weight`, `[n, columns]`, by ids, int32 `[rows]`: `[rows, columns]`.
  public func embedding(
    weight: Weight, ids: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    composite(EmbeddingLookup(), [self.weight(weight), ids], file: file, line: line)
  }
}
