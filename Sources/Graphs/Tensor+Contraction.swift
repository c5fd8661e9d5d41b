import ApusTensors

extension Tensor {
  public func sum(axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    reduce(.sum, axis: axis, file: file, line: line)
  }

  public func maximum(axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    reduce(.maximum, axis: axis, file: file, line: line)
  }

  /// Along one axis (negative: from the end), which keeps size 1. Over no elements the sum is 0,
  /// the maximum the least value of the type and the minimum the greatest.
  public func reduce(
    _ operation: ReductionOperation, axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let at = positive(axis)
    var target = type
    if 0 <= at, at < shape.rank { target.shape[at] = 1 }
    return graph.apply(.reduce(operation, axis: at), [self], target, file: file, line: line)
  }

  /// The mean along one axis of fixed size, which keeps size 1.
  public func mean(axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned { return self }
    let at = positive(axis)
    guard 0 <= at, at < shape.rank, let size = shape[at].constant else {
      return graph.fail(
        "mean", [self], "expected a fixed size along axis \(axis), found \(shape)", file: file,
        line: line)
    }
    return sum(axis: at, file: file, line: line) / Float(size)
  }

  /// `[batch..., m, k]` times `[batch..., k, n]`, or `[batch..., n, k]` where `transposeRight`.
  public func matmul(
    _ right: Tensor, transposeRight: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    var target = type
    if target.rank >= 2, right.shape.rank >= 2 {
      target.shape[-1] = right.shape[transposeRight ? -2 : -1]
    }
    return graph.apply(
      .matmul(transposeRight: transposeRight), [self, right], target, file: file, line: line)
  }

  /// `[rows, in]` times a weight `[out, in]`: `[rows, out]`.
  public func linear(_ weight: Weight, file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned { return self }
    return matmul(graph.weight(weight), transposeRight: true, file: file, line: line)
  }

  /// The sum over all tensor-parallel ranks; the value itself where there is one rank.
  public func allReduceSum(file: String = #fileID, line: Int = #line) -> Tensor {
    if graph.ranks == 1 { return self }
    return graph.apply(.allReduceSum, [self], type, file: file, line: line)
  }

  /// The ranks' values joined along an axis (negative: from the end); the value itself where there
  /// is one rank.
  public func allGather(axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    if graph.ranks == 1 { return self }
    let at = positive(axis)
    var target = type
    if 0 <= at, at < shape.rank { target.shape[at] = target.shape[at] * Dim(graph.ranks) }
    return graph.apply(.allGather(axis: at), [self], target, file: file, line: line)
  }
}
