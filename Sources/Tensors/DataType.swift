/// The type of one element of a tensor.
public enum DataType: String, Sendable, Hashable, CaseIterable {
  case bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64
  case float16, bfloat16, float32, float64

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }
}

extension DataType {
  /// The nearest value of this floating-point type, ties to even; the value itself for float32,
  /// float64 and integers.
  public func rounded(_ value: Float) -> Float {
    switch self {
    case .float16: Float(Float16(value))
    case .bfloat16: Float(BFloat16(value))
    default: value
    }
  }

  /// The least and the greatest value of an integer type that fits in `Int32`; nil for other types.
  public var integerRange: ClosedRange<Int32>? {
    switch self {
    case .bool: 0...1
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32768...32767
    case .uint16: 0...65535
    case .int32: Int32.min...Int32.max
    case .uint32, .int64, .uint64, .float16, .bfloat16, .float32, .float64: nil
    }
  }
}
