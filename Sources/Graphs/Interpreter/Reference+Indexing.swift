import ApusTensors

extension Reference {
  /// Rows by index; one outside gives zeros.
  static func gathered(_ x: HostTensor, _ indices: HostTensor, _ shape: [Int]) -> HostTensor {
    let (_, rows, width) = split(x.shape, 0)
    switch x.elements {
    case .float32(let values):
      return HostTensor(
        gathered(values, rows, width, indices.integers, 0), shape: shape, dataType: x.dataType)
    case .int32(let values):
      return HostTensor(
        gathered(values, rows, width, indices.integers, 0), shape: shape, dataType: x.dataType)
    }
  }

  private static func gathered<T>(
    _ values: [T], _ rows: Int, _ width: Int, _ indices: [Int32], _ zero: T
  ) -> [T] {
    var result: [T] = []
    result.reserveCapacity(indices.count * width)
    for index in indices.lazy.map(Int.init) {
      if 0 <= index, index < rows {
        result.append(contentsOf: values[index * width..<(index + 1) * width])
      } else {
        result.append(contentsOf: repeatElement(zero, count: width))
      }
    }
    return result
  }

  static func gatheredAlongRows(_ x: HostTensor, _ indices: HostTensor) -> HostTensor {
    let (columns, width) = (x.shape[1], indices.shape[1])
    func places<T>(_ values: [T], _ zero: T) -> [T] {
      indices.integers.enumerated().map { place, index in
        0 <= index && Int(index) < columns
          ? values[place / width * columns + Int(index)] : zero
      }
    }
    return switch x.elements {
    case .float32(let values):
      HostTensor(places(values, 0), shape: indices.shape, dataType: x.dataType)
    case .int32(let values):
      HostTensor(places(values, 0), shape: indices.shape, dataType: x.dataType)
    }
  }

  static func argsortDescending(_ x: HostTensor) -> HostTensor {
    let width = x.shape[x.shape.count - 1]
    func sorted<T: Comparable>(_ keys: [T]) -> [Int32] {
      var result: [Int32] = []
      result.reserveCapacity(keys.count)
      for start in stride(from: 0, to: keys.count, by: max(width, 1)) {
        let order = (0..<width).sorted { a, b in
          let (x, y) = (keys[start + a], keys[start + b])
          return x == y ? a < b : x > y
        }
        result.append(contentsOf: order.lazy.map(Int32.init))
      }
      return result
    }
    return switch x.elements {
    case .float32(let values):
      HostTensor(sorted(values.map { $0.isNaN ? -.infinity : $0 }), shape: x.shape)
    case .int32(let values): HostTensor(sorted(values), shape: x.shape)
    }
  }
}
