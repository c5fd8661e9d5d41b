/// The fields of a message in the wire format of Protocol Buffers.
///
/// - Source: the Protocol Buffers documentation, "Encoding".
struct ProtobufFields {
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes(Range<Int>)
  }

  let bytes: [UInt8]
  private(set) var fields: [(number: Int, value: Value)] = []

  /// - Throws: `TokenizerError` where the bytes are no message.
  init(_ bytes: [UInt8], _ range: Range<Int>, name: String) throws(TokenizerError) {
    self.bytes = bytes
    var at = range.lowerBound
    while at < range.upperBound {
      guard let key = ProtobufFields.varint(bytes, &at, range.upperBound),
        let value = ProtobufFields.value(bytes, Int(key & 7), &at, range.upperBound),
        key >> 3 > 0, key >> 3 < 1 << 29
      else {
        throw .malformed(
          field: name, expected: "a SentencePiece model", found: "something else at byte \(at)")
      }
      fields.append((Int(key >> 3), value))
    }
  }

  private static func value(
    _ bytes: [UInt8], _ type: Int, _ at: inout Int, _ end: Int
  ) -> Value? {
    switch type {
    case 0: return varint(bytes, &at, end).map { .varint($0) }
    case 1: return fixed(bytes, 8, &at, end).map { .fixed64($0) }
    case 2:
      guard let length = varint(bytes, &at, end), length <= UInt64(end - at) else { return nil }
      defer { at += Int(length) }
      return .bytes(at..<at + Int(length))
    case 5: return fixed(bytes, 4, &at, end).map { .fixed32(UInt32($0)) }
    default: return nil
    }
  }

  private static func varint(_ bytes: [UInt8], _ at: inout Int, _ end: Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard at < end else { return nil }
      let byte = bytes[at]
      at += 1
      if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
      if byte < 0x80 { return value }
    }
    return nil
  }

  private static func fixed(
    _ bytes: [UInt8], _ size: Int, _ at: inout Int, _ end: Int
  ) -> UInt64? {
    guard at + size <= end else { return nil }
    var value: UInt64 = 0
    for i in 0..<size { value |= UInt64(bytes[at + i]) << UInt64(8 * i) }
    at += size
    return value
  }

  /// The last field of a number, as the format wants it.
  private func last(_ number: Int) -> Value? { fields.last { $0.number == number }?.value }

  func int(_ number: Int, default fallback: Int) -> Int {
    if case .varint(let value) = last(number) { return Int(truncatingIfNeeded: value) }
    return fallback
  }

  func bool(_ number: Int, default fallback: Bool) -> Bool {
    int(number, default: fallback ? 1 : 0) != 0
  }

  func float(_ number: Int) -> Float {
    if case .fixed32(let bits) = last(number) { return Float(bitPattern: bits) }
    return 0
  }

  func data(_ number: Int) -> [UInt8]? {
    if case .bytes(let range) = last(number) { return Array(bytes[range]) }
    return nil
  }

  func string(_ number: Int, default fallback: String) -> String {
    data(number).map { String(decoding: $0, as: UTF8.self) } ?? fallback
  }

  /// The messages of a repeated field, or the one of a single field.
  func messages(_ number: Int, name: String) throws(TokenizerError) -> [ProtobufFields] {
    var result: [ProtobufFields] = []
    for field in fields where field.number == number {
      if case .bytes(let range) = field.value {
        result.append(try ProtobufFields(bytes, range, name: name))
      }
    }
    return result
  }
}
