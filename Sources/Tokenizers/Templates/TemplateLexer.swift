/// Cuts a template into tokens.
///
/// White space follows the settings of `transformers`: the newline after a block goes
/// (`trim_blocks`), so does the indentation before one (`lstrip_blocks`), and a newline that ends
/// the template.
///
/// - Source: jinja2 3.1, `lexer.py`; https://jinja.palletsprojects.com/en/stable/templates/
struct TemplateLexer {
  private let source: [UInt8]
  private var at = 0
  private var line = 1
  private var tokens: [TemplateToken] = []
  /// The last tag took the newline behind it, so that what follows begins a line.
  private var isLineStart = true

  static func tokens(of source: String) throws(TemplateError) -> [TemplateToken] {
    var lexer = TemplateLexer(source)
    try lexer.run()
    return lexer.tokens
  }

  private init(_ text: String) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var wasReturn = false
    for byte in text.utf8 {
      if byte == 0x0A, wasReturn {
        wasReturn = false
        continue
      }
      wasReturn = byte == 0x0D
      bytes.append(wasReturn ? 0x0A : byte)
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    source = bytes
  }

  private enum Tag {
    case variable, block, comment
  }

  private mutating func run() throws(TemplateError) {
    while let (start, tag) = nextTag(from: at) {
      let sign = peek(start + 2)
      addText(upTo: start, sign: sign, tag: tag)
      skip(to: start + (sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? 3 : 2))
      switch tag {
      case .comment: try skipComment()
      case .block where try readRaw(): break
      case .block:
        add(.blockBegin)
        try readExpression(closing: "%}", as: .blockEnd)
      case .variable:
        add(.variableBegin)
        try readExpression(closing: "}}", as: .variableEnd)
      }
    }
    if at < source.count { add(.text(Array(source[at...]))) }
    add(.end)
  }

  private func peek(_ i: Int) -> UInt8? { i < source.count ? source[i] : nil }

  private func has(_ text: String, at i: Int) -> Bool {
    i <= source.count && source[i...].starts(with: text.utf8)
  }

  private mutating func add(_ kind: TemplateToken.Kind) {
    tokens.append(TemplateToken(kind: kind, line: line))
  }

  private mutating func skip(to end: Int) {
    for i in at..<end where source[i] == 0x0A { line += 1 }
    at = end
  }

  private func fail(_ message: String) -> TemplateError {
    TemplateError(.syntax, message, line: line)
  }

  private func nextTag(from start: Int) -> (Int, Tag)? {
    var i = start
    while i + 1 < source.count {
      if source[i] == UInt8(ascii: "{") {
        switch source[i + 1] {
        case UInt8(ascii: "{"): return (i, .variable)
        case UInt8(ascii: "%"): return (i, .block)
        case UInt8(ascii: "#"): return (i, .comment)
        default: break
        }
      }
      i += 1
    }
    return nil
  }

  /// The text before a tag, without the white space that the tag takes.
  private mutating func addText(upTo end: Int, sign: UInt8?, tag: Tag) {
    var last = end
    if sign == UInt8(ascii: "-") {
      last = at + PythonText.endTrimmed(source[at..<end]).count
    } else if sign != UInt8(ascii: "+"), tag != .variable {
      var lineStart = end
      while lineStart > at, source[lineStart - 1] != 0x0A { lineStart -= 1 }
      let isWhole = lineStart > at || isLineStart
      if isWhole, PythonText.endTrimmed(source[lineStart..<end]).isEmpty { last = lineStart }
    }
    if last > at { add(.text(Array(source[at..<last]))) }
    skip(to: end)
  }

  private mutating func skipComment() throws(TemplateError) {
    var i = at
    while i < source.count, !has("#}", at: i) { i += 1 }
    guard i < source.count else { throw fail("a comment is not closed") }
    let sign = i > at ? source[i - 1] : 0
    skip(to: i + 2)
    skipAfterTag(sign: sign, trimsNewline: true)
  }

  private mutating func skipAfterTag(sign: UInt8, trimsNewline: Bool) {
    isLineStart = false
    if sign == UInt8(ascii: "-") {
      let rest = PythonText.startTrimmed(source[at...])
      let end = rest.startIndex
      isLineStart = end > at && source[end - 1] == 0x0A
      skip(to: end)
    } else if sign != UInt8(ascii: "+"), trimsNewline, peek(at) == 0x0A {
      skip(to: at + 1)
      isLineStart = true
    }
  }

