public import ApusTensors

extension Tensor {
  /// The same elements in row-major order under another shape.
  public func reshaped(_ target: Shape, file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned || shape == target { return self }
    return graph.apply(.reshape, [self], TensorType(dataType, target), file: file, line: line)
  }

  /// Axis i of the result is axis `axes[i]` of this.
  public func permuted(_ axes: [Int], file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned || axes == Array(0..<shape.rank) { return self }
    let isPermutation = axes.sorted() == Array(0..<shape.rank)
    let target = isPermutation ? Shape(axes.map { shape[$0] }) : shape
    return graph.apply(
      .permute(axes: axes), [self], TensorType(dataType, target), file: file, line: line)
  }

  /// `count` elements from `start` along `axis` (negative axes count from the end).
  public func sliced(
    axis: Int, start: Int, count: Dim, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let at = positive(axis)
    var target = type
    if 0 <= at, at < shape.rank {
      if start == 0, shape[at] == count { return self }
      target.shape[at] = count
    }
    return graph.apply(
      .slice(axis: at, start: start, count: count), [self], target, file: file, line: line)
  }

  /// The parts side by side along `axis` (negative axes count from the end).
  ///
  /// - Precondition: there is at least one part.
  public static func concatenated(
    _ parts: [Tensor], axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    precondition(!parts.isEmpty, "concatenated([]) has no graph")
    let first = parts[0]
    if parts.count == 1 { return first }
    let at = first.positive(axis)
    var target = first.type
    if 0 <= at, parts.allSatisfy({ $0.shape.rank == target.rank && at < target.rank }) {
      target.shape[at] = parts.map { $0.shape[at] }.reduce(0, +)
    }
    return first.graph.apply(.concatenate(axis: at), parts, target, file: file, line: line)
  }

  /// Stretches to a shape that this one broadcasts to (axes aligned at the end).
  public func broadcast(
    to target: Shape, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned || shape == target { return self }
    let first = target.rank - shape.rank
    return graph.apply(
      .broadcast(axes: Array(first..<max(first, target.rank))), [self],
      TensorType(dataType, target), file: file, line: line)
  }
}
