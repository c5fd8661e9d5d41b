/// A test of jinja2 3.1: what stands behind `is`.
final class TemplateTest: Sendable {
  typealias Body =
    @Sendable (
      inout TemplateRun, TemplateValue, TemplateBoundArguments
    ) throws(TemplateError) -> Bool

  let name: String
  let signature: TemplateSignature
  let body: Body
  /// Of a test that only looks at what kind of value there is.
  let ofKind: (@Sendable (TemplateValue) -> Bool)?

  init(
    _ name: String, _ signature: String = "",
    ofKind: (@Sendable (TemplateValue) -> Bool)? = nil, _ body: @escaping Body
  ) {
    self.name = name
    self.signature = TemplateSignature(signature)
    self.ofKind = ofKind
    self.body = body
  }
}

enum TemplateTests {
  static let named: [String: TemplateTest] = {
    var table: [String: TemplateTest] = [:]
    for test in kinds + numbers + others { table[test.name] = test }
    for (kind, names) in comparisons {
      for name in names {
        table[name] = TemplateTest(name, "other /") {
          run, value, arguments throws(TemplateError) in
          try run.compare(kind, value, arguments[0] ?? .none)
        }
      }
    }
    return table
  }()

  private static let comparisons: [(TemplateComparison.Kind, [String])] = [
    (.equal, ["==", "eq", "equalto"]), (.notEqual, ["!=", "ne"]),
    (.greater, [">", "gt", "greaterthan"]), (.greaterOrEqual, [">=", "ge"]),
    (.less, ["<", "lt", "lessthan"]), (.lessOrEqual, ["<=", "le"]),
  ]

  private static func plain(
    _ name: String, _ holds: @escaping @Sendable (TemplateValue) -> Bool
  ) -> TemplateTest {
    TemplateTest(name, ofKind: holds) { _, value, _ throws(TemplateError) in holds(value) }
  }

  private static let kinds = [
    plain("defined") { !$0.isUndefined },
    plain("undefined") { $0.isUndefined },
    plain("none") { $0.isNone },
    plain("boolean") { if case .bool = $0 { true } else { false } },
    plain("true") { if case .bool(true) = $0 { true } else { false } },
    plain("false") { if case .bool(false) = $0 { true } else { false } },
    plain("integer") {
      switch $0 {
      case .int, .big: true
      default: false
      }
    },
    plain("float") { if case .double = $0 { true } else { false } },
    plain("number") { $0.isNumber },
    plain("string") { $0.string != nil },
    plain("mapping") { if case .dict = $0 { true } else { false } },
    plain("escaped") { $0.string?.isMarkup ?? false },
    plain("callable") {
      switch $0 {
      case .callable(let callable): callable.isCallable
      case .loop, .undefined: true
      default: false
      }
    },
    plain("iterable") {
      switch $0 {
      case .text, .list, .tuple, .dict, .view, .iterator, .range, .loop, .undefined: true
      default: false
      }
    },
    // What has a length and elements; to jinja2 a mapping does, and so does an undefined value.
    plain("sequence") {
      switch $0 {
      case .text, .list, .tuple, .dict, .range, .undefined: true
      default: false
      }
    },
  ]

  private static let numbers = [
    TemplateTest("odd") { run, value, _ throws(TemplateError) in
      try rest(value, .int(2), &run) == 1
    },
    TemplateTest("even") { run, value, _ throws(TemplateError) in
      try rest(value, .int(2), &run) == 0
    },
    TemplateTest("divisibleby", "num") { run, value, arguments throws(TemplateError) in
      try rest(value, arguments[0] ?? .none, &run) == 0
    },
  ]

  /// What Python's `%` leaves; texts are formats there, and what they give is no number.
  private static func rest(
    _ value: TemplateValue, _ divisor: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> Double {
    try run.compute(.remainder, value, divisor).number ?? -1
  }

  private static let others = [
    TemplateTest("filter") { run, value, _ throws(TemplateError) in
      if case .text(let text) = value { return TemplateFilters.named[text.string.text] != nil }
      _ = try run.key(of: value)
      return false
    },
    TemplateTest("test") { run, value, _ throws(TemplateError) in
      if case .text(let text) = value { return named[text.string.text] != nil }
      _ = try run.key(of: value)
      return false
    },
    TemplateTest("lower") { run, value, _ throws(TemplateError) in
      PythonText.isLowercase(try run.text(of: value).bytes)
    },
    TemplateTest("upper") { run, value, _ throws(TemplateError) in
      PythonText.isUppercase(try run.text(of: value).bytes)
    },
    TemplateTest("sameas", "other") { _, value, arguments throws(TemplateError) in
      TemplateValue.isSame(value, arguments[0] ?? .none)
    },
    TemplateTest("in", "seq") { run, value, arguments throws(TemplateError) in
      try run.contains(arguments[0] ?? .none, value)
    },
  ]
}

extension TemplateRun {
  mutating func holds(
    _ test: TemplateTest, for value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> Bool {
    try step()
    let bound = try test.signature.bind(arguments, to: test.name, self)
    return try test.body(&self, value, bound)
  }
}
