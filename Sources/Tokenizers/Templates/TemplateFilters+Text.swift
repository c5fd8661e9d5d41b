extension TemplateFilters {
  /// A filter that takes anything as text and pays for one walk through it.
  private static func rewriting(
    _ name: String, _ transform: @escaping @Sendable (MarkedString) -> MarkedString
  ) -> TemplateFilter {
    TemplateFilter(name) { run, value, _ throws(TemplateError) in
      let text = try run.text(of: value)
      try run.step(1 + text.utf8Count / 8)
      return .string(transform(text))
    }
  }

  static let texts = [
    rewriting("lower") { PythonText.lowercased($0) },
    rewriting("upper") { $0.mapRuns(PythonText.uppercased) },
    rewriting("capitalize") { PythonText.capitalized($0) },
    rewriting("title") { TemplateTextFilters.title($0) },
    TemplateFilter("trim", "chars?") { run, value, arguments throws(TemplateError) in
      let text = try run.text(of: value)
      try run.step(1 + text.utf8Count / 16)
      let stripped: MarkedString
      if let characters = arguments[0], !characters.isNone {
        stripped = text.stripped(.both, of: try run.text(characters, "chars").bytes)
      } else {
        stripped = text.stripped(.both)
      }
      if stripped.utf8Count == text.utf8Count, case .text = value { return value }
      return .string(stripped)
    },
    TemplateFilter("replace", "old new count?") { run, value, arguments throws(TemplateError) in
      try run.replaced(value, arguments)
    },
    TemplateFilter("format", "* **") { run, value, arguments throws(TemplateError) in
      guard arguments.named.isEmpty || arguments.values.isEmpty else {
        throw run.fail(.type, "format takes values with names or without, not both")
      }
      let values: TemplateValue
      if arguments.named.isEmpty {
        values = try run.tuple(arguments.values)
      } else {
        var members = TemplateMembers()
        for (name, value) in arguments.named { members.set(name, to: value) }
        values = try run.dict(members)
      }
      return .string(try run.percentFormat(try run.text(of: value), values))
    },
    TemplateFilter("center", "width?") { run, value, arguments throws(TemplateError) in
      let text = try run.text(of: value)
      let width = try run.integer(arguments[0], 80, "width")
      let missing = width.subtractingReportingOverflow(text.characterCount)
      guard missing.partialValue > 0, !missing.overflow else { return .string(text) }
      try run.charge(bytes: missing.partialValue)
      let before = PythonText.centered(missing.partialValue, width)
      var result = MarkedString.spaces(before) + text + .spaces(missing.partialValue - before)
      result.isMarkup = text.isMarkup
      return .string(result)
    },
    TemplateFilter("indent", "width? first? blank?") {
      run, value, arguments throws(TemplateError) in
      .string(try run.indented(try run.text(value, "what is indented"), arguments))
    },
    TemplateFilter("truncate", "length? killwords? end? leeway?") {
      run, value, arguments throws(TemplateError) in
      try run.truncated(value, arguments)
    },
    TemplateFilter("wordwrap", "width? break_long_words? wrapstring? break_on_hyphens?") {
      run, value, arguments throws(TemplateError) in
      .string(try run.wrapped(try run.text(value, "what is wrapped"), arguments))
    },
    TemplateFilter("wordcount") { run, value, _ throws(TemplateError) in
      let text = try run.text(of: value)
      try run.step(1 + text.utf8Count / 8)
      return .int(TemplateTextFilters.wordCount(text.bytes))
    },
  ]
}

extension TemplateRun {
  fileprivate mutating func replaced(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    if !escapes, arguments.values.count == 2, case .text(let text) = value,
      case .text(let old) = arguments.values[0], case .text = arguments.values[1],
      !text.string.isMarkup, !old.string.isEmpty,
      text.string.firstRange(of: old.string.bytes, from: 0) == nil
    {
      try charge(bytes: text.string.utf8Count)
      return value
    }
    var text = try text(of: value)
    let old = try self.text(of: arguments[0] ?? .none)
    var new = try self.text(of: arguments[1] ?? .none)
    let limit = arguments[2].map { $0.isNone ? .int(-1) : $0 }
    let count = try integer(limit, -1, "count")
    if escapes {
      if old.isMarkup || (new.isMarkup && !text.isMarkup) { text = text.escaped }
      if text.isMarkup { new = new.escaped }
    } else {
      text = text.plain
    }
    if let result = try replaced(text, old, new, limit: count) { return .string(result) }
    if case .text(let same) = value, !same.string.isMarkup, !escapes { return value }
    return .string(text)
  }

