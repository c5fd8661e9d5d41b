import ApusTensors

extension Reference {
  static func reduced(
    _ x: HostTensor, _ operation: ReductionOperation, axis: Int
  ) -> HostTensor {
    var shape = x.shape
    shape[axis] = 1
    switch x.elements {
    case .float32(let values):
      let result =
        switch operation {
        case .sum: folded(values, x.shape, axis, 0) { $0 + $1 }
        case .maximum: folded(values, x.shape, axis, -.infinity) { $1 > $0 ? $1 : $0 }
        case .minimum: folded(values, x.shape, axis, .infinity) { $1 < $0 ? $1 : $0 }
        }
      return HostTensor(
        result.map(x.dataType.rounded), shape: shape, dataType: x.dataType)
    case .int32(let values):
      let range = x.dataType.integerRange ?? Int32.min...Int32.max
      let result =
        switch operation {
        case .sum: folded(values, x.shape, axis, 0) { $0 &+ $1 }
        case .maximum: folded(values, x.shape, axis, range.lowerBound) { max($0, $1) }
        case .minimum: folded(values, x.shape, axis, range.upperBound) { min($0, $1) }
        }
      return HostTensor(wrapped(result, x.dataType), shape: shape, dataType: x.dataType)
    }
  }

  /// One result for each place of the other axes, combined in ascending order.
  private static func folded<T>(
    _ values: [T], _ shape: [Int], _ axis: Int, _ initial: T, _ combine: (T, T) -> T
  ) -> [T] {
    let (outer, size, inner) = split(shape, axis)
    var result = [T](repeating: initial, count: outer * inner)
    if inner == 1 {
      for row in 0..<outer {
        var total = initial
        for index in row * size..<(row + 1) * size { total = combine(total, values[index]) }
        result[row] = total
      }
      return result
    }
    for row in 0..<outer {
      for place in 0..<size {
        let source = (row * size + place) * inner
        for column in 0..<inner {
          result[row * inner + column] = combine(
            result[row * inner + column], values[source + column])
        }
      }
    }
    return result
  }

  static func cumulativeSum(_ x: HostTensor, axis: Int) -> HostTensor {
    switch x.elements {
    case .float32(let values):
      HostTensor(
        running(values, x.shape, axis) { x.dataType.rounded($0 + $1) }, shape: x.shape,
        dataType: x.dataType)
    case .int32(let values):
      HostTensor(
        wrapped(running(values, x.shape, axis) { $0 &+ $1 }, x.dataType), shape: x.shape,
        dataType: x.dataType)
    }
  }

  private static func running<T>(
    _ values: [T], _ shape: [Int], _ axis: Int, _ combine: (T, T) -> T
  ) -> [T] {
    let (outer, size, inner) = split(shape, axis)
    var result = values
    for row in 0..<outer {
      for place in 1..<max(size, 1) {
        let start = (row * size + place) * inner
        for index in start..<start + inner {
          result[index] = combine(result[index - inner], values[index])
        }
      }
    }
    return result
  }

  /// The product of the sizes before an axis, its size, and the product of those behind it.
  static func split(_ shape: [Int], _ axis: Int) -> (outer: Int, size: Int, inner: Int) {
    (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
  }
}