  /// `{% raw %}`: everything up to `{% endraw %}` is text.
  private mutating func readRaw() throws(TemplateError) -> Bool {
    guard let (end, sign) = wordTag("raw", from: at), sign != UInt8(ascii: "+") else {
      return false
    }
    skip(to: end)
    isLineStart = false
    if sign == UInt8(ascii: "-") { skipAfterTag(sign: sign, trimsNewline: false) }
    var i = at
    while i < source.count {
      if has("{%", at: i) {
        let opening = peek(i + 2)
        let isSigned = opening == UInt8(ascii: "-") || opening == UInt8(ascii: "+")
        if let (close, closing) = wordTag("endraw", from: i + (isSigned ? 3 : 2)) {
          addText(upTo: i, sign: opening, tag: .block)
          skip(to: close)
          skipAfterTag(sign: closing, trimsNewline: true)
          return true
        }
      }
      i += 1
    }
    throw fail("'raw' is not closed")
  }

  /// The end of ` word %}` and the sign before its `%}`.
  private func wordTag(_ word: String, from start: Int) -> (end: Int, sign: UInt8)? {
    var i = PythonText.startTrimmed(source[start...]).startIndex
    guard has(word, at: i) else { return nil }
    i = PythonText.startTrimmed(source[(i + word.utf8.count)...]).startIndex
    let sign = peek(i) ?? 0
    if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { i += 1 }
    return has("%}", at: i) ? (i + 2, sign) : nil
  }

  // MARK: Inside a tag

