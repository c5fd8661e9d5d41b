import ApusTensors

extension Reference {
  static func reshaped(_ x: HostTensor, _ shape: [Int]) -> HostTensor {
    switch x.elements {
    case .float32(let values): HostTensor(values, shape: shape, dataType: x.dataType)
    case .int32(let values): HostTensor(values, shape: shape, dataType: x.dataType)
    }
  }

  static func broadcast(_ x: HostTensor, to shape: [Int], axes: [Int]) -> HostTensor {
    if x.count == 1 { return filled(x, shape) }
    let own = strides(of: x.shape)
    var strides = [Int](repeating: 0, count: shape.count)
    for (axis, target) in axes.enumerated() where x.shape[axis] == shape[target] {
      strides[target] = own[axis]
    }
    return strided(x, shape, strides, offset: 0)
  }

  private static func filled(_ x: HostTensor, _ shape: [Int]) -> HostTensor {
    let count = shape.reduce(1, *)
    return switch x.elements {
    case .float32(let values):
      HostTensor(Array(repeating: values[0], count: count), shape: shape, dataType: x.dataType)
    case .int32(let values):
      HostTensor(Array(repeating: values[0], count: count), shape: shape, dataType: x.dataType)
    }
  }

  static func permuted(_ x: HostTensor, _ axes: [Int]) -> HostTensor {
    let own = strides(of: x.shape)
    return strided(x, axes.map { x.shape[$0] }, axes.map { own[$0] }, offset: 0)
  }

  static func sliced(_ x: HostTensor, axis: Int, start: Int, to shape: [Int]) -> HostTensor {
    let own = strides(of: x.shape)
    return strided(x, shape, own, offset: start * own[axis])
  }

  static func concatenated(_ parts: [HostTensor], axis: Int) -> HostTensor {
    var shape = parts[0].shape
    shape[axis] = parts.map { $0.shape[axis] }.reduce(0, +)
    let outer = shape[..<axis].reduce(1, *)
    let chunks = parts.map { $0.shape[axis...].reduce(1, *) }
    switch parts[0].elements {
    case .float32:
      let joined = joined(parts.map(\.floats), outer, chunks)
      return HostTensor(joined, shape: shape, dataType: parts[0].dataType)
    case .int32:
      let joined = joined(parts.map(\.integers), outer, chunks)
      return HostTensor(joined, shape: shape, dataType: parts[0].dataType)
    }
  }

  private static func joined<T>(_ parts: [[T]], _ outer: Int, _ chunks: [Int]) -> [T] {
    var result: [T] = []
    result.reserveCapacity(outer * chunks.reduce(0, +))
    for index in 0..<outer {
      for (part, chunk) in zip(parts, chunks) {
        result.append(contentsOf: part[index * chunk..<(index + 1) * chunk])
      }
    }
    return result
  }

  private static func strides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  private static func strided(
    _ x: HostTensor, _ shape: [Int], _ strides: [Int], offset: Int
  ) -> HostTensor {
    switch x.elements {
    case .float32(let values):
      HostTensor(
        strided(values, shape, strides, offset), shape: shape, dataType: x.dataType)
    case .int32(let values):
      HostTensor(
        strided(values, shape, strides, offset), shape: shape, dataType: x.dataType)
    }
  }

  /// Element `[i, j, ...]` of the result is element `offset + i * strides[0] + j * strides[1] +
  /// ...` of the source.
  private static func strided<T>(
    _ source: [T], _ shape: [Int], _ strides: [Int], _ offset: Int
  ) -> [T] {
    let count = shape.reduce(1, *)
    if count == 0 { return [] }
    let (sizes, steps) = merged(shape, strides)
    let inner = sizes[sizes.count - 1]
    let step = steps[steps.count - 1]
    var result: [T] = []
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: sizes.count - 1)
    var position = offset
    while true {
      switch step {
      case 0: result.append(contentsOf: repeatElement(source[position], count: inner))
      case 1: result.append(contentsOf: source[position..<position + inner])
      default: for place in 0..<inner { result.append(source[position + place * step]) }
      }
      var axis = index.count - 1
      while axis >= 0 {
        index[axis] += 1
        position += steps[axis]
        if index[axis] < sizes[axis] { break }
        position -= sizes[axis] * steps[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return result }
    }
  }

  /// The same walk in fewer axes: those of size 1 left out, those that continue each other joined.
  /// At least one axis is left.
  private static func merged(
    _ shape: [Int], _ strides: [Int]
  ) -> (sizes: [Int], steps: [Int]) {
    var sizes: [Int] = []
    var steps: [Int] = []
    for (size, step) in zip(shape, strides) where size != 1 {
      if let last = steps.last, last == step * size {
        sizes[sizes.count - 1] *= size
        steps[steps.count - 1] = step
      } else {
        sizes.append(size)
        steps.append(step)
      }
    }
    return sizes.isEmpty ? ([1], [1]) : (sizes, steps)
  }
}
