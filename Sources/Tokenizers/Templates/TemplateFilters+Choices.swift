extension TemplateFilters {
  /// Filters that apply another filter or a test to every item.
  static let choices = [
    TemplateFilter("map", "* **") { run, value, arguments throws(TemplateError) in
      var cursor: TemplateCursor?
      var transform: TemplateMapping?
      return try run.iterator(over: value.size) { run throws(TemplateError) in
        if cursor == nil {
          guard value.isTrue else { return nil }
          transform = try TemplateMapping(arguments, &run)
          cursor = try run.cursor(value)
        }
        guard let item = try cursor?.next(&run) else { return nil }
        return try transform?.value(of: item, &run)
      }
    },
    choice("select", takes: true, ofAttribute: false),
    choice("reject", takes: false, ofAttribute: false),
    choice("selectattr", takes: true, ofAttribute: true),
    choice("rejectattr", takes: false, ofAttribute: true),
  ]

  private static func choice(
    _ name: String, takes: Bool, ofAttribute: Bool
  ) -> TemplateFilter {
    TemplateFilter(name, "* **") { run, value, arguments throws(TemplateError) in
      var cursor: TemplateCursor?
      var condition: TemplateCondition?
      return try run.iterator(over: value.size) { run throws(TemplateError) in
        if cursor == nil {
          guard value.isTrue else { return nil }
          condition = try TemplateCondition(arguments, ofAttribute: ofAttribute, &run)
          cursor = try run.cursor(value)
        }
        while let item = try cursor?.next(&run) {
          if try condition?.holds(for: item, &run) == takes { return item }
        }
        return nil
      }
    }
  }
}

/// What `map` does to an item.
private enum TemplateMapping {
  case path(TemplatePath)
  /// nil where there is none of the name, which is an error when there is an item.
  case filter(TemplateFilter?, TemplateCallArguments)

  init(_ arguments: TemplateBoundArguments, _ run: inout TemplateRun) throws(TemplateError) {
    let attribute = arguments.named.first { $0.name == "attribute" }?.value
    if arguments.values.isEmpty, let attribute {
      if let other = arguments.named.first(where: { !["attribute", "default"].contains($0.name) }) {
        throw run.fail(.type, "Unexpected keyword argument '\(other.name)'")
      }
      let fallback = arguments.named.first { $0.name == "default" }?.value
      self = .path(try TemplatePath(attribute, isSensitive: true, default: fallback, &run))
      return
    }
    guard let name = arguments.values.first else {
      throw run.fail(.type, "map requires a filter argument")
    }
    self = .filter(
      name.string.flatMap { TemplateFilters.named[$0.text] }, arguments.dropFirst(1))
  }

  func value(
    of item: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    switch self {
    case .path(let path): try path.value(of: item, &run)
    case .filter(let filter?, let arguments): try run.apply(filter, to: item, arguments)
    case .filter(nil, _): throw run.fail(.type, "no filter of this name")
    }
  }
}

/// What `select` and its like ask of an item.
private struct TemplateCondition {
  private var path: TemplatePath?
  private var test: TemplateTest?
  private var asksForTruth = true
  private var arguments = TemplateCallArguments()

  init(
    _ arguments: TemplateBoundArguments, ofAttribute: Bool, _ run: inout TemplateRun
  ) throws(TemplateError) {
    var rest = arguments.dropFirst(0)
    if ofAttribute {
      guard !rest.positional.isEmpty else {
        throw run.fail(.type, "Missing parameter for attribute name")
      }
      path = try TemplatePath(rest.positional.removeFirst(), isSensitive: true, &run)
    }
    guard !rest.positional.isEmpty else { return }
    asksForTruth = false
    test = rest.positional.removeFirst().string.flatMap { TemplateTests.named[$0.text] }
    self.arguments = rest
  }

  func holds(
    for item: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> Bool {
    let subject = try path?.value(of: item, &run) ?? item
    guard !asksForTruth else { return subject.isTrue }
    guard let test else { throw run.fail(.type, "no test of this name") }
    return try run.holds(test, for: subject, arguments)
  }
}
