extension TemplateMethods {
  /// The methods of texts.
  static let ofTexts = table(changing + cutting + searching + joining + asking)

  private static func string(_ value: TemplateValue) -> MarkedString {
    value.string ?? MarkedString()
  }

  /// Pays for a walk through a text that is rewritten.
  private static func paid(
    _ value: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    let text = string(value)
    try run.step(1 + text.utf8Count / 8)
    return text
  }

  // MARK: Other letters

  private static func mapping(
    _ name: String, _ transform: @escaping @Sendable (MarkedString) -> MarkedString
  ) -> TemplateMethod {
    TemplateMethod(name) { run, receiver, _ throws(TemplateError) in
      .string(transform(try paid(receiver, &run)))
    }
  }

  private static let changing = [
    mapping("upper") { $0.mapRuns(PythonText.uppercased) },
    mapping("lower") { PythonText.lowercased($0) },
    mapping("casefold") { $0.mapRuns(PythonText.caseFolded) },
    mapping("capitalize") { PythonText.capitalized($0) },
    mapping("title") { PythonText.titled($0) },
    mapping("swapcase") { PythonText.caseSwapped($0) },
    TemplateMethod("expandtabs", "tabsize?") { run, receiver, arguments throws(TemplateError) in
      let width = try run.integer(arguments[0], 8)
      return .string(try run.expandingTabs(try paid(receiver, &run), width))
    },
    TemplateMethod("translate", "table /") { run, receiver, arguments throws(TemplateError) in
      .string(try run.translated(try paid(receiver, &run), arguments[0] ?? .none))
    },
    TemplateMethod("center", "width fillchar? /") {
      run, receiver, arguments throws(TemplateError)
      in
      .string(
        try run.padded(string(receiver), arguments) { missing, width in
          PythonText.centered(missing, width)
        })
    },
    TemplateMethod("ljust", "width fillchar? /") {
      run, receiver, arguments throws(TemplateError)
      in
      .string(try run.padded(string(receiver), arguments) { _, _ in 0 })
    },
    TemplateMethod("rjust", "width fillchar? /") {
      run, receiver, arguments throws(TemplateError)
      in
      .string(try run.padded(string(receiver), arguments) { missing, _ in missing })
    },
    TemplateMethod("zfill", "width /") { run, receiver, arguments throws(TemplateError) in
      .string(try run.filledWithZeros(string(receiver), try run.integer(arguments[0], 0)))
    },
  ]

  // MARK: Parts

  private static func stripping(_ name: String, _ side: MarkedString.Side) -> TemplateMethod {
    TemplateMethod(name, "chars? /") { run, receiver, arguments throws(TemplateError) in
      let text = try paid(receiver, &run)
      guard let characters = arguments[0], !characters.isNone else {
        return .string(text.stripped(side))
      }
      return .string(text.stripped(side, of: try run.text(characters, "chars").bytes))
    }
  }

  private static func splitting(_ name: String, fromEnd: Bool) -> TemplateMethod {
    TemplateMethod(name, "sep? maxsplit?") { run, receiver, arguments throws(TemplateError) in
      let text = try paid(receiver, &run)
      let limit = try run.integer(arguments[1], -1)
      var separator: [UInt8]?
      if let given = arguments[0], !given.isNone {
        let bytes = try run.text(given, "sep").bytes
        guard !bytes.isEmpty else { throw run.fail(.type, "empty separator") }
        separator = bytes
      }
      let parts =
        fromEnd
        ? text.splitFromEnd(separator, limit: limit) : text.split(separator, limit: limit)
      return try run.list(parts.map { .string($0) })
    }
  }

