/// A tensor in host memory, row-major. Values are widened: floats are kept as `Float`, integers and
/// booleans as `Int32`; `dataType` says what they are.
///
/// Two are equal when type, shape and the bits of the elements are: 0 and -0 differ, a NaN equals
/// itself.
public struct HostTensor: Sendable, Hashable {
  public enum Elements: Sendable {
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

  /// A vector, `[values.count]`.
  public init(_ values: [Float]) { self.init(values, shape: [values.count]) }
  /// A vector, `[values.count]`.
  public init(_ values: [Int32]) { self.init(values, shape: [values.count]) }

  public var count: Int { shape.reduce(1, *) }

  /// The values as floats; integers are converted.
  public var floats: [Float] {
    switch elements {
    case .float32(let values): values
    case .int32(let values): values.map(Float.init)
    }
  }

  /// The values as integers; floats are truncated toward zero, and beyond the range become its
  /// nearest bound; NaN becomes 0.
  public var integers: [Int32] {
    switch elements {
    case .float32(let values): values.map(Int32.init(saturating:))
    case .int32(let values): values
    }
  }
}

extension HostTensor.Elements: Hashable {
  public static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.float32(let x), .float32(let y)):
      x.elementsEqual(y) { $0.bitPattern == $1.bitPattern }
    case (.int32(let x), .int32(let y)): x == y
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .float32(let values): for value in values { hasher.combine(value.bitPattern) }
    case .int32(let values): hasher.combine(values)
    }
  }
}

extension Int32 {
  /// Truncates toward zero; beyond the range it is the nearest bound, and NaN is 0.
  public init(saturating value: Float) {
    if value.isNaN {
      self = 0
    } else {
      // 2^31 is the first float above the range; the lower bound is exact.
      self = value >= 0x1p31 ? .max : value <= -0x1p31 ? .min : Int32(value)
    }
  }
}
