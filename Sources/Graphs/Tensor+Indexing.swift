import ApusTensors

extension Tensor {
  /// Rows of this (`[n, rest...]`) by int32 indices of any shape: `[indices..., rest...]`. An index
  /// outside `0..<n` gives zeros.
  public func gathered(_ indices: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
    let target = Shape(indices.shape.dims + shape.dims.dropFirst())
    return graph.apply(
      .gather, [self, indices], TensorType(dataType, target), file: file, line: line)
  }

  /// Row by row along the last axis: this `[rows, n]` by int32 indices `[rows, m]` is `[rows, m]`.
  /// An index outside `0..<n` gives zero.
  public func gatheredAlongRows(
    _ indices: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.apply(
      .gatherAlongRows, [self, indices], TensorType(dataType, indices.shape), file: file,
      line: line)
  }

  /// Indices that sort the last axis in descending order, lower index first among equals; a NaN
  /// counts as -infinity. int32, the shape of this.
  public func argsortDescending(file: String = #fileID, line: Int = #line) -> Tensor {
    graph.apply(
      .argsortDescending, [self], TensorType(.int32, shape), file: file, line: line)
  }

  /// Running sums along one axis (negative: from the end), each with its own element.
  public func cumulativeSum(axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    graph.apply(
      .cumulativeSum(axis: positive(axis)), [self], type, file: file, line: line)
  }

  /// A negative axis counts from the end.
  func positive(_ axis: Int) -> Int { axis < 0 ? shape.rank + axis : axis }
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
    apply(
      .random, [seeds, counters], TensorType(.float32, counters.shape), file: file, line: line)
  }
}
