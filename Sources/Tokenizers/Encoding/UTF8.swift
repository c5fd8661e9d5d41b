/// Reading UTF-8 that is known to be valid, byte by byte, without a `String` in between.
extension Array where Element == UInt8 {
  /// The scalar that begins at `i`, and its length in bytes.
  ///
  /// - Precondition: the bytes are valid UTF-8 and `i` is where a scalar begins.
  @inline(__always)
  func scalar(at i: Int) -> (value: UInt32, length: Int) {
    let first = UInt32(self[i])
    if first < 0x80 { return (first, 1) }
    let second = UInt32(self[i + 1]) & 0x3F
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
    let third = UInt32(self[i + 2]) & 0x3F
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
    let fourth = UInt32(self[i + 3]) & 0x3F
    return ((first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
  }

  /// Where the scalar that ends just before `i` begins.
  ///
  /// - Precondition: `i > 0`, valid UTF-8.
  @inline(__always)
  func scalarStart(before i: Int) -> Int {
    var start = i - 1
    while self[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }
}

enum UTF8Text {
  /// Bytes of the scalar that a lead byte begins; 1 for bytes that begin none.
  @inline(__always)
  static func length(lead: UInt8) -> Int {
    lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
  }

  /// Appends the UTF-8 form of a scalar.
  static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    append(scalar.value, to: &bytes)
  }

  /// Appends the UTF-8 form of a scalar value.
  @inline(__always)
  static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    if value < 0x80 {
      bytes.append(UInt8(value))
    } else if value < 0x800 {
      bytes.append(UInt8(0xC0 | value >> 6))
      bytes.append(UInt8(0x80 | value & 0x3F))
    } else if value < 0x10000 {
      bytes.append(UInt8(0xE0 | value >> 12))
      bytes.append(UInt8(0x80 | value >> 6 & 0x3F))
      bytes.append(UInt8(0x80 | value & 0x3F))
    } else {
      bytes.append(UInt8(0xF0 | value >> 18))
      bytes.append(UInt8(0x80 | value >> 12 & 0x3F))
      bytes.append(UInt8(0x80 | value >> 6 & 0x3F))
      bytes.append(UInt8(0x80 | value & 0x3F))
    }
  }

  /// Whether all bytes are ASCII.
  static func isASCII(_ bytes: [UInt8]) -> Bool {
    var all: UInt8 = 0
    for byte in bytes { all |= byte }
    return all < 0x80
  }
}