  private mutating func readExpression(
    closing: String, as kind: TemplateToken.Kind
  ) throws(TemplateError) {
    var open: [UInt8] = []
    while true {
      skip(to: PythonText.startTrimmed(source[at...]).startIndex)
      guard let byte = peek(at) else { throw fail("a tag is not closed: '\(closing)' expected") }
      if open.isEmpty {
        let isSigned = byte == UInt8(ascii: "-") || (byte == UInt8(ascii: "+") && closing == "%}")
        if has(closing, at: isSigned ? at + 1 : at) {
          add(kind)
          skip(to: at + (isSigned ? 3 : 2))
          skipAfterTag(sign: isSigned ? byte : 0, trimsNewline: closing == "%}")
          return
        }
      }
      if isNameStart(byte) {
        try readName()
      } else if isDigit(byte) {
        try readNumber()
      } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        try readString(quote: byte)
      } else {
        try readSymbol(&open)
      }
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private func isNameStart(_ byte: UInt8) -> Bool {
    byte == 0x5F || byte >= 0x80 || (0x61...0x7A).contains(byte | 0x20)
  }

  private mutating func readName() throws(TemplateError) {
    var end = at
    var isASCII = true
    while let byte = peek(end), isNameStart(byte) || isDigit(byte) {
      isASCII = isASCII && byte < 0x80
      end += 1
    }
    let name = String(decoding: source[at..<end], as: UTF8.self)
    if !isASCII {
      for (i, scalar) in name.unicodeScalars.enumerated() {
        let properties = scalar.properties
        let fits = i == 0 ? scalar == "_" || properties.isXIDStart : properties.isXIDContinue
        guard fits else { throw fail("unexpected character '\(scalar)'") }
      }
    }
    add(.name(name))
    at = end
  }

  private mutating func readSymbol(_ open: inout [UInt8]) throws(TemplateError) {
    for symbol in ["==", "!=", "<=", ">=", "//", "**"] where has(symbol, at: at) {
      add(.symbol(symbol))
      at += 2
      return
    }
    let byte = source[at]
    let character = String(Unicode.Scalar(byte))
    guard "+-*/%~[](){}<>=.,:;|".contains(character) else {
      throw fail("unexpected character '\(character)'")
    }
    switch character {
    case "(", "[", "{": open.append(byte)
    case ")", "]", "}":
      let opening: UInt8 = byte == 0x29 ? 0x28 : byte - 2
      guard open.popLast() == opening else { throw fail("unexpected '\(character)'") }
    default: break
    }
    add(.symbol(character))
    at += 1
  }

  private mutating func readNumber() throws(TemplateError) {
    let start = at
    let second = (peek(at + 1) ?? 0) | 0x20
    let radixes: [UInt8: Int] = [0x78: 16, 0x6F: 8, 0x62: 2]
    if source[at] == 0x30, let radix = radixes[second] {
      at += 2
      while let byte = peek(at), isNameStart(byte) || isDigit(byte) { at += 1 }
      let digits = text(from: start + 2)
      let isKnown = digits.utf8.allSatisfy { PythonText.isDigit($0, radix: radix) }
      guard isKnown, !digits.isEmpty else { throw fail("bad number \(digits)") }
      try add(digits, radix: radix)
      return
    }
    skipDigits()
    var isFloat = false
    // In `x.0.1` both numbers are places.
    let isPlace = start > 0 && source[start - 1] == UInt8(ascii: ".")
    if !isPlace, peek(at) == UInt8(ascii: "."), let next = peek(at + 1), isDigit(next) {
      isFloat = true
      at += 1
      skipDigits()
    }
    if !isPlace, let byte = peek(at), byte | 0x20 == UInt8(ascii: "e") {
      let signed = peek(at + 1) == UInt8(ascii: "-") || peek(at + 1) == UInt8(ascii: "+")
      if let digit = peek(at + (signed ? 2 : 1)), isDigit(digit) {
        isFloat = true
        at += signed ? 2 : 1
        skipDigits()
      }
    }
    let digits = text(from: start)
    if isFloat, let value = Double(digits) {
      add(.float(value))
    } else if digits.utf8.first == 0x30, digits.utf8.contains(where: { $0 != 0x30 }) {
      throw fail("a number begins with 0: \(digits)")
    } else {
      try add(digits, radix: 10)
    }
  }

  private mutating func add(_ digits: String, radix: Int) throws(TemplateError) {
    if let value = Int(digits, radix: radix) {
      add(.integer(value))
      return
    }
    guard digits.utf8.count <= TemplateRun.longestInteger else {
      throw fail("a number has more than \(TemplateRun.longestInteger) digits")
    }
    add(.bigInteger(BigInteger(digits: digits.utf8, radix: radix, isNegative: false)))
  }

  private mutating func skipDigits() {
    while let byte = peek(at), isDigit(byte) || byte == UInt8(ascii: "_") { at += 1 }
  }

  private func text(from start: Int) -> String {
    String(decoding: source[start..<at].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
  }

  private mutating func readString(quote: UInt8) throws(TemplateError) {
    let begin = line
    var value: [UInt8] = []
    var i = at + 1
    while true {
      guard let byte = peek(i) else { throw fail("a string is not closed") }
      i += 1
      if byte == quote { break }
      if byte == UInt8(ascii: "\\") {
        try readEscape(&i, into: &value)
      } else {
        value.append(byte)
      }
    }
    skip(to: i)
    tokens.append(TemplateToken(kind: .string(value), line: begin))
  }

  /// Python's escapes; a backslash before anything else stays.
  private func readEscape(_ i: inout Int, into value: inout [UInt8]) throws(TemplateError) {
    guard let byte = peek(i) else { throw fail("a string is not closed") }
    i += 1
    let simple: [UInt8: UInt8] = [
      0x6E: 0x0A, 0x74: 0x09, 0x72: 0x0D, 0x5C: 0x5C, 0x27: 0x27, 0x22: 0x22, 0x61: 0x07,
      0x62: 0x08,
      0x66: 0x0C, 0x76: 0x0B,
    ]
    if let plain = simple[byte] {
      value.append(plain)
      return
    }
    let lengths: [UInt8: Int] = [0x78: 2, 0x75: 4, 0x55: 8]
    if byte == 0x0A { return }
    if let length = lengths[byte] {
      guard i + length <= source.count,
        let code = UInt32(String(decoding: source[i..<i + length], as: UTF8.self), radix: 16)
      else { throw fail("bad escape in a string") }
      i += length
      UTF8Text.append(Unicode.Scalar(code) ?? "\u{FFFD}", to: &value)
    } else if (0x30...0x37).contains(byte) {
      var code = UInt32(byte - 0x30)
      var digits = 1
      while digits < 3, let next = peek(i), (0x30...0x37).contains(next) {
        code = code * 8 + UInt32(next - 0x30)
        i += 1
        digits += 1
      }
      UTF8Text.append(Unicode.Scalar(code) ?? "\u{FFFD}", to: &value)
    } else {
      value += [UInt8(ascii: "\\"), byte]
    }
  }
}
