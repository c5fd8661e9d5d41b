/// The filter `urlize`: addresses in a text become links.
///
/// - Source: jinja2 3.1, `utils.py`, for what is an address.
struct HTMLLinks {
  /// Characters of an address that are shown.
  var limit: Int?
  var rel = ""
  var target: String?
  var schemes: [[UInt8]] = []

  /// - Parameter text: escaped for HTML.
  func linked(_ text: MarkedString) -> MarkedString {
    var result = MarkedString()
    var at = 0
    while at < text.utf8Count {
      let start = PythonText.startTrimmed(text.bytes[at...]).startIndex
      result.append(text[at..<start])
      at = PythonText.wordEnd(in: text.bytes, from: start)
      append(text[start..<at], to: &result)
    }
    return result
  }

  private static let openings = ["(", "<", "&lt;"].map { Array($0.utf8) }
  private static let closings = [")", ">", "&gt;"].map { Array($0.utf8) }
  private static let endings = closings + [[0x2E], [0x2C], [0x0A]]

  /// A word, without the brackets before it and the punctuation behind it.
  private func append(_ word: MarkedString, to result: inout MarkedString) {
    let bytes = word.bytes
    var start = 0
    while let bracket = HTMLLinks.openings.first(where: { bytes[start...].starts(with: $0) }) {
      start += bracket.count
    }
    var end = bytes.count
    while let ending = HTMLLinks.endings.first(where: {
      end - $0.count >= start && bytes[end - $0.count..<end].elementsEqual($0)
    }) {
      end -= ending.count
    }
    for (open, close) in zip(HTMLLinks.openings, HTMLLinks.closings) {
      let opened = word[start..<end].occurrences(of: open, limit: -1)
      guard opened > word[start..<end].occurrences(of: close, limit: -1) else { continue }
      let tail = word[end..<bytes.count].occurrences(of: close, limit: -1)
      for _ in 0..<min(opened, tail) {
        if let found = word.firstRange(of: close, from: end) { end = found.upperBound }
      }
    }
    result.append(word[0..<start])
    append(address: word[start..<end], to: &result)
    result.append(word[end..<bytes.count])
  }

  private func append(address: MarkedString, to result: inout MarkedString) {
    let bytes = address.bytes
    let mail = Array("mailto:".utf8)
    func link(_ prefix: String, _ shown: MarkedString, hasAttributes: Bool) {
      result.append("<a href=\"" + prefix)
      result.append(address)
      result.append("\"")
      if hasAttributes {
        if !rel.isEmpty { result.append(" rel=\"\(HTMLLinks.escaped(rel))\"") }
        if let target { result.append(" target=\"\(HTMLLinks.escaped(target))\"") }
      }
      result.append(">")
      result.append(shown)
      result.append("</a>")
    }
    if HTMLLinks.isWebAddress(bytes) {
      let hasScheme = ["https://", "http://"].contains { bytes.starts(with: $0.utf8) }
      link(hasScheme ? "" : "https://", cut(address), hasAttributes: true)
    } else if bytes.starts(with: mail), HTMLLinks.isMailAddress(bytes[7...]) {
      link("", address[7..<bytes.count], hasAttributes: false)
    } else if bytes.contains(0x40), !bytes.starts(with: Array("www.".utf8)), bytes.first != 0x40,
      !bytes.contains(0x3A), HTMLLinks.isMailAddress(bytes[...])
    {
      link("mailto:", address, hasAttributes: false)
    } else if let scheme = schemes.first(where: { bytes != $0 && bytes.starts(with: $0) }),
      !scheme.isEmpty
    {
      link("", address, hasAttributes: true)
    } else {
      result.append(address)
    }
  }

  private func cut(_ address: MarkedString) -> MarkedString {
    guard let limit, address.characterCount > limit else { return address }
    return address.prefix(limit) + MarkedString("...", origin: .template)
  }

  private static func escaped(_ text: String) -> String {
    String(decoding: HTMLText.escaped(Array(text.utf8)), as: UTF8.self)
  }

  // MARK: What is an address

  private static func isWordByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == 0x5F || (0x30...0x39).contains(byte)
      || (0x61...0x7A).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// Two or more characters, a colon and up to two slashes.
  static func isScheme(_ bytes: [UInt8]) -> Bool {
    guard let colon = bytes.firstIndex(of: 0x3A), colon >= 2 else { return false }
    let name = bytes[..<colon].allSatisfy {
      isWordByte($0) || $0 == 0x2E || $0 == 0x2B || $0 == 0x2D
    }
    return name && bytes[(colon + 1)...].allSatisfy { $0 == 0x2F } && bytes.count - colon <= 3
  }

  /// `user@host.domain`
  private static func isMailAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let at = bytes.lastIndex(of: 0x40), at > bytes.startIndex,
      let dot = bytes.lastIndex(of: 0x2E), dot > at + 1, isWordByte(bytes[at + 1])
    else { return false }
    return bytes[at + 1..<dot].allSatisfy { isWordByte($0) || $0 == 0x2D || $0 == 0x2E }
      && dot + 1 < bytes.endIndex && bytes[(dot + 1)...].allSatisfy(isWordByte)
  }

  private static let domains: Set = ["com", "net", "int", "edu", "gov", "org", "info", "mil"]

  /// With `http://` or `https://` and a host, a host that begins with `www.`, or one that ends as
  /// hosts do; then a port and a path.
  private static func isWebAddress(_ bytes: [UInt8]) -> Bool {
    let lowercase = bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    var rest = lowercase[...]
    let scheme = ["https://", "http://", "www."].first { lowercase.starts(with: $0.utf8) }
    rest = rest.dropFirst(scheme?.utf8.count ?? 0)
    let host = rest.prefix { isWordByte($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x25 }
    guard isHost(host, scheme) else { return false }
    rest = rest[host.endIndex...]
    if rest.first == 0x3A {
      let port = rest.dropFirst().prefix(while: isDigit)
      guard (1...5).contains(port.count) else { return false }
      rest = rest[port.endIndex...]
    }
    return rest.isEmpty || [0x2F, 0x3F, 0x23].contains(rest[rest.startIndex])
  }

  private static func isHost(_ host: ArraySlice<UInt8>, _ scheme: String?) -> Bool {
    let labels = host.split(separator: 0x2E, omittingEmptySubsequences: false)
    guard let last = labels.last, !labels.contains(where: \.isEmpty) else { return false }
    let isNumber =
      labels.count == 4 && labels.allSatisfy { $0.count <= 3 && $0.allSatisfy(isDigit) }
    guard let scheme else {
      return labels.count > 1 && domains.contains(String(decoding: last, as: UTF8.self))
        && labels.dropLast().allSatisfy { (2...63).contains($0.count) }
    }
    if isNumber { return scheme != "www." }
    let international = Array("xn--".utf8)
    return last.starts(with: international)
      ? (6...63).contains(last.count)
      : (2...63).contains(last.count) && last.allSatisfy { (0x61...0x7A).contains($0) }
  }
}
