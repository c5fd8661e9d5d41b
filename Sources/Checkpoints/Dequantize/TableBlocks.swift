/// Formats whose four-bit quants name one of 16 values, and the ternary ones.
///
/// ```
/// iq4_nl  d | 16 bytes: element j in the low, j + 16 in the high nibble     d v[q]
/// iq4_xs  d | 8 * high 2 bits of s | 8 * low 4 bits | 128                   d (s - 32) v[q]
/// mxfp4   e: u8 | 16 bytes as iq4_nl                                        2^(e - 128) w[q]
/// nvfp4   4 scales s: unsigned e4m3 | 4 * 8 bytes as iq4_nl, of 16          s / 2 w[q]
/// tq1_0   48 + 4 bytes of five and four base-3 digits | d                   d (q - 1)
/// tq2_0   64 bytes of four 2-bit quants | d                                 d (q - 1)
/// ```
/// `v` are levels that suit normal weights, `w` the values of a 4-bit float (e2m1) doubled.
enum TableBlocks {
  private static let normalLevels: [Float] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
  ]
  private static let doubledFloat4: [Float] = [
    0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12,
  ]

  static func iq4_nl(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(0))
    for j in 0..<16 {
      let byte = block.byte(2 + j)
      out[j] = d * normalLevels[Int(byte & 0xF)]
      out[j + 16] = d * normalLevels[Int(byte >> 4)]
    }
  }

  static func iq4_xs(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(0))
    let high = block.uint16(2)
    for sub in 0..<8 {
      let low = block.byte(4 + sub / 2) >> UInt8(sub % 2 * 4) & 0xF
      let scale = Int32(low) | Int32((high >> UInt16(sub * 2)) & 3) << 4
      let level = d * Float(scale - 32)
      for j in 0..<16 {
        let byte = block.byte(8 + sub * 16 + j)
        out[sub * 32 + j] = level * normalLevels[Int(byte & 0xF)]
        out[sub * 32 + j + 16] = level * normalLevels[Int(byte >> 4)]
      }
    }
  }

  static func mxfp4(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let exponent = UInt32(block.byte(0))
    // 2^(e - 128); the two least exponents are denormal floats.
    let d = Float(bitPattern: exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23)
    for j in 0..<16 {
      let byte = block.byte(1 + j)
      out[j] = d * doubledFloat4[Int(byte & 0xF)]
      out[j + 16] = d * doubledFloat4[Int(byte >> 4)]
    }
  }

  static func nvfp4(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    for sub in 0..<4 {
      let d = halfOfFloat8(block.byte(sub))
      for j in 0..<8 {
        let byte = block.byte(4 + sub * 8 + j)
        out[sub * 16 + j] = d * doubledFloat4[Int(byte & 0xF)]
        out[sub * 16 + j + 8] = d * doubledFloat4[Int(byte >> 4)]
      }
    }
  }

  /// Half the value of a float with 4 exponent and 3 fraction bits, whose sign bit is not used; its
  /// NaN counts as zero.
  private static func halfOfFloat8(_ bits: UInt8) -> Float {
    if bits == 0x7F { return 0 }
    let (exponent, fraction) = (UInt32(bits >> 3 & 0xF), Float(bits & 7))
    if exponent == 0 { return fraction * 0x1p-10 }
    return (1 + fraction / 8) * Float(bitPattern: (exponent + 119) << 23)
  }

  static func tq1_0(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(52))
    let powers: [UInt8] = [1, 3, 9, 27, 81]
    var next = 0
    // Runs of bytes, and how many digits each byte of a run holds.
    for (bytes, digits) in [(0..<32, 5), (32..<48, 5), (48..<52, 4)] {
      for digit in 0..<digits {
        for index in bytes {
          // The byte is a fraction of 256: three times it carries the leading digit out.
          let rest = block.byte(index) &* powers[digit]
          out[next] = d * Float(Int32((UInt16(rest) * 3) >> 8) - 1)
          next += 1
        }
      }
    }
  }

  static func tq2_0(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(64))
    for half in 0..<2 {
      for place in 0..<4 {
        for j in 0..<32 {
          let quant = (block.byte(half * 32 + j) >> UInt8(place * 2)) & 3
          out[half * 128 + place * 32 + j] = d * Float(Int32(quant) - 1)
        }
      }
    }
  }
}
