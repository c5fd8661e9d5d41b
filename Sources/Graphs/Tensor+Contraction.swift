import ApusTensors

extension Tensor {
  public func sum(axis: Int) -> Tensor { reduce(.sum, axis: axis) }
  public func maximum(axis: Int) -> Tensor { reduce(.maximum, axis: axis) }

  /// Along one axis (negative: from the end), which keeps size 1.
  public func reduce(
    _ operation: ReductionOperation, axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned { return self }
    let at = axis < 0 ? shape.rank + axis : axis
    guard at >= 0, at < shape.rank else {
      return graph.fail(
        "reduce_\(operation.rawValue)", [self], "no axis \(axis) in \(shape)", file: file,
        line: line)
    }
    var target = shape
    target[at] = 1
    return graph.append(
      .primitive(.reduce(operation, axis: at)), [id], TensorType(dataType, target))
  }

  public func mean(axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned { return self }
    guard let size = shape[axis].constant else {
      return graph.fail(
        "mean", [self], "expected a fixed size along axis \(axis), found \(shape[axis])",
        file: file, line: line)
    }
    return sum(axis: axis) / Float(size)
  }

  /// `[batch..., m, k]` times `[batch..., k, n]`, or `[batch..., n, k]` where `transposeRight`.
  public func matmul(
    _ right: Tensor, transposeRight: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned || right.isPoisoned { return graph.poisoned }
    let (a, b) = (shape, right.shape)
    guard a.rank >= 2, a.rank == b.rank, dataType == .float32, right.dataType == .float32,
      a.dims.dropLast(2) == b.dims.dropLast(2)
    else {
      return graph.fail(
        "matmul", [self, right], "expected float32 [batch..., m, k] and equal batch axes",
        file: file, line: line)
    }
    let inner = transposeRight ? b[-1] : b[-2]
    guard a[-1] == inner else {
      return graph.fail(
        "matmul", [self, right], "expected equal inner sizes, found \(a[-1]) and \(inner)",
        file: file, line: line)
    }
    var target = a
    target[-1] = transposeRight ? b[-2] : b[-1]
    return graph.append(
      .primitive(.matmul(transposeRight: transposeRight)), [id, right.id],
      TensorType(.float32, target))
  }

  /// `[rows, in]` times a weight `[out, in]`: `[rows, out]`.
  public func linear(_ weight: Weight, file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned { return self }
    return matmul(graph.weight(weight), transposeRight: true, file: file, line: line)
  }

  /// The sum over all tensor-parallel ranks; the value itself where there is one rank.
  public func allReduceSum() -> Tensor {
    if isPoisoned || graph.ranks == 1 { return self }
    return graph.append(.primitive(.allReduceSum), [id], type)
  }

  /// The ranks' values joined along an axis; the value itself where there is one rank.
  public func allGather(axis: Int) -> Tensor {
    if isPoisoned || graph.ranks == 1 { return self }
    let at = axis < 0 ? shape.rank + axis : axis
    var target = shape
    target[at] = shape[at] * Dim(graph.ranks)
    return graph.append(.primitive(.allGather(axis: at)), [id], TensorType(dataType, target))
  }
}
