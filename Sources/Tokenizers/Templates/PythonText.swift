/// Python's notions about characters, on UTF-8.
enum PythonText {
  /// `str.isspace`: Unicode white space, and the four information separators.
  @inline(__always)
  static func isSpace(_ value: UInt32) -> Bool {
    if value < 0x80 {
      return value == 0x20 || (0x09...0x0D).contains(value) || (0x1C...0x1F).contains(value)
    }
    return Unicode.Scalar(value)?.properties.isWhitespace ?? false
  }

  static func startTrimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var start = text.startIndex
    while start < text.endIndex {
      let (value, length) = scalar(in: text, at: start)
      guard isSpace(value) else { break }
      start += length
    }
    return text[start...]
  }

  static func endTrimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var end = text.endIndex
    while end > text.startIndex {
      var start = end - 1
      while start > text.startIndex, text[start] & 0xC0 == 0x80 { start -= 1 }
      guard isSpace(scalar(in: text, at: start).value) else { break }
      end = start
    }
    return text[..<end]
  }

  /// The scalar at `i` of valid UTF-8.
  static func scalar(in text: ArraySlice<UInt8>, at i: Int) -> (value: UInt32, length: Int) {
    let length = min(UTF8Text.length(lead: text[i]), text.endIndex - i)
    guard length > 1 else { return (UInt32(text[i]), 1) }
    var value = UInt32(text[i]) & (0xFF >> UInt32(length + 1))
    for k in 1..<length { value = value << 6 | UInt32(text[i + k] & 0x3F) }
    return (value, length)
  }

  /// Bytes where characters begin, and the end.
  static func borders(_ text: [UInt8]) -> [Int] {
    var borders: [Int] = []
    borders.reserveCapacity(text.count + 1)
    for i in text.indices where text[i] & 0xC0 != 0x80 { borders.append(i) }
    borders.append(text.count)
    return borders
  }

  @inline(never)
  static func count(_ text: [UInt8]) -> Int {
    // Without a branch and without a trap, so that it is many bytes at a time.
    let bytes = text.span
    var count = 0
    var at = 0
    while at < bytes.count {
      count &+= bytes[at] & 0xC0 == 0x80 ? 0 : 1
      at &+= 1
    }
    return count
  }

  static func scalars(_ text: [UInt8]) -> [Unicode.Scalar] {
    Array(String(decoding: text, as: UTF8.self).unicodeScalars)
  }

  /// Where the word that begins here ends.
  static func wordEnd(in text: [UInt8], from start: Int) -> Int {
    var end = start
    while end < text.count {
      let (value, length) = scalar(in: text[...], at: end)
      if isSpace(value) { break }
      end += length
    }
    return end
  }

  /// Where the word that ends here begins.
  static func wordStart(in text: [UInt8], before end: Int) -> Int {
    var start = end
    while start > 0 {
      let last = text.scalarStart(before: start)
      if isSpace(scalar(in: text[...], at: last).value) { break }
      start = last
    }
    return start
  }

  /// `repr` of a float: the shortest digits that read as it, with an exponent from 1e16 on and
  /// below 1e-4.
  static func representation(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let text = value.description
    let magnitude = value.magnitude
    if magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e15) { return text }
    // Swift goes over to exponents elsewhere, and writes them in another way.
    let parts = text.drop { $0 == "-" }.split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    let whole = String(mantissa[0])
    let fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
    var digits = whole + fraction
    var exponent = whole.count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    while digits.hasPrefix("0"), digits.count > 1 {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
    let sign = value < 0 ? "-" : ""
    if exponent >= 0, exponent < 16 {
      let padded = digits + String(repeating: "0", count: max(0, exponent + 1 - digits.count))
      let rest = padded.dropFirst(exponent + 1)
      return sign + padded.prefix(exponent + 1) + "." + (rest.isEmpty ? "0" : rest)
    }
    let rest = digits.dropFirst()
    let power = String(abs(exponent))
    return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "e"
      + (exponent < 0 ? "-" : "+") + (power.count < 2 ? "0" + power : power)
  }
}
