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
    bytes.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrappedOrEmpty)
  }
}

extension Optional where Wrapped == UTF8.EncodedScalar {
  /// Every `Unicode.Scalar` has a UTF-8 form, so the empty case never happens.
  fileprivate var unsafelyUnwrappedOrEmpty: UTF8.EncodedScalar { self ?? UTF8.EncodedScalar() }
}
