extension TemplateEvaluator {
  mutating func callStringMethod(
    _ name: String, _ text: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    try charge(bytes: text.utf8Count)
    if let result = try searchMethod(name, text, arguments) { return result }
    if let result = try splitMethod(name, text, arguments) { return result }
    if let result = caseMethod(name, text) { return .string(result) }
    if let result = predicate(name, text.bytes) { return .bool(result) }
    switch name {
    case "strip": return .string(text.stripped(.both, of: try characters(arguments)))
    case "lstrip": return .string(text.stripped(.left, of: try characters(arguments)))
    case "rstrip": return .string(text.stripped(.right, of: try characters(arguments)))
    case "replace":
      let old = try textArgument(arguments, 0, "old")
      let new = try textArgument(arguments, 1, "new")
      return .string(
        try replaced(
          text, old, text.isMarkup ? new.escaped : new,
          limit: arguments.value(2, "count")?.integer ?? -1))
    case "join":
      return .string(try join(try iterate(arguments.value(0, "iterable") ?? .none), by: text))
    case "format": return .string(try braceFormat(text, arguments))
    case "removeprefix":
      let prefix = try textArgument(arguments, 0, "prefix")
      return .string(
        text.bytes.starts(with: prefix.bytes) ? text[prefix.utf8Count..<text.utf8Count] : text)
    case "removesuffix":
      let suffix = try textArgument(arguments, 0, "suffix")
      let end = text.utf8Count - suffix.utf8Count
      return .string(
        end >= 0 && text.bytes[end...].elementsEqual(suffix.bytes) ? text[0..<end] : text)
    default: return .string(try padded(name, text, arguments))
    }
  }

  func textArgument(
    _ arguments: TemplateCallArguments, _ index: Int, _ name: String
  ) throws(TemplateError) -> MarkedString {
    let value = arguments.value(index, name) ?? .none
    try use(value)
    guard let text = value.string else {
      throw fail(.type, "argument '\(name)' must be str, not \(value.kind)")
    }
    return text
  }

