/// The "k" formats: 256 elements share one or two float16 scales `d` and `dmin`, and sub-blocks of
/// 16 or 32 have small integer scales `s` and minima `m` of their own.
///
/// ```
/// q2_k  16 s|m nibbles | 64: 2 bits | d | dmin          d s q - dmin m      sub-blocks of 16
/// q3_k  32: high bit | 64: low 2 bits | 12: s | d       d (s - 32) (q - 4)  sub-blocks of 16
/// q4_k  d | dmin | 12: s, m | 128: 4 bits               d s q - dmin m      sub-blocks of 32
/// q5_k  d | dmin | 12: s, m | 32: high bit | 128        d s q - dmin m      sub-blocks of 32
/// q6_k  128: low 4 bits | 64: high 2 bits | 16: s | d   d s (q - 32)        sub-blocks of 16
/// q8_k  d: f32 | 256 signed bytes | 16 sums of q        d q
/// ```
enum SuperBlocks {
  @inline(__always)
  static func q2_k(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let (d, dmin) = (HalfFloat.float(block.uint16(80)), HalfFloat.float(block.uint16(82)))
    for sub in 0..<16 {
      let packed = block.byte(sub)
      let (scale, minimum) = (d * Float(packed & 0xF), dmin * Float(packed >> 4))
      // Each half of 128 elements uses 32 bytes, two bits at a time.
      let start = 16 + (sub / 8) * 32 + (sub % 2) * 16
      let shift = UInt8(sub % 8 / 2 * 2)
      for l in 0..<16 {
        out[sub * 16 + l] = scale * Float((block.byte(start + l) >> shift) & 3) - minimum
      }
    }
  }

  @inline(__always)
  static func q3_k(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(108))
    for sub in 0..<16 {
      // Six bits: the lower four lie in nibbles of the first 8 bytes, the upper two in the last 4.
      let low = sub < 8 ? block.byte(96 + sub) & 0xF : block.byte(88 + sub) >> 4
      let high = (block.byte(104 + sub % 4) >> UInt8(sub / 4 * 2)) & 3
      let scale = d * Float(Int32(low | high << 4) &- 32)
      let start = 32 + (sub / 8) * 32 + (sub % 2) * 16
      let shift = UInt8(sub % 8 / 2 * 2)
      for l in 0..<16 {
        let quant = Int32((block.byte(start + l) >> shift) & 3)
        let hasHighBit = (block.byte(sub % 2 * 16 + l) >> UInt8(sub / 2)) & 1
        out[sub * 16 + l] = scale * Float(quant &- (hasHighBit == 1 ? 0 : 4))
      }
    }
  }

  /// The six-bit scale and minimum of a sub-block, packed in 12 bytes from `offset` on: the first
  /// four pairs in the lower six bits of 8 bytes, the others in the nibbles of the last 4 and those
  /// bytes' upper bits.
  @inline(__always)
  private static func scaleAndMinimum(
    _ block: RawSpan, _ offset: Int, _ sub: Int
  ) -> (Float, Float) {
    if sub < 4 {
      return (Float(block.byte(offset + sub) & 63), Float(block.byte(offset + sub + 4) & 63))
    }
    let low = block.byte(offset + sub + 4)
    let scale = (low & 0xF) | (block.byte(offset + sub - 4) >> 6) << 4
    let minimum = (low >> 4) | (block.byte(offset + sub) >> 6) << 4
    return (Float(scale), Float(minimum))
  }

  @inline(__always)
  static func q4_k(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let (d, dmin) = (HalfFloat.float(block.uint16(0)), HalfFloat.float(block.uint16(2)))
    for sub in 0..<8 {
      let (s, m) = scaleAndMinimum(block, 4, sub)
      let (scale, minimum) = (d * s, dmin * m)
      let start = 16 + sub / 2 * 32
      let shift = UInt8(sub % 2 * 4)
      for l in 0..<32 {
        out[sub * 32 + l] = scale * Float((block.byte(start + l) >> shift) & 0xF) - minimum
      }
    }
  }

  @inline(__always)
  static func q5_k(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let (d, dmin) = (HalfFloat.float(block.uint16(0)), HalfFloat.float(block.uint16(2)))
    for sub in 0..<8 {
      let (s, m) = scaleAndMinimum(block, 4, sub)
      let (scale, minimum) = (d * s, dmin * m)
      let start = 48 + sub / 2 * 32
      let shift = UInt8(sub % 2 * 4)
      for l in 0..<32 {
        let high = (block.byte(16 + l) >> UInt8(sub)) & 1
        let quant = (block.byte(start + l) >> shift) & 0xF | high << 4
        out[sub * 32 + l] = scale * Float(quant) - minimum
      }
    }
  }

  @inline(__always)
  static func q6_k(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(208))
    for sub in 0..<16 {
      let scale = d * Float(Int8(bitPattern: block.byte(192 + sub)))
      // Each half of 128 elements has four runs of 32: low nibbles of 64 bytes, then their high
      // nibbles.
      let (half, run) = (sub / 8, sub % 8 / 2)
      let low = half * 64 + run % 2 * 32 + sub % 2 * 16
      let high = 128 + half * 32 + sub % 2 * 16
      let (lowShift, highShift) = (UInt8(run / 2 * 4), UInt8(run * 2))
      for l in 0..<16 {
        let quant =
          (block.byte(low + l) >> lowShift) & 0xF
          | ((block.byte(high + l) >> highShift) & 3) << 4
        out[sub * 16 + l] = scale * Float(Int32(quant) &- 32)
      }
    }
  }

  @inline(__always)
  static func q8_k(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = block.float(0)
    for j in 0..<256 { out[j] = d * Float(Int8(bitPattern: block.byte(4 + j))) }
  }
}
