/// The formats of 32 (q1_0: 128) elements with one scale. `d` and `m` are float16; `q` are the
/// quants.
///
/// ```
/// q4_0  d | 16 bytes: element j in the low, j + 16 in the high nibble       d (q - 8)
/// q4_1  d | m | 16 bytes as q4_0                                            d q + m
/// q5_0  d | 32 high bits | 16 bytes as q4_0                                 d (q - 16)
/// q5_1  d | m | 32 high bits | 16 bytes as q4_0                             d q + m
/// q8_0  d | 32 signed bytes                                                 d q
/// q8_1  d | d * sum of q | 32 signed bytes                                  d q
/// q1_0  d | 16 bytes: element 8 j + k is bit k of byte j, of 128            d or -d
/// ```
enum LegacyBlocks {
  @inline(__always)
  static func q4_0(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(0))
    for j in 0..<16 {
      let byte = block.byte(2 + j)
      out[j] = d * Float(Int32(byte & 0xF) &- 8)
      out[j + 16] = d * Float(Int32(byte >> 4) &- 8)
    }
  }

  @inline(__always)
  static func q4_1(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let (d, m) = (HalfFloat.float(block.uint16(0)), HalfFloat.float(block.uint16(2)))
    for j in 0..<16 {
      let byte = block.byte(4 + j)
      out[j] = d * Float(byte & 0xF) + m
      out[j + 16] = d * Float(byte >> 4) + m
    }
  }

  @inline(__always)
  static func q5_0(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(0))
    let high = block.uint32(2)
    for j in 0..<16 {
      let byte = UInt32(block.byte(6 + j))
      let low = (byte & 0xF) | ((high >> UInt32(j)) & 1) << 4
      let upper = (byte >> 4) | ((high >> UInt32(j + 16)) & 1) << 4
      out[j] = d * Float(Int32(low) &- 16)
      out[j + 16] = d * Float(Int32(upper) &- 16)
    }
  }

  @inline(__always)
  static func q5_1(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let (d, m) = (HalfFloat.float(block.uint16(0)), HalfFloat.float(block.uint16(2)))
    let high = block.uint32(4)
    for j in 0..<16 {
      let byte = UInt32(block.byte(8 + j))
      let low = (byte & 0xF) | ((high >> UInt32(j)) & 1) << 4
      let upper = (byte >> 4) | ((high >> UInt32(j + 16)) & 1) << 4
      out[j] = d * Float(Int32(low)) + m
      out[j + 16] = d * Float(Int32(upper)) + m
    }
  }

  @inline(__always)
  static func q8_0(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(0))
    for j in 0..<32 { out[j] = d * Float(Int8(bitPattern: block.byte(2 + j))) }
  }

  @inline(__always)
  static func q8_1(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(0))
    for j in 0..<32 { out[j] = d * Float(Int8(bitPattern: block.byte(4 + j))) }
  }

  @inline(__always)
  static func q1_0(_ block: RawSpan, _ out: inout MutableSpan<Float>) {
    let d = HalfFloat.float(block.uint16(0))
    for j in 0..<128 { out[j] = (block.byte(2 + j / 8) >> UInt8(j % 8)) & 1 == 1 ? d : -d }
  }
}
