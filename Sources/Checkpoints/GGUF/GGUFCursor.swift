/// Reads a GGUF header from front to back; no length in it is believed before it is compared with
/// the bytes that are left.
struct GGUFCursor {
  let file: MappedFile
  private(set) var offset = 0
  /// Version 1 has 32-bit lengths where later versions have 64 bits.
  var usesNarrowLengths = false

  init(_ file: MappedFile) { self.file = file }

  var remaining: Int { file.byteCount - offset }

  func failure(_ field: String, expected: String, found: String) -> CheckpointError {
    CheckpointError(file: file.name, .field(field), expected: expected, found: found)
  }

  /// Steps over bytes and returns where they lie.
  mutating func take(_ count: Int, _ field: String) throws(CheckpointError) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw failure(
        field, expected: "\(count) bytes at offset \(offset)", found: "\(remaining) before the end")
    }
    defer { offset += count }
    return offset..<offset + count
  }

  mutating func uint32(_ field: String) throws(CheckpointError) -> UInt32 {
    let range = try take(4, field)
    return file.withBytes(range) { $0.uint32(0) }
  }

  mutating func uint64(_ field: String) throws(CheckpointError) -> UInt64 {
    let range = try take(8, field)
    return file.withBytes(range) { $0.uint64(0) }
  }

  /// A length or count, in the width of the file's version.
  ///
  /// - Throws: where more items than bytes are left, each taking at least `itemBytes`.
  mutating func length(_ field: String, itemBytes: Int) throws(CheckpointError) -> Int {
    let value = usesNarrowLengths ? UInt64(try uint32(field)) : try uint64(field)
    let most = remaining / itemBytes
    guard value <= UInt64(most) else {
      throw failure(
        field, expected: "at most \(most), as \(remaining) bytes are left", found: "\(value)")
    }
    return Int(value)
  }

  /// The bytes of a string, not yet looked at.
  mutating func stringRange(_ field: String) throws(CheckpointError) -> Range<Int> {
    let count = try length("length of \(field)", itemBytes: 1)
    return try take(count, field)
  }

  mutating func string(_ field: String) throws(CheckpointError) -> String {
    let range = try stringRange(field)
    guard let text = file.string(range) else {
      throw failure(field, expected: "UTF-8", found: "other bytes at offset \(range.lowerBound)")
    }
    return text
  }

  /// Steps over `count` strings. Their lengths are checked, their text is not looked at.
  mutating func skipStrings(_ count: Int, _ field: String) throws(CheckpointError) {
    let width = usesNarrowLengths ? 4 : 8
    let start = offset
    let narrow = usesNarrowLengths
    let end = file.withBytes(0..<file.byteCount) { bytes -> Int? in
      var position = start
      for _ in 0..<count {
        guard position <= bytes.byteCount - width else { return nil }
        let length = narrow ? UInt64(bytes.uint32(position)) : bytes.uint64(position)
        position += width
        guard length <= UInt64(bytes.byteCount - position) else { return nil }
        position += Int(length)
      }
      return position
    }
    guard let end else {
      throw failure(field, expected: "\(count) strings", found: "the end of the file within them")
    }
    offset = end
  }

  /// The first multiple of `alignment` from here on.
  func aligned(to alignment: Int) -> Int? {
    let (sum, overflow) = offset.addingReportingOverflow(alignment - 1)
    return overflow ? nil : sum & ~(alignment - 1)
  }
}