  private func characters(
    _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> [UInt8]? {
    guard let value = arguments.value(0, "chars"), !value.isNone else { return nil }
    return try textArgument(arguments, 0, "chars").bytes
  }

  mutating func replaced(
    _ text: MarkedString, _ old: MarkedString, _ new: MarkedString, limit: Int
  ) throws(TemplateError) -> MarkedString {
    let most = text.utf8Count / max(1, old.utf8Count) + 1
    let growth = most.multipliedReportingOverflow(by: new.utf8Count)
    // Only where the worst case is too long is the text searched to know its true length.
    if growth.overflow || growth.partialValue + text.utf8Count > limits.outputBytes {
      var count = 0
      var at = 0
      while let found = text.firstRange(of: old.bytes, from: at), found.upperBound <= text.utf8Count
      {
        count += 1
        at = max(found.upperBound, found.lowerBound + 1)
        if at > text.utf8Count { break }
      }
      let total = count.multipliedReportingOverflow(by: new.utf8Count)
      try charge(bytes: total.overflow ? Int.max : text.utf8Count + total.partialValue)
    }
    let result = text.replacing(old.bytes, with: new, limit: limit)
    try charge(bytes: result.utf8Count)
    return result
  }

  mutating func join(
    _ values: [TemplateValue], by separator: MarkedString
  ) throws(TemplateError) -> MarkedString {
    var result = MarkedString()
    result.isMarkup = separator.isMarkup
    for (i, value) in values.enumerated() {
      if i > 0 { result.append(separator) }
      guard let part = value.string else {
        try use(value)
        throw fail(.type, "sequence item \(i): expected str instance, \(value.kind) found")
      }
      result.append(separator.isMarkup ? part.escaped : part)
      try charge(bytes: result.utf8Count)
    }
    return result
  }

  private func searchMethod(
    _ name: String, _ text: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue? {
    switch name {
    case "startswith", "endswith":
      let value = arguments.value(0, "prefix") ?? .none
      var options = [value]
      if case .tuple(let values) = value { options = values }
      for option in options {
        try use(option)
        guard let part = option.string?.bytes else {
          throw fail(.type, "\(name) first arg must be str or a tuple of str, not \(option.kind)")
        }
        let start = name == "startswith" ? 0 : text.utf8Count - part.count
        if start >= 0, text.bytes[start...].starts(with: part) { return .bool(true) }
      }
      return .bool(false)
    case "find", "index", "rfind", "rindex":
      let part = try textArgument(arguments, 0, "sub").bytes
      let found =
        name.hasPrefix("r") ? text.lastRange(of: part) : text.firstRange(of: part, from: 0)
      if let found { return .int(PythonText.count(Array(text.bytes[..<found.lowerBound]))) }
      guard name.hasSuffix("find") else { throw fail(.type, "substring not found") }
      return .int(-1)
    case "count":
      let part = try textArgument(arguments, 0, "sub").bytes
      guard !part.isEmpty else { return .int(text.characterCount + 1) }
      return .int(text.split(part, limit: -1).count - 1)
    default: return nil
    }
  }

  private mutating func splitMethod(
    _ name: String, _ text: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue? {
    switch name {
    case "split", "rsplit":
      let separator = try separator(arguments)
      let limit = arguments.value(1, "maxsplit")?.integer ?? -1
      let parts =
        name == "split"
        ? text.split(separator, limit: limit) : text.splitFromEnd(separator, limit: limit)
      try step(parts.count)
      return .list(parts.map { .string($0) })
    case "splitlines":
      let keeps = arguments.value(0, "keepends")?.isTrue ?? false
      return .list(text.lines(keepingEnds: keeps).map { .string($0) })
    case "partition", "rpartition":
      let part = try textArgument(arguments, 0, "sep").bytes
      let found =
        name == "partition" ? text.firstRange(of: part, from: 0) : text.lastRange(of: part)
      guard let found else {
        let empty = TemplateValue.string(MarkedString())
        return .tuple(
          name == "partition" ? [.string(text), empty, empty] : [empty, empty, .string(text)])
      }
      return .tuple([
        .string(text[0..<found.lowerBound]), .string(text[found]),
        .string(text[found.upperBound..<text.utf8Count]),
      ])
    default: return nil
    }
  }

  private func separator(_ arguments: TemplateCallArguments) throws(TemplateError) -> [UInt8]? {
    guard let value = arguments.value(0, "sep"), !value.isNone else { return nil }
    let separator = try textArgument(arguments, 0, "sep").bytes
    guard !separator.isEmpty else { throw fail(.type, "empty separator") }
    return separator
  }

  private func caseMethod(_ name: String, _ text: MarkedString) -> MarkedString? {
    switch name {
    case "upper": text.mapRuns(PythonText.uppercased)
    case "lower", "casefold": text.mapRuns(PythonText.lowercased)
    case "capitalize": text.mapWhole(PythonText.capitalized)
    case "title": text.mapWhole(PythonText.titled)
    case "swapcase":
      text.mapRuns { bytes in
        PythonText.mapScalars(bytes) { scalar in
          scalar.properties.isUppercase
            ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
        }
      }
    default: nil
    }
  }

  private func predicate(_ name: String, _ bytes: [UInt8]) -> Bool? {
    let scalars = PythonText.scalars(bytes)
    func all(_ test: (Unicode.Scalar) -> Bool) -> Bool {
      !scalars.isEmpty && scalars.allSatisfy(test)
    }
    switch name {
    case "isalpha": return all(PythonText.isLetter)
    case "isalnum": return all { PythonText.isLetter($0) || $0.properties.numericType != nil }
    case "isdigit": return all { [.decimal, .digit].contains($0.properties.numericType) }
    case "isdecimal": return all { $0.properties.numericType == .decimal }
    case "isnumeric": return all { $0.properties.numericType != nil }
    case "isspace": return all { PythonText.isSpace($0.value) }
    case "isupper":
      return scalars.contains { $0.properties.isUppercase }
        && !scalars.contains { $0.properties.isLowercase }
    case "islower":
      return scalars.contains { $0.properties.isLowercase }
        && !scalars.contains { $0.properties.isUppercase }
    case "istitle":
      return scalars.contains { $0.properties.isCased } && PythonText.titled(bytes) == bytes
    default: return nil
    }
  }

  private mutating func padded(
    _ name: String, _ text: MarkedString, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> MarkedString {
    guard let width = arguments.value(0, "width")?.integer else {
      throw fail(.type, "\(name)() needs a width")
    }
    let missing = width - text.characterCount
    guard missing > 0 else { return text }
    try charge(bytes: missing)
    if name == "zfill" {
      let sign = text.bytes.first == 0x2B || text.bytes.first == 0x2D ? 1 : 0
      return text[0..<sign] + MarkedString(bytes: Array(repeating: 0x30, count: missing))
        + text[sign..<text.utf8Count]
    }
    let fill = try arguments.value(1, "fillchar").map { _ throws(TemplateError) in
      try textArgument(arguments, 1, "fillchar")
    }
    let before =
      name == "ljust" ? 0 : name == "rjust" ? missing : PythonText.centered(missing, width)
    let filler = fill ?? .spaces(1)
    return try repeated(filler, before) + text + (try repeated(filler, missing - before))
  }
}

extension PythonText {
  /// `str.isalpha` of one character.
  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  /// How much of the padding `str.center` puts on the left.
  static func centered(_ missing: Int, _ width: Int) -> Int { missing / 2 + (missing & width & 1) }
}

extension MarkedString {
  /// Rewritten as a whole, for what depends on the place in the text: of one origin where the text
  /// is, otherwise the caller's, which is the safe one.
  func mapWhole(_ transform: ([UInt8]) -> [UInt8]) -> MarkedString {
    MarkedString(bytes: transform(bytes), origin: uniformOrigin ?? .caller)
  }
}
