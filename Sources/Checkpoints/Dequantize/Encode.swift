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
    case .float32: writeElements(values, &bytes, at: offset) { $0.bitPattern }
    case .bfloat16: writeElements(values, &bytes, at: offset, bfloat16Bits)
    case .float16: writeElements(values, &bytes, at: offset) { HalfFloat.bits($0) }
    default: preconditionFailure("weights are not encoded as \(type.rawValue)")
    }
  }

  /// As `BFloat16(value).bitPattern`, here so that the loop is inlined and vectorised.
  @inline(__always)
  private static func bfloat16Bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let rounded = (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16
    return UInt16(truncatingIfNeeded: value.isNaN ? bits >> 16 | 0x40 : rounded)
  }
}
