public import ApusTensors

/// float32 to dense 16-bit formats, to nearest, ties to even.
public enum Encode {
  /// Little-endian elements of float32, float16 or bfloat16.
  ///
  /// - Precondition: `type` is one of these.
  public static func bytes(_ values: [Float], as type: DataType) -> [UInt8] {
    makeBytes(values.count * type.byteCount) { write(values.span, as: type, to: &$0, at: 0) }
  }

  /// Writes all values from `offset` on.
  ///
  /// - Precondition: they fit, and `type` is float32, float16 or bfloat16.
  static func write(
    _ values: Span<Float>, as type: DataType, to bytes: inout MutableRawSpan, at offset: Int
  ) {
    switch type {
    case .float32:
      for i in 0..<values.count {
        bytes.storeBytes(
          of: values[i].bitPattern.littleEndian, toByteOffset: offset + i * 4, as: UInt32.self)
      }
    case .bfloat16:
      for i in 0..<values.count {
        bytes.storeBytes(
          of: BFloat16(values[i]).bitPattern.littleEndian, toByteOffset: offset + i * 2,
          as: UInt16.self)
      }
    case .float16:
      for i in 0..<values.count {
        bytes.storeBytes(
          of: HalfFloat.bits(values[i]).littleEndian, toByteOffset: offset + i * 2,
          as: UInt16.self)
      }
    default: preconditionFailure("weights are not encoded as \(type.rawValue)")
    }
  }
}
