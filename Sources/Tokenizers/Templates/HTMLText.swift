/// Texts and HTML.
enum HTMLText {
  static func escaped(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(where: { entity($0) != nil }) else { return text }
    var result: [UInt8] = []
    result.reserveCapacity(text.count + 16)
    for byte in text {
      if let entity = entity(byte) { result += entity.utf8 } else { result.append(byte) }
    }
    return result
  }

  private static func entity(_ byte: UInt8) -> String? {
    switch byte {
    case UInt8(ascii: "&"): "&amp;"
    case UInt8(ascii: "<"): "&lt;"
    case UInt8(ascii: ">"): "&gt;"
    case UInt8(ascii: "\""): "&#34;"
    case UInt8(ascii: "'"): "&#39;"
    default: nil
    }
  }

  static func urlEncoded(_ text: [UInt8], isQuery: Bool) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(byte)
      case 0x2F where !isQuery: result.append(byte)
      case 0x20 where isQuery: result.append(UInt8(ascii: "+"))
      default: result += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return result
  }

  /// Without tags and comments, with single spaces, and with entities read.
  static func withoutTags(_ text: MarkedString) -> MarkedString {
    var rest = MarkedString()
    var at = 0
    while let open = text.firstRange(of: [0x3C], from: at)?.lowerBound {
      let isComment = text.bytes[open...].starts(with: Array("<!--".utf8))
      let end: Array<UInt8> = isComment ? Array("-->".utf8) : [0x3E]
      guard let close = text.firstRange(of: end, from: isComment ? open + 4 : open) else { break }
      rest.append(text[at..<open])
      at = close.upperBound
    }
    rest.append(text[at..<text.utf8Count])
    var result = MarkedString()
    for word in rest.split(nil, limit: -1) {
      if !result.isEmpty { result.append(" ") }
      result.append(word)
    }
    return unescaped(result)
  }

  private static let entities: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}",
    "copy": "\u{A9}", "reg": "\u{AE}", "raquo": "\u{BB}", "laquo": "\u{AB}", "hellip": "\u{2026}",
    "ndash": "\u{2013}", "mdash": "\u{2014}", "euro": "\u{20AC}", "trade": "\u{2122}",
  ]

  private static func unescaped(_ text: MarkedString) -> MarkedString {
    var result = MarkedString()
    var at = 0
    while let mark = text.firstRange(of: [0x26], from: at)?.lowerBound {
      result.append(text[at..<mark])
      guard let end = text.firstRange(of: [0x3B], from: mark)?.lowerBound, end - mark < 32,
        let character = character(String(decoding: text.bytes[mark + 1..<end], as: UTF8.self))
      else {
        result.append(text[mark..<mark + 1])
        at = mark + 1
        continue
      }
      result.append(
        Array(character.utf8), origin: text.isTemplate(mark..<end + 1) ? .template : .caller)
      at = end + 1
    }
    result.append(text[at..<text.utf8Count])
    return result
  }

  private static func character(_ name: String) -> String? {
    guard name.hasPrefix("#") else { return entities[name] }
    let digits = name.dropFirst()
    let isHex = digits.hasPrefix("x") || digits.hasPrefix("X")
    let code = isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    guard let code else { return nil }
    return Unicode.Scalar(code).map { String($0) } ?? "\u{FFFD}"
  }
}
