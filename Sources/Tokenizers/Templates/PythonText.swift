/// Python's notions about characters, on UTF-8.
enum PythonText {
  /// `str.isspace`: Unicode white space, and the four information separators.
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

  static func count(_ text: [UInt8]) -> Int {
    var count = 0
    for byte in text where byte & 0xC0 != 0x80 { count += 1 }
    return count
  }

  static func scalars(_ text: [UInt8]) -> [Unicode.Scalar] {
    Array(String(decoding: text, as: UTF8.self).unicodeScalars)
  }

  static func uppercased(_ text: [UInt8]) -> [UInt8] {
    mapScalars(text) { $0.properties.uppercaseMapping }
  }

  static func lowercased(_ text: [UInt8]) -> [UInt8] {
    mapScalars(text) { $0.properties.lowercaseMapping }
  }

  /// `str.capitalize`.
  static func capitalized(_ text: [UInt8]) -> [UInt8] {
    var isFirst = true
    return mapScalars(text) { scalar in
      defer { isFirst = false }
      return isFirst ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
    }
  }

  /// `str.title`: the first letter after anything that is no letter.
  static func titled(_ text: [UInt8]) -> [UInt8] {
    var isAfterLetter = false
    return mapScalars(text) { scalar in
      defer { isAfterLetter = scalar.properties.isCased }
      return isAfterLetter
        ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
    }
  }

  static func mapScalars(_ text: [UInt8], _ transform: (Unicode.Scalar) -> String) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      result.append(contentsOf: transform(scalar).utf8)
    }
    return result
  }

  /// `repr` of a float.
  static func representation(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let text = value.description
    guard value.magnitude >= 1e16, !text.contains("e") else { return text }
    // Python goes over to exponents at 1e16, Swift somewhat later.
    let sign = value < 0 ? "-" : ""
    var digits = text.drop { $0 == "-" }.prefix { $0 != "." }
    let exponent = digits.count - 1
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    let rest = digits.dropFirst()
    return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "e+\(exponent)"
  }
}
