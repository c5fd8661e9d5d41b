/// The 16-bit float of IEEE 754-2008 as bits: 1 sign, 5 exponent, 10 fraction. By integers, so that
/// neither the processor's modes for denormals nor its instruction set can change a bit.
package enum HalfFloat {
  /// Exact.
  @inline(__always)
  package static func float(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7FFF)
    let normal = Float(bitPattern: sign | ((magnitude << 13) &+ (112 << 23)))
    if magnitude &- 0x400 < 0x7800 { return normal }
    if magnitude >= 0x7C00 {
      return Float(bitPattern: sign | 0x7F80_0000 | ((magnitude & 0x3FF) << 13))
    }
    // A denormal: its fraction counts units of 2^-24.
    let value = Float(magnitude) * 0x1p-24
    return sign == 0 ? value : -value
  }

  /// Rounds to nearest, ties to even; too large values become infinite, every NaN a quiet one.
  @inline(__always)
  package static func bits(_ value: Float) -> UInt16 {
    let pattern = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: pattern >> 16) & 0x8000
    let magnitude = pattern & 0x7FFF_FFFF
    if magnitude >= 0x7F80_0000 {
      let fraction = UInt16(truncatingIfNeeded: (magnitude & 0x7F_FFFF) >> 13)
      return sign | 0x7C00 | (magnitude > 0x7F80_0000 ? fraction | 0x200 : 0)
    }
    // From 65520 on, halfway to the next power of two, values round to infinity.
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
    if magnitude >= 0x3880_0000 {
      let rounded = magnitude &+ 0xFFF &+ ((magnitude >> 13) & 1)
      return sign | UInt16(truncatingIfNeeded: (rounded >> 13) &- (112 << 10))
    }
    // Below the least normal number, 2^-14: units of 2^-24, rounded by the shift.
    if magnitude < 0x3300_0000 { return sign }
    let shift = 126 &- (magnitude >> 23)
    let fraction = (magnitude & 0x7F_FFFF) | 0x80_0000
    let half = UInt32(1) << (shift &- 1)
    let kept = fraction >> shift
    let rest = fraction & ((1 << shift) &- 1)
    let roundsUp = rest > half || (rest == half && kept & 1 == 1)
    return sign | UInt16(truncatingIfNeeded: kept &+ (roundsUp ? 1 : 0))
  }
}
