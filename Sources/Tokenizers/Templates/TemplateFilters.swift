/// A filter of jinja2 3.1, with the settings of `transformers`.
final class TemplateFilter: Sendable {
  typealias Body =
    @Sendable (
      inout TemplateRun, TemplateValue, TemplateBoundArguments
    ) throws(TemplateError) -> TemplateValue

  let name: String
  /// Without the value that is filtered.
  let signature: TemplateSignature
  let body: Body

  init(_ name: String, _ signature: String = "", _ body: @escaping Body) {
    self.name = name
    self.signature = TemplateSignature(signature)
    self.body = body
  }
}

enum TemplateFilters {
  static let named: [String: TemplateFilter] = {
    var table: [String: TemplateFilter] = [:]
    for filter in plain + numbers + texts + markup + sequences + choices {
      table[filter.name] = filter
    }
    for (name, other) in [("count", "length"), ("d", "default"), ("e", "escape")] {
      table[name] = table[other]
    }
    return table
  }()

  /// Filters that look at one value.
  private static let plain = [
    TemplateFilter("default", "default_value? boolean?") {
      _, value, arguments throws(TemplateError) in
      let isMissing = value.isUndefined || ((arguments[1]?.isTrue ?? false) && !value.isTrue)
      return isMissing ? arguments[0] ?? .text(.empty) : value
    },
    TemplateFilter("length") { run, value, _ throws(TemplateError) in
      .int(try run.length(of: value))
    },
    TemplateFilter("attr", "name") { run, value, arguments throws(TemplateError) in
      let name = try run.text(arguments[0], "attribute name").text
      try run.use(value)
      return try run.ownAttribute(TemplateMember(name), of: value)
        ?? run.undefined(.member(name, of: value.kind))
    },
    TemplateFilter("string") { run, value, _ throws(TemplateError) in
      if case .text = value { return value }
      return .string(try run.text(of: value))
    },
    TemplateFilter("pprint") { run, value, _ throws(TemplateError) in
      .string(try run.prettyPrinted(value))
    },
    TemplateFilter("tojson", "ensure_ascii? indent? separators? sort_keys?") {
      run, value, arguments throws(TemplateError) in
      .string(try run.json(value, arguments))
    },
    TemplateFilter("random") { run, value, _ throws(TemplateError) in
      if try run.length(of: value) == 0 {
        return run.undefined(.missing("No random item, sequence was empty."))
      }
      throw run.fail(.forbidden, "'random' would make every prompt another one")
    },
  ]
}

extension TemplateRun {
  mutating func apply(
    _ filter: TemplateFilter, to value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    try step()
    let bound = try filter.signature.bind(arguments, to: filter.name, self)
    return try filter.body(&self, value, bound)
  }

  /// `tojson(ensure_ascii, indent, separators, sort_keys)`, as `transformers` defines it.
  fileprivate mutating func json(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> MarkedString {
    var writer = TemplateJSONWriter()
    writer.escapesNonASCII = arguments[0]?.isTrue ?? false
    writer.sortsKeys = arguments[3]?.isTrue ?? false
    if let indent = arguments[1], !indent.isNone {
      if case .text(let text) = indent {
        writer.indent = text.string.plain
      } else {
        let count = try integer(indent, 0, "indent")
        writer.indent = try repeated(.spaces(1), count)
      }
      writer.itemSeparator = MarkedString(",", origin: .template)
    }
    if let separators = arguments[2], !separators.isNone {
      let parts = try elements(of: separators)
      guard parts.count == 2 else { throw fail(.type, "separators must be two texts") }
      writer.itemSeparator = try text(parts[0], "separator").plain
      writer.keySeparator = try text(parts[1], "separator").plain
    }
    try charge(walk: value)
    try writer.write(value, &self)
    try charge(bytes: writer.text.utf8Count)
    return writer.text
  }
}