  private static func partitioning(_ name: String, fromEnd: Bool) -> TemplateMethod {
    TemplateMethod(name, "sep /") { run, receiver, arguments throws(TemplateError) in
      let text = try paid(receiver, &run)
      let separator = try run.text(arguments[0], "sep").bytes
      guard !separator.isEmpty else { throw run.fail(.type, "empty separator") }
      var empty = MarkedString()
      empty.isMarkup = text.isMarkup
      let found =
        fromEnd ? text.lastRange(of: separator) : text.firstRange(of: separator, from: 0)
      guard let found else {
        let parts = fromEnd ? [empty, empty, text] : [text, empty, empty]
        return try run.tuple(parts.map { .string($0) })
      }
      return try run.tuple([
        .string(text[0..<found.lowerBound]), .string(text[found]),
        .string(text[found.upperBound..<text.utf8Count]),
      ])
    }
  }

  private static let cutting = [
    stripping("strip", .both), stripping("lstrip", .left), stripping("rstrip", .right),
    splitting("split", fromEnd: false), splitting("rsplit", fromEnd: true),
    partitioning("partition", fromEnd: false), partitioning("rpartition", fromEnd: true),
    TemplateMethod("splitlines", "keepends?") { run, receiver, arguments throws(TemplateError) in
      let text = try paid(receiver, &run)
      let keepsEnds = arguments[0]?.isTrue ?? false
      return try run.list(text.lines(keepingEnds: keepsEnds).map { .string($0) })
    },
    TemplateMethod("removeprefix", "prefix /") { run, receiver, arguments throws(TemplateError) in
      let text = string(receiver)
      let prefix = try run.text(arguments[0], "prefix").bytes
      guard text.bytes.starts(with: prefix) else { return receiver }
      return .string(text[prefix.count..<text.utf8Count])
    },
    TemplateMethod("removesuffix", "suffix /") { run, receiver, arguments throws(TemplateError) in
      let text = string(receiver)
      let suffix = try run.text(arguments[0], "suffix").bytes
      guard text.hasSuffix(suffix) else { return receiver }
      return .string(text[0..<text.utf8Count - suffix.count])
    },
  ]

  // MARK: Places

  /// `find` and the like, which all take a part of the text to look at.
  private static func finding(
    _ name: String, fromEnd: Bool, mustBeThere: Bool
  ) -> TemplateMethod {
    TemplateMethod(name, "sub start? end? /") { run, receiver, arguments throws(TemplateError) in
      let wanted = try run.text(arguments[0], "sub").bytes
      let text = try paid(receiver, &run)
      if let part = try run.part(of: text, arguments) {
        let found =
          fromEnd
          ? part.text.lastRange(of: wanted) : part.text.firstRange(of: wanted, from: 0)
        if let found {
          return .int(part.start + part.text[0..<found.lowerBound].characterCount)
        }
      }
      guard !mustBeThere else { throw run.fail(.type, "substring not found") }
      return .int(-1)
    }
  }

  private static func edge(
    _ name: String, _ holds: @escaping @Sendable (MarkedString, [UInt8]) -> Bool
  ) -> TemplateMethod {
    TemplateMethod(name, "affix start? end? /") { run, receiver, arguments throws(TemplateError) in
      var wanted: [[UInt8]] = []
      if case .tuple(let list) = arguments[0] ?? .none {
        for element in list.elements { wanted.append(try run.text(element, "affix").bytes) }
      } else {
        wanted = [try run.text(arguments[0], "affix").bytes]
      }
      guard let part = try run.part(of: string(receiver), arguments) else { return .bool(false) }
      return .bool(wanted.contains { holds(part.text, $0) })
    }
  }

  private static let searching = [
    finding("find", fromEnd: false, mustBeThere: false),
    finding("rfind", fromEnd: true, mustBeThere: false),
    finding("index", fromEnd: false, mustBeThere: true),
    finding("rindex", fromEnd: true, mustBeThere: true),
    edge("startswith") { $0.bytes.starts(with: $1) },
    edge("endswith") { $0.hasSuffix($1) },
    TemplateMethod("count", "sub start? end? /") { run, receiver, arguments throws(TemplateError) in
      let wanted = try run.text(arguments[0], "sub").bytes
      guard let part = try run.part(of: try paid(receiver, &run), arguments) else {
        return .int(0)
      }
      return .int(part.text.occurrences(of: wanted, limit: -1))
    },
  ]

  // MARK: Several texts

