/// A tensor in host memory, row-major. Values are widened: floats are kept as `Float`, integers and
/// booleans as `Int32`; `dataType` says what they are.
public struct HostTensor: Sendable, Hashable {
  public enum Elements: Sendable, Hashable {
    case float32([Float])
    case int32([Int32])
  }

  public let dataType: DataType
  public let shape: [Int]
  public var elements: Elements

  /// - Precondition: `values.count` is the product of `shape`.
  public init(_ values: [Float], shape: [Int], dataType: DataType = .float32) {
    precondition(
      values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    self.dataType = dataType
    self.shape = shape
    elements = .float32(values)
  }

  /// - Precondition: `values.count` is the product of `shape`.
  public init(_ values: [Int32], shape: [Int], dataType: DataType = .int32) {
    precondition(
      values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    self.dataType = dataType
    self.shape = shape
    elements = .int32(values)
  }

  public var count: Int { shape.reduce(1, *) }

  /// The values as floats; integers are converted.
  public var floats: [Float] {
    switch elements {
    case .float32(let values): values
    case .int32(let values): values.map(Float.init)
    }
  }

  /// The values as integers; floats are truncated toward zero.
  public var integers: [Int32] {
    switch elements {
    case .float32(let values): values.map { Int32($0) }
    case .int32(let values): values
    }
  }
}
