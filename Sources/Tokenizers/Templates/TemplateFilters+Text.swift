extension TemplateEvaluator {
  mutating func textFilter(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    if name == "tojson" { return .string(try json(value, arguments)) }
    if name == "pprint" {
      var writer = TemplateWriter()
      writer.writeRepresentation(of: value, depth: 0)
      return .string(writer.text)
    }
    let text = try text(of: value)
    try charge(bytes: text.utf8Count)
    switch name {
    case "string": return .string(text)
    case "safe":
      var markup = text
      markup.isMarkup = true
      return .string(markup)
    case "e", "escape": return .string(text.escaped)
    case "lower": return .string(text.mapRuns(PythonText.lowercased))
    case "upper": return .string(text.mapRuns(PythonText.uppercased))
    case "capitalize": return .string(text.mapWhole(PythonText.capitalized))
    case "title": return .string(text.mapWhole(TemplateTextFilters.title))
    case "trim":
      guard let characters = arguments.value(0, "chars"), !characters.isNone else {
        return .string(text.stripped(.both))
      }
      return .string(text.stripped(.both, of: try textArgument(arguments, 0, "chars").bytes))
    case "replace":
      let limit = arguments.value(2, "count")?.integer ?? -1
      let old = try self.text(of: arguments.value(0, "old") ?? .none)
      let new = try self.text(of: arguments.value(1, "new") ?? .none)
      return .string(try replaced(text.plain, old, new, limit: limit))
    case "format":
      return .string(try percentFormat(text, formatValues(arguments)))
    case "indent", "wordwrap":
      try use(value)
      guard value.string != nil else { throw fail(.type, "\(name) of a '\(value.kind)'") }
      return .string(
        name == "indent" ? try indented(text, arguments) : try wrapped(text, arguments))
    case "center":
      let width = arguments.value(0, "width")?.integer ?? 80
      let missing = max(0, width - text.characterCount)
      try charge(bytes: missing)
      let before = PythonText.centered(missing, width)
      return .string(.spaces(before) + text + .spaces(missing - before))
    case "truncate": return .string(try truncated(text, arguments))
    case "wordcount": return .int(TemplateTextFilters.wordCount(text.bytes))
    case "striptags": return .string(text.mapWhole(TemplateTextFilters.withoutTags))
    case "urlencode": return .string(text.mapRuns(TemplateTextFilters.urlEncoded))
    default: return .string(text.plain.escaped)
    }
  }

  private func formatValues(_ arguments: TemplateCallArguments) -> TemplateValue {
    arguments.keywords.isEmpty
      ? .tuple(arguments.positional) : .dict(TemplateDictionary(arguments.keywords))
  }

  /// `tojson(ensure_ascii, indent, separators, sort_keys)`, as `transformers` defines it.
  private mutating func json(
    _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> MarkedString {
    var writer = TemplateJSONWriter()
    writer.escapesNonASCII = arguments.keyword("ensure_ascii")?.isTrue ?? false
    writer.sortsKeys = arguments.keyword("sort_keys")?.isTrue ?? false
    switch arguments.keyword("indent") ?? arguments.value(0, "indent") ?? .none {
    case .none: break
    case .string(let text): writer.indent = text.bytes
    case let width:
      let count = width.integer ?? 0
      guard count <= 1000 else { throw fail(.limit, "an indentation of \(count)") }
      writer.indent = Array(repeating: 0x20, count: max(0, count))
    }
    if writer.indent != nil { writer.itemSeparator = [0x2C] }
    if case .some(let separators) = arguments.keyword("separators"), !separators.isNone {
      let parts = try iterate(separators).compactMap { $0.string?.bytes }
      guard parts.count == 2 else { throw fail(.type, "separators must be two texts") }
      writer.itemSeparator = parts[0]
      writer.keySeparator = parts[1]
    }
    if let failure = writer.write(value) { throw fail(.type, failure) }
    try charge(bytes: writer.text.utf8Count)
    return writer.text
  }

  /// `indent(width, first, blank)`.
  private mutating func indented(
    _ text: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> MarkedString {
    let width = arguments.value(0, "width") ?? .int(4)
    let indent: MarkedString
    if let string = width.string {
      indent = string
    } else {
      indent = try repeated(.spaces(1), width.integer ?? 4)
    }
    let first = arguments.value(1, "first")?.isTrue ?? false
    let blank = arguments.value(2, "blank")?.isTrue ?? false
    let newline = MarkedString("\n", origin: .template)
    var result = MarkedString()
    result.isMarkup = text.isMarkup
    // The reference adds a line break before it splits, so that a last line break counts.
    let lines = (text + newline).lines(keepingEnds: false)
    for (i, line) in lines.enumerated() {
      if i > 0 { result.append(newline) }
      if i == 0 ? first : blank || !line.isEmpty { result.append(indent) }
      result.append(line)
      try charge(bytes: result.utf8Count)
    }
    return result
  }

  /// `truncate(length, killwords, end, leeway)`.
  private func truncated(
    _ text: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> MarkedString {
    let length = arguments.value(0, "length")?.integer ?? 255
    let end = arguments.value(2, "end")?.string ?? MarkedString("...", origin: .template)
    let leeway = arguments.value(3, "leeway")?.integer ?? 5
    let count = text.characterCount
    guard length >= end.characterCount else { throw fail(.type, "a length too small for the end") }
    guard count > length + max(0, leeway) else { return text }
    let kept = text.sliced(Array(0..<length - end.characterCount), 1)
    if arguments.value(1, "killwords")?.isTrue ?? false { return kept + end }
    let space = kept.lastRange(of: [0x20])
    return (space.map { kept[0..<$0.lowerBound] } ?? kept) + end
  }

  /// `wordwrap(width)`, at spaces.
  private mutating func wrapped(
    _ text: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> MarkedString {
    let width = max(1, arguments.value(0, "width")?.integer ?? 79)
    let newline = MarkedString("\n", origin: .template)
    var lines: [MarkedString] = []
    for paragraph in text.lines(keepingEnds: false) {
      var line = MarkedString()
      for word in paragraph.split([0x20], limit: -1) {
        if !line.isEmpty, line.characterCount + 1 + word.characterCount > width {
          lines.append(line)
          line = word
        } else {
          line = line.isEmpty ? word : line + .spaces(1) + word
        }
      }
      lines.append(line)
    }
    try step(text.utf8Count)
    return .joined(lines, separator: newline)
  }
}

/// Filters that look at characters only.
enum TemplateTextFilters {
  /// Jinja's `title`: a capital at the start and after spaces and some brackets, the rest in lower
  /// case.
  static func title(_ text: [UInt8]) -> [UInt8] {
    var isStart = true
    return PythonText.mapScalars(text) { scalar in
      let begins = isStart
      isStart = PythonText.isSpace(scalar.value) || "-({[<".unicodeScalars.contains(scalar)
      return begins ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
    }
  }

  static func escaped(_ text: [UInt8]) -> [UInt8] {
    PythonText.mapScalars(text) { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&#34;"
      case "'": "&#39;"
      default: String(scalar)
      }
    }
  }

  static func withoutTags(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isInTag = false
    for byte in text {
      if byte == 0x3C { isInTag = true }
      if !isInTag { result.append(byte) }
      if byte == 0x3E { isInTag = false }
    }
    let words = MarkedString(bytes: result, origin: .caller).split(nil, limit: -1)
    return MarkedString.joined(words, separator: .spaces(1)).bytes
  }

  static func urlEncoded(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for byte in text {
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        || (0x61...0x7A).contains(byte) || [0x2D, 0x2E, 0x2F, 0x5F, 0x7E].contains(byte)
      if isPlain {
        result.append(byte)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += Array(("%" + (digits.count == 1 ? "0" : "") + digits).utf8)
      }
    }
    return result
  }

  static func wordCount(_ text: [UInt8]) -> Int {
    var count = 0
    var isInWord = false
    for scalar in PythonText.scalars(text) {
      let isWord =
        scalar == "_" || PythonText.isLetter(scalar) || scalar.properties.numericType != nil
      if isWord, !isInWord { count += 1 }
      isInWord = isWord
    }
    return count
  }
}