  private static let joining = [
    TemplateMethod("join", "iterable /") { run, receiver, arguments throws(TemplateError) in
      let separator = string(receiver)
      var cursor = try run.cursor(arguments[0] ?? .none)
      var result = MarkedString()
      result.isMarkup = separator.isMarkup
      var isFirst = true
      while let next = try cursor.next(&run) {
        if !isFirst { result.append(separator) }
        isFirst = false
        let text =
          separator.isMarkup
          ? try run.text(of: next).escaped : try run.text(next, "sequence item")
        try run.charge(bytes: result.utf8Count + text.utf8Count)
        result.append(text)
      }
      return .string(result)
    },
    TemplateMethod("replace", "old new count? /") {
      run, receiver, arguments throws(TemplateError)
      in
      let text = string(receiver)
      let old = try run.text(arguments[0], "old")
      let new =
        text.isMarkup
        ? try run.text(of: arguments[1] ?? .none).escaped : try run.text(arguments[1], "new")
      let limit = try run.integer(arguments[2], -1)
      guard let result = try run.replaced(text, old, new, limit: limit) else { return receiver }
      return .string(result)
    },
    TemplateMethod("encode", "encoding? errors?") { run, _, _ throws(TemplateError) in
      throw run.fail(.forbidden, "a template has texts and no bytes")
    },
    TemplateMethod("format", "* **") { run, receiver, arguments throws(TemplateError) in
      .string(
        try run.braceFormat(string(receiver), arguments.dropFirst(0)))
    },
    TemplateMethod("format_map", "mapping") { run, receiver, arguments throws(TemplateError) in
      var values = TemplateCallArguments()
      guard case .dict(let dictionary) = arguments[0] ?? .none else {
        throw run.fail(.type, "format_map() needs a mapping")
      }
      for entry in dictionary.members.entries {
        if let name = entry.key.string { values.keywords.append((name.text, entry.value)) }
      }
      return .string(try run.braceFormat(string(receiver), values))
    },
  ]

  // MARK: Questions

  private static func predicate(
    _ name: String, _ holds: @escaping @Sendable ([UInt8]) -> Bool
  ) -> TemplateMethod {
    TemplateMethod(name) { run, receiver, _ throws(TemplateError) in
      .bool(holds(try paid(receiver, &run).bytes))
    }
  }

  private static let asking = [
    predicate("isalpha") { PythonText.all($0, PythonText.isLetter) },
    predicate("isalnum") { PythonText.all($0, PythonText.isAlphanumeric) },
    predicate("isdigit") {
      PythonText.all($0) { [.decimal, .digit].contains($0.properties.numericType) }
    },
    predicate("isdecimal") { PythonText.all($0) { $0.properties.numericType == .decimal } },
    predicate("isnumeric") { PythonText.all($0) { $0.properties.numericType != nil } },
    predicate("isspace") { PythonText.all($0) { PythonText.isSpace($0.value) } },
    predicate("isascii") { $0.allSatisfy { $0 < 0x80 } },
    predicate("isprintable") { PythonText.scalars($0).allSatisfy(PythonText.isPrintable) },
    predicate("isidentifier") { PythonText.isIdentifier($0) },
    predicate("isupper") { PythonText.isUppercase($0) },
    predicate("islower") { PythonText.isLowercase($0) },
    predicate("istitle") { PythonText.isTitle($0) },
  ]
}

