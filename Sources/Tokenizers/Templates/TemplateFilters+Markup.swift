extension TemplateFilters {
  /// Filters about HTML, which prompts seldom hold; and addresses.
  static let markup = [
    TemplateFilter("escape") { run, value, _ throws(TemplateError) in
      .string(try run.text(of: value).escaped)
    },
    TemplateFilter("forceescape") { run, value, _ throws(TemplateError) in
      .string(try run.text(of: value).plain.escaped)
    },
    TemplateFilter("safe") { run, value, _ throws(TemplateError) in
      var text = try run.text(of: value)
      text.isMarkup = true
      return .string(text)
    },
    TemplateFilter("striptags") { run, value, _ throws(TemplateError) in
      let text = try run.text(of: value)
      try run.step(1 + text.utf8Count)
      return .string(HTMLText.withoutTags(text.plain))
    },
    TemplateFilter("urlencode") { run, value, _ throws(TemplateError) in
      .string(try run.urlEncoded(value))
    },
    TemplateFilter("xmlattr", "autospace?") { run, value, arguments throws(TemplateError) in
      .string(try run.xmlAttributes(value, addsSpace: arguments[0]?.isTrue ?? true))
    },
    TemplateFilter("urlize", "trim_url_limit? nofollow? target? rel? extra_schemes?") {
      run, value, arguments throws(TemplateError) in
      .string(try run.linked(value, arguments))
    },
  ]
}

extension MarkedString {
  /// Escaped for HTML, unless it is already.
  var escaped: MarkedString {
    guard !isMarkup else { return self }
    var result = mapRuns(HTMLText.escaped)
    result.isMarkup = true
    return result
  }

  /// The text itself, no longer markup.
  var plain: MarkedString {
    guard isMarkup else { return self }
    var result = self
    result.isMarkup = false
    return result
  }
}

extension TemplateRun {
  fileprivate mutating func urlEncoded(
    _ value: TemplateValue
  ) throws(TemplateError) -> MarkedString {
    let pairs: TemplateCursor
    switch value {
    case .text(let text): return try quoted(text.string, isQuery: false)
    case .dict(let dictionary): pairs = TemplateCursor(.view(TemplateView(dictionary, .items)))
    case .list, .tuple, .view, .range, .iterator, .loop, .undefined: pairs = try cursor(value)
    default: return try quoted(try text(of: value), isQuery: false)
    }
    var cursor = pairs
    var result = MarkedString()
    while let pair = try cursor.next(&self) {
      let parts = try elements(of: pair)
      guard parts.count == 2 else { throw fail(.type, "urlencode needs pairs") }
      if !result.isEmpty { result.append("&") }
      result.append(try quoted(try text(of: parts[0]), isQuery: true))
      result.append("=")
      result.append(try quoted(try text(of: parts[1]), isQuery: true))
      try charge(bytes: result.utf8Count)
    }
    return result
  }

  private mutating func quoted(
    _ text: MarkedString, isQuery: Bool
  ) throws(TemplateError) -> MarkedString {
    try charge(bytes: 3 * text.utf8Count)
    return text.plain.mapRuns { HTMLText.urlEncoded($0, isQuery: isQuery) }
  }

  fileprivate mutating func xmlAttributes(
    _ value: TemplateValue, addsSpace: Bool
  ) throws(TemplateError) -> MarkedString {
    try use(value)
    guard case .dict(let dictionary) = value else {
      throw fail(.type, "xmlattr of a '\(value.kind)'")
    }
    var result = MarkedString()
    for entry in dictionary.members.entries where !entry.value.isNone && !entry.value.isUndefined {
      let key = try text(key: entry.key)
      if !result.isEmpty || addsSpace { result.append(" ") }
      result.append(key.escaped.plain)
      result.append("=\"")
      result.append(try text(of: entry.value).escaped.plain)
      result.append("\"")
      try charge(bytes: result.utf8Count)
    }
    result.isMarkup = escapes
    return result
  }

  private mutating func text(key: TemplateValue) throws(TemplateError) -> MarkedString {
    let key = try text(key, "an attribute's name")
    let isWrong = PythonText.scalars(key.bytes).contains {
      PythonText.isSpace($0.value) || "/>=".unicodeScalars.contains($0)
    }
    guard !isWrong else { throw fail(.type, "Invalid character in attribute name") }
    return key
  }

  fileprivate mutating func linked(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> MarkedString {
    var links = HTMLLinks()
    if let limit = arguments[0], !limit.isNone { links.limit = try integer(limit, 0, "limit") }
    var words = ["noopener"]
    if arguments[1]?.isTrue ?? false { words.append("nofollow") }
    if let rel = arguments[3], !rel.isNone {
      words += try text(rel, "rel").split(nil, limit: -1).map(\.text)
    }
    links.rel = Set(words).sorted().joined(separator: " ")
    if let target = arguments[2], !target.isNone { links.target = try text(of: target).text }
    if let schemes = arguments[4], !schemes.isNone {
      for scheme in try elements(of: schemes) {
        let text = try text(scheme, "a scheme")
        guard HTMLLinks.isScheme(text.bytes) else { throw fail(.type, "'\(text)' is no scheme") }
        links.schemes.append(text.bytes)
      }
    }
    let text = try text(of: value).escaped
    try charge(bytes: 8 * text.utf8Count)
    try step(text.utf8Count)
    var result = links.linked(text.plain)
    result.isMarkup = escapes
    return result
  }
}