  /// `indent(width, first, blank)`.
  fileprivate mutating func indented(
    _ text: MarkedString, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> MarkedString {
    var indent: MarkedString
    if case .text(let given) = arguments[0] ?? .int(4) {
      indent = given.string
    } else {
      indent = try repeated(.spaces(1), try integer(arguments[0], 4, "width"))
    }
    if indent.isMarkup, !text.isMarkup { indent = indent.plain }
    let first = arguments[1]?.isTrue ?? false
    let blank = arguments[2]?.isTrue ?? false
    let newline = MarkedString("\n", origin: .template)
    try step(1 + text.utf8Count / 8)
    var result = MarkedString()
    // The reference adds a line break before it splits, so that a last line break counts.
    let lines = (text + newline).lines(keepingEnds: false)
    for (i, line) in lines.enumerated() {
      if i > 0 { result.append(newline) }
      if i == 0 ? first : blank || !line.isEmpty { result.append(indent) }
      result.append(line)
      try charge(bytes: result.utf8Count - result.utf8Count % 16)
    }
    result.isMarkup = text.isMarkup
    return result
  }

  /// `truncate(length, killwords, end, leeway)`.
  fileprivate mutating func truncated(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    let length = try integer(arguments[0], 255, "length")
    var mark = MarkedString("...", origin: .template)
    if let end = arguments[2] { mark = try self.text(end, "end") }
    let leeway = arguments[3].map { $0.isNone ? .int(5) : $0 }
    let slack = try integer(leeway, 5, "leeway")
    guard length >= mark.characterCount, slack >= 0 else {
      throw fail(.type, "a length too small for the end, or a leeway below zero")
    }
    let limit = length.addingReportingOverflow(slack)
    guard !limit.overflow, try self.length(of: value) > limit.partialValue else { return value }
    let text = try self.text(value, "what is truncated")
    let kept = text.prefix(length - mark.characterCount)
    let killsWords = arguments[1]?.isTrue ?? false
    let space = killsWords ? nil : kept.lastRange(of: [0x20])
    let start = space.map { kept[0..<$0.lowerBound] } ?? kept
    guard text.isMarkup || mark.isMarkup else { return .string(start + mark) }
    var result = start.escaped + mark.escaped
    result.isMarkup = true
    return .string(result)
  }

  /// `wordwrap(width, break_long_words, wrapstring, break_on_hyphens)`.
  fileprivate mutating func wrapped(
    _ text: MarkedString, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> MarkedString {
    var filling = TextFilling()
    filling.width = try integer(arguments[0], 79, "width")
    filling.breaksLongWords = arguments[1]?.isTrue ?? true
    filling.breaksOnHyphens = arguments[3]?.isTrue ?? true
    var separator = MarkedString("\n", origin: .template)
    if let given = arguments[2], !given.isNone { separator = try self.text(given, "wrapstring") }
    try step(1 + text.utf8Count)
    var result = MarkedString()
    for (i, line) in text.plain.lines(keepingEnds: false).enumerated() {
      if i > 0 { result.append(separator) }
      guard filling.width > 0 || line.isEmpty else {
        throw fail(.type, "invalid width \(filling.width)")
      }
      for (k, part) in filling.wrap(line).enumerated() {
        if k > 0 { result.append(separator) }
        result.append(part)
      }
      try charge(bytes: result.utf8Count - result.utf8Count % 16)
    }
    return result
  }
}

/// Filters that look at characters only.
enum TemplateTextFilters {
  /// Jinja's `title`: a capital at the start and after spaces and some brackets, the rest in lower
  /// case.
  static func title(_ text: MarkedString) -> MarkedString {
    var result = MarkedString()
    var at = 0
    let text = text.plain
    while at < text.utf8Count {
      // A word or what is between words: its first character, and the others.
      let first = UTF8Text.length(lead: text.bytes[at])
      let isBetween = separates(text, at)
      var end = at + first
      while end < text.utf8Count, separates(text, end) == isBetween {
        end += UTF8Text.length(lead: text.bytes[end])
      }
      result.append(text[at..<at + first].mapRuns(PythonText.uppercased))
      result.append(PythonText.lowercased(text[at + first..<end]))
      at = end
    }
    return result
  }

  private static func separates(_ text: MarkedString, _ at: Int) -> Bool {
    switch text.bytes[at] {
    case UInt8(ascii: "-"), UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "["),
      UInt8(ascii: "<"):
      true
    default: PythonText.isSpace(PythonText.scalar(in: text.bytes[...], at: at).value)
    }
  }

  static func wordCount(_ text: [UInt8]) -> Int {
    var count = 0
    var isInWord = false
    for scalar in PythonText.scalars(text) {
      let isWord = scalar == "_" || PythonText.isAlphanumeric(scalar)
      if isWord, !isInWord { count += 1 }
      isInWord = isWord
    }
    return count
  }
}