extension TemplateRun {
  /// The characters that `start` and `end` leave; nil where the start is behind the text's end.
  fileprivate func part(
    of text: MarkedString, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> (text: MarkedString, start: Int)? {
    guard arguments[1] != nil || arguments[2] != nil else { return (text, 0) }
    let count = text.characterCount
    func bound(_ value: TemplateValue?, _ fallback: Int) throws(TemplateError) -> Int {
      guard let value, !value.isNone else { return fallback }
      let index = try integer(value, 0)
      return index < 0 ? max(0, index + count) : index
    }
    let start = try bound(arguments[1], 0)
    let end = min(count, try bound(arguments[2], count))
    guard start <= end else { return nil }
    let borders = PythonText.borders(text.bytes)
    return (text[borders[start]..<borders[end]], start)
  }

  /// Nil where there is nothing to replace.
  mutating func replaced(
    _ text: MarkedString, _ old: MarkedString, _ new: MarkedString, limit: Int
  ) throws(TemplateError) -> MarkedString? {
    let found = text.occurrences(of: old.bytes, limit: limit)
    let growth = found.multipliedReportingOverflow(by: max(0, new.utf8Count - old.utf8Count))
    try charge(bytes: growth.overflow ? Int.max : text.utf8Count + growth.partialValue)
    return found == 0 ? nil : text.replacing(old.bytes, with: new, limit: found)
  }

  fileprivate mutating func padded(
    _ text: MarkedString, _ arguments: TemplateBoundArguments,
    _ before: (_ missing: Int, _ width: Int) -> Int
  ) throws(TemplateError) -> MarkedString {
    let width = try integer(arguments[0], 0)
    var filler = MarkedString(" ", origin: .template)
    if let given = arguments[1] {
      filler = text.isMarkup ? try self.text(of: given).escaped : try self.text(given, "fillchar")
      guard filler.characterCount == 1 else {
        throw fail(.type, "the fill character must be exactly one character long")
      }
    }
    let missing = width.subtractingReportingOverflow(text.characterCount)
    guard missing.partialValue > 0, !missing.overflow else { return text }
    try charge(bytes: missing.partialValue)
    let left = before(missing.partialValue, width)
    var result = try repeated(filler, left)
    result.append(text)
    result.append(try repeated(filler, missing.partialValue - left))
    result.isMarkup = text.isMarkup
    return result
  }

  fileprivate mutating func filledWithZeros(
    _ text: MarkedString, _ width: Int
  ) throws(TemplateError) -> MarkedString {
    let missing = width.subtractingReportingOverflow(text.characterCount)
    guard missing.partialValue > 0, !missing.overflow else { return text }
    try charge(bytes: missing.partialValue)
    let sign = text.bytes.first == 0x2B || text.bytes.first == 0x2D ? 1 : 0
    var result = text[0..<sign]
    result.append(
      MarkedString(bytes: Array(repeating: 0x30, count: missing.partialValue)))
    result.append(text[sign..<text.utf8Count])
    result.isMarkup = text.isMarkup
    return result
  }

  fileprivate mutating func expandingTabs(
    _ text: MarkedString, _ width: Int
  ) throws(TemplateError) -> MarkedString {
    var result = MarkedString()
    result.isMarkup = text.isMarkup
    var column = 0
    for character in text.characters {
      switch character.bytes {
      case [0x09]:
        let count = width > 0 ? width - column % width : 0
        try charge(bytes: result.utf8Count + count)
        result.append(.spaces(count))
        column += count
      case [0x0A], [0x0D]:
        result.append(character)
        column = 0
      default:
        result.append(character)
        column += 1
      }
    }
    return result
  }

  /// `translate` by a dictionary from code points to texts, code points or nothing.
  fileprivate mutating func translated(
    _ text: MarkedString, _ table: TemplateValue
  ) throws(TemplateError) -> MarkedString {
    var result = MarkedString()
    result.isMarkup = text.isMarkup
    for character in text.characters {
      let code = Int(PythonText.scalar(in: character.bytes[...], at: 0).value)
      guard case .dict(let dictionary) = table else {
        throw fail(.type, "'\(table.kind)' object is no table of characters")
      }
      switch dictionary.members[.int(code)] {
      case .some(.text(let text)): result.append(text.string)
      case .some(.none): break
      case .some(let value):
        guard let integer = value.integer, let scalar = UInt32(exactly: integer),
          let scalar = Unicode.Scalar(scalar)
        else { throw fail(.type, "a character must be an integer, None or a text") }
        result.append(String(scalar), origin: .template)
      case nil: result.append(character)
      }
      try charge(bytes: result.utf8Count)
    }
    return result
  }
}
