public import ApusTensors

extension Tensor {
  /// The same elements in row-major order under another shape.
  public func reshaped(_ target: Shape, file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned || shape == target { return self }
    guard shape.elementCount == target.elementCount else {
      return graph.fail(
        "reshape", [self],
        "\(shape) has \(shape.elementCount) elements, \(target) has \(target.elementCount)",
        file: file, line: line)
    }
    return graph.append(.primitive(.reshape), [id], TensorType(dataType, target))
  }

  /// Axis i of the result is axis `axes[i]` of this.
  public func permuted(_ axes: [Int], file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned { return self }
    guard axes.sorted() == Array(0..<shape.rank) else {
      return graph.fail(
        "permute", [self], "\(axes) is no permutation of \(shape.rank) axes", file: file, line: line
      )
    }
    if axes == Array(0..<shape.rank) { return self }
    let target = Shape(axes.map { shape[$0] })
    return graph.append(.primitive(.permute(axes: axes)), [id], TensorType(dataType, target))
  }

  /// `count` elements from `start` along `axis` (negative axes count from the end).
  public func sliced(
    axis: Int, start: Int, count: Dim, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned { return self }
    let at = axis < 0 ? shape.rank + axis : axis
    guard at >= 0, at < shape.rank, start >= 0 else {
      return graph.fail(
        "slice", [self], "axis \(axis), start \(start) of \(shape)", file: file, line: line)
    }
    if start == 0, shape[at] == count { return self }
    if let size = shape[at].constant, let wanted = count.constant, start + wanted > size {
      return graph.fail(
        "slice", [self], "\(start)..<\(start + wanted) of axis \(at), which has \(size)",
        file: file, line: line)
    }
    var target = shape
    target[at] = count
    return graph.append(
      .primitive(.slice(axis: at, start: start, count: count)), [id], TensorType(dataType, target))
  }

  public static func concatenated(
    _ parts: [Tensor], axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let first = parts[0]
    if let poisoned = parts.first(where: \.isPoisoned) { return poisoned }
    let at = axis < 0 ? first.shape.rank + axis : axis
    var target = first.shape
    target[at] = parts.map { $0.shape[at] }.reduce(Dim(0), +)
    for part in parts {
      var expected = target
      guard part.shape.rank == target.rank, part.dataType == first.dataType else {
        return first.graph.fail(
          "concatenate", parts, "ranks or types differ", file: file, line: line)
      }
      expected[at] = part.shape[at]
      guard part.shape == expected else {
        return first.graph.fail(
          "concatenate", parts, "\(part.shape) beside \(first.shape) along axis \(at)", file: file,
          line: line)
      }
    }
    if parts.count == 1 { return first }
    return first.graph.append(
      .primitive(.concatenate(axis: at)), parts.map(\.id), TensorType(first.dataType, target))
  }

  /// Rows of this (`[n, rest...]`) by int32 indices of any shape: `[indices..., rest...]`.
  public func gathered(_ indices: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
    if isPoisoned || indices.isPoisoned { return graph.poisoned }
    guard indices.dataType == .int32, shape.rank >= 1 else {
      return graph.fail(
        "gather", [self, indices], "expected rows and int32 indices", file: file, line: line)
    }
    let target = Shape(indices.shape.dims + shape.dims.dropFirst())
    return graph.append(.primitive(.gather), [id, indices.id], TensorType(dataType, target))
  }
}
