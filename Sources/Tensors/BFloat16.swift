/// A 16-bit float with the exponent range of `Float` and 8 bits of significand.
///
/// - Source: "BFloat16: the secret to high performance on Cloud TPUs", Google 2019.
public struct BFloat16: Sendable, Hashable {
  public var bitPattern: UInt16

  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// Rounds to nearest, ties to even; every NaN becomes a quiet NaN of the same sign.
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
    } else {
      bitPattern = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
  }
}

extension Float {
  /// Exact: every bfloat16 is a `Float`.
  public init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) << 16) }
}
