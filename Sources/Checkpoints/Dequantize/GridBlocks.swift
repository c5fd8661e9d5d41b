/// Formats of 256 elements whose quants name words of a grid: 8 or 4 elements at once. `d` is a
/// float16, `s` a small integer scale of a sub-block, `g` an index into the grid, `-` sign bits.
///
/// ```
/// iq2_xxs  d | 8 * (4 g | u32: 4 * 7 "-", 4 s)             d (s + 1/2) / 4 * g
/// iq2_xs   d | 32 * u16: 9 g, 7 "-" | 8: 4 s, 4 s          d (s + 1/2) / 4 * g   s per 16
/// iq2_s    d | 32 g | 32 "-" | 8: high 2 of g | 8: 4 s, 4 s   as iq2_xs
/// iq3_xxs  d | 64 g | 8 * u32: 4 * 7 "-", 4 s              d (s + 1/2) / 2 * g
/// iq3_s    d | 64 g | 8: high bit of g | 32 "-" | 4: 4 s, 4 s  d (2 s + 1) g       s per 32
/// iq1_s    d | 32 g | 8 * u16: 4 * high 3 of g, 3 s, sign of e  d (2 s + 1) (g + e)
/// iq1_m    32 g | 16: 2 * (high 3 of g, sign of e) | 4 * u16: 4 * 3 s, 4 of d   as iq1_s
/// ```
/// `e` is 1/8 or -1/8. Seven sign bits are followed by one that makes their number even.
enum GridBlocks {
  /// Eight elements from `first` on, negative where a bit of `signs` is set.
  @inline(__always)
  private static func put(
    _ word: UInt64, _ signs: UInt8, _ scale: Float, _ out: inout MutableSpan<Float>, _ first: Int
  ) {
    for k in 0..<8 {
      let value = Float(Int8(truncatingIfNeeded: word >> UInt64(k * 8)))
      out[first + k] = scale * value * ((signs >> UInt8(k)) & 1 == 1 ? -1 : 1)
    }
  }

  /// Eight signs from seven bits.
  @inline(__always)
  private static func evenSigns(_ bits: UInt32) -> UInt8 {
    let seven = UInt8(truncatingIfNeeded: bits & 0x7F)
    return seven | UInt8(truncatingIfNeeded: seven.nonzeroBitCount & 1) << 7
  }

  @inline(__always)
  private static func nibble(_ block: RawSpan, _ offset: Int, _ index: Int) -> Float {
    Float((block.byte(offset + index / 2) >> UInt8(index % 2 * 4)) & 0xF)
  }

  /// A row of eight from two words of four.
  @inline(__always)
  private static func joined(_ low: UInt32, _ high: UInt32) -> UInt64 {
    UInt64(low) | UInt64(high) << 32
  }

  static func iq2_xxs(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let words = Grids.iq2_xxs.words
    let d = HalfFloat.float(block.uint16(0))
    for sub in 0..<8 {
      let bits = block.uint32(6 + sub * 8)
      let scale = d * (0.5 + Float(bits >> 28)) * 0.25
      for l in 0..<4 {
        let word = words[Int(block.byte(2 + sub * 8 + l))]
        put(word, evenSigns(bits >> UInt32(l * 7)), scale, &out, sub * 32 + l * 8)
      }
    }
  }

  static func iq2_xs(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let words = Grids.iq2_xs.words
    let d = HalfFloat.float(block.uint16(0))
    for l in 0..<32 {
      let scale = d * (0.5 + nibble(block, 66, l / 2)) * 0.25
      let bits = UInt32(block.uint16(2 + l * 2))
      put(words[Int(bits & 511)], evenSigns(bits >> 9), scale, &out, l * 8)
    }
  }

  static func iq2_s(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let words = Grids.iq2_s.words
    let d = HalfFloat.float(block.uint16(0))
    for l in 0..<32 {
      let scale = d * (0.5 + nibble(block, 74, l / 2)) * 0.25
      let high = (block.byte(66 + l / 4) >> UInt8(l % 4 * 2)) & 3
      let index = Int(block.byte(2 + l)) | Int(high) << 8
      put(words[index], block.byte(34 + l), scale, &out, l * 8)
    }
  }

  static func iq3_xxs(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let words = Grids.iq3_xxs.words
    let d = HalfFloat.float(block.uint16(0))
    for sub in 0..<8 {
      let bits = block.uint32(66 + sub * 4)
      let scale = d * (0.5 + Float(bits >> 28)) * 0.5
      for l in 0..<4 {
        let first = 2 + sub * 8 + l * 2
        let word = joined(words[Int(block.byte(first))], words[Int(block.byte(first + 1))])
        put(word, evenSigns(bits >> UInt32(l * 7)), scale, &out, sub * 32 + l * 8)
      }
    }
  }

  static func iq3_s(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let words = Grids.iq3_s.words
    let d = HalfFloat.float(block.uint16(0))
    for l in 0..<32 {
      let scale = d * (1 + 2 * nibble(block, 106, l / 4))
      let high = block.byte(66 + l / 4) >> UInt8(l % 4 * 2)
      let low = Int(block.byte(2 + l * 2)) | Int(high & 1) << 8
      let upper = Int(block.byte(3 + l * 2)) | Int(high >> 1 & 1) << 8
      put(joined(words[low], words[upper]), block.byte(74 + l), scale, &out, l * 8)
    }
  }

  /// Eight elements with an offset in place of signs.
  @inline(__always)
  private static func put(
    _ word: UInt64, offset: Float, _ scale: Float, _ out: inout MutableSpan<Float>, _ first: Int
  ) {
    for k in 0..<8 {
      let value = Float(Int8(truncatingIfNeeded: word >> UInt64(k * 8)))
      out[first + k] = scale * (value + offset)
    }
  }

  static func iq1_s(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let words = Grids.iq1.words
    let d = HalfFloat.float(block.uint16(0))
    for sub in 0..<8 {
      let bits = block.uint16(34 + sub * 2)
      let scale = d * Float(2 * (bits >> 12 & 7) + 1)
      let offset: Float = bits >> 15 == 0 ? 0.125 : -0.125
      for l in 0..<4 {
        let high = Int(bits >> UInt16(l * 3) & 7)
        let word = words[Int(block.byte(2 + sub * 4 + l)) | high << 8]
        put(word, offset: offset, scale, &out, sub * 32 + l * 8)
      }
    }
  }

  static func iq1_m(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let words = Grids.iq1.words
    var halfBits: UInt16 = 0
    for part in 0..<4 { halfBits |= (block.uint16(48 + part * 2) >> 12) << UInt16(part * 4) }
    let d = HalfFloat.float(halfBits)
    for l in 0..<32 {
      let s = block.uint16(48 + l / 8 * 2) >> UInt16(l / 2 % 4 * 3) & 7
      let bits = block.byte(32 + l / 2) >> UInt8(l % 2 * 4)
      let word = words[Int(block.byte(l)) | Int(bits & 7) << 8]
      put(word, offset: bits & 8 == 0 ? 0.125 : -0.125, d * Float(2 * s + 1), &out, l * 8)
    }
  }
}
