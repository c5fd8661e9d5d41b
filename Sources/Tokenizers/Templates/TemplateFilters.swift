/// The filters by name.
enum TemplateFilters {
  static func isKnown(_ name: String) -> Bool {
    text.contains(name) || sequence.contains(name) || other.contains(name)
  }

  /// Filters that make a text of a text.
  static let text: Set<String> = [
    "capitalize", "center", "e", "escape", "forceescape", "format", "indent", "lower", "replace",
    "safe", "string", "striptags", "title", "trim", "truncate", "upper", "urlencode", "wordcount",
    "wordwrap", "pprint", "tojson",
  ]

  /// Filters that go through a sequence.
  static let sequence: Set<String> = [
    "batch", "dictsort", "first", "groupby", "items", "join", "last", "list", "map", "max", "min",
    "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "sort", "sum", "unique",
  ]

  static let other: Set<String> = [
    "abs", "attr", "count", "d", "default", "float", "int", "length", "round",
  ]
}

extension TemplateEvaluator {
  mutating func apply(
    _ filters: [TemplateFilterCall], to value: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    var value = value
    for filter in filters { value = try apply(filter, to: value) }
    return value
  }

  mutating func apply(
    _ filter: TemplateFilterCall, to value: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    let arguments = try evaluate(filter.arguments)
    line = filter.line
    return try apply(filter.name, to: value, arguments)
  }

  mutating func apply(
    _ name: String, to value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    try step()
    if TemplateFilters.text.contains(name) {
      return try textFilter(name, value, arguments)
    }
    if TemplateFilters.sequence.contains(name) {
      return try sequenceFilter(name, value, arguments)
    }
    switch name {
    case "default", "d":
      let isMissing =
        value.isUndefined || ((arguments.value(1, "boolean")?.isTrue ?? false) && !value.isTrue)
      return isMissing ? arguments.value(0, "default_value") ?? .string(MarkedString()) : value
    case "length", "count": return .int(try length(of: value))
    case "attr":
      let name = try textArgument(arguments, 0, "name").text
      guard case .dict = value else { return try attribute(name, of: value) }
      return TemplateMethods.method(name, of: value) ?? .undefined(.member(name, of: value.kind))
    case "abs":
      if let integer = value.integer, integer != Int.min { return .int(abs(integer)) }
      return .double(abs(try number(value, for: "abs()")))
    case "int": return .int(try integer(of: value, arguments))
    case "float":
      try use(value)
      if let number = value.number { return .double(number) }
      let text = value.string?.stripped(.both).text ?? ""
      return Double(text).map { .double($0) } ?? arguments.value(0, "default") ?? .double(0)
    case "round":
      let method = arguments.value(1, "method")?.string?.text ?? "common"
      if let integer = value.integer, method == "common" { return .int(integer) }
      return .double(try rounded(value, arguments, method))
    default: throw fail(.syntax, "no filter named '\(name)' found")
    }
  }

  func length(of value: TemplateValue) throws(TemplateError) -> Int {
    switch value {
    case .string(let text): return text.characterCount
    case .list(let values), .tuple(let values): return values.count
    case .dict(let members): return members.count
    case .range(let range): return range.count
    case .iterator(let values, let kind) where kind != .generator: return values.count
    case .loop(let state): return state.items.count
    case .undefined: return 0
    default: throw fail(.type, "object of type '\(value.kind)' has no len()")
    }
  }

  private func integer(
    of value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> Int {
    try use(value)
    if let integer = value.integer { return integer }
    let fallback = arguments.value(0, "default")?.integer ?? 0
    if case .double(let number) = value {
      return Int(exactly: number.rounded(.towardZero)) ?? fallback
    }
    guard let text = value.string?.stripped(.both).text else { return fallback }
    if let base = arguments.value(1, "base")?.integer, base != 10, (2...36).contains(base) {
      let digits = text.lowercased()
      let hasPrefix = ["0x", "0o", "0b"].contains { digits.hasPrefix($0) }
      return Int(hasPrefix ? String(digits.dropFirst(2)) : digits, radix: base) ?? fallback
    }
    if let integer = Int(text) { return integer }
    return Double(text).flatMap { Int(exactly: $0.rounded(.towardZero)) } ?? fallback
  }

  private func rounded(
    _ value: TemplateValue, _ arguments: TemplateCallArguments, _ method: String
  ) throws(TemplateError) -> Double {
    let number = try number(value, for: "round()")
    let precision = arguments.value(0, "precision")?.integer ?? 0
    if method == "common", precision >= 0 {
      return Double(DecimalText.fixed(number, precision)) ?? number
    }
    var scale = 1.0
    for _ in 0..<min(abs(precision), 308) { scale *= 10 }
    let scaled = precision < 0 ? number / scale : number * scale
    let result = scaled.rounded(
      method == "ceil" ? .up : method == "floor" ? .down : .toNearestOrEven)
    return precision < 0 ? result * scale : result / scale
  }
}
