import ApusTensors

extension Tensor {
  /// Indices that sort the last axis in descending order, lower index first among equals; a NaN counts
  /// as -infinity. int32, the shape of this.
  public func argsortDescending(file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned { return self }
    guard shape.rank >= 1, dataType != .bool else {
      return graph.fail(
        "argsort_descending", [self], "expected numbers with at least one axis", file: file,
        line: line)
    }
    return graph.append(.primitive(.argsortDescending), [id], TensorType(.int32, shape))
  }

  /// Row by row along the last axis: this `[rows, n]` by int32 indices `[rows, m]` is `[rows, m]`.
  /// An index outside `0..<n` gives zero.
  public func gatheredAlongRows(
    _ indices: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned || indices.isPoisoned { return graph.poisoned }
    guard shape.rank == 2, indices.shape.rank == 2, indices.dataType == .int32,
      shape[0] == indices.shape[0]
    else {
      return graph.fail(
        "gather_along_rows", [self, indices],
        "expected [rows, n] and int32 [rows, m] of the same number of rows", file: file, line: line)
    }
    return graph.append(
      .primitive(.gatherAlongRows), [id, indices.id], TensorType(dataType, indices.shape))
  }

  /// Running sums along one axis (negative: from the end), each with its own element.
  public func cumulativeSum(axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned { return self }
    let at = axis < 0 ? shape.rank + axis : axis
    guard at >= 0, at < shape.rank, dataType != .bool else {
      return graph.fail(
        "cumulative_sum", [self], "expected numbers with an axis \(axis)", file: file, line: line)
    }
    return graph.append(.primitive(.cumulativeSum(axis: at)), [id], type)
  }
}

extension Graph {
  /// Uniform float32 values in [0, 1), one for each key; equal keys draw equal values.
  ///
  /// - Parameters:
  ///   - seeds: int32 `[n, 2]`, the key of Philox-4x32-10.
  ///   - counters: int32 `[n]`, the first word of its counter.
  /// - Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
  public func random(
    seeds: Tensor, counters: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if seeds.isPoisoned || counters.isPoisoned { return poisoned }
    guard counters.shape.rank == 1, counters.dataType == .int32,
      seeds.type == TensorType(.int32, [counters.shape[0], 2])
    else {
      return fail(
        "random", [seeds, counters], "expected seeds int32 [n, 2] and counters int32 [n]",
        file: file, line: line)
    }
    return append(
      .primitive(.random), [seeds.id, counters.id], TensorType(.float32, counters.shape))
  }
}
