extension TemplateEvaluator {
  /// Whether `value is name(arguments)`.
  mutating func test(
    _ value: TemplateValue, _ name: String, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> Bool {
    if let result = kindTest(value, name) { return result }
    if let result = try numberTest(value, name, arguments) { return result }
    switch name {
    case "in": return try contains(arguments.value(0, "seq") ?? .none, value)
    case "sameas":
      let other = arguments.value(0, "other") ?? .none
      return value.kind == other.kind && value == other
    case "lower", "upper":
      let text = try text(of: value).bytes
      let scalars = PythonText.scalars(text)
      let wanted = name == "lower" ? PythonText.lowercased(text) : PythonText.uppercased(text)
      return wanted == text && scalars.contains { $0.properties.isCased }
    case "filter": return TemplateFilters.isKnown(try text(of: value).text)
    case "test":
      let name = try text(of: value).text
      return TemplateEvaluator.otherTests.contains(name) || kindTest(.none, name) != nil
        || TemplateEvaluator.comparisons[name] != nil
    case "escaped": return false
    default: break
    }
    if let kind = TemplateEvaluator.comparisons[name] {
      let other = arguments.value(0, "other") ?? .none
      switch kind {
      case .equal: return value == other
      case .notEqual: return !(value == other)
      case .less: return try isLess(value, other)
      case .greater: return try isLess(other, value)
      case .lessOrEqual: return try isLess(value, other) || value == other
      default: return try isLess(other, value) || value == other
      }
    }
    throw fail(.syntax, "no test named '\(name)' found")
  }

  private static let otherTests: Set<String> = [
    "in", "sameas", "lower", "upper", "filter", "test", "escaped", "odd", "even", "divisibleby",
  ]

  private static let comparisons: [String: TemplateComparison.Kind] = [
    "eq": .equal, "equalto": .equal, "==": .equal, "ne": .notEqual, "!=": .notEqual,
    "lt": .less, "lessthan": .less, "<": .less, "gt": .greater, "greaterthan": .greater,
    ">": .greater, "le": .lessOrEqual, "<=": .lessOrEqual, "ge": .greaterOrEqual,
    ">=": .greaterOrEqual,
  ]

  /// Tests of what a value is.
  private func kindTest(_ value: TemplateValue, _ name: String) -> Bool? {
    switch name {
    case "defined": return !value.isUndefined
    case "undefined": return value.isUndefined
    case "none": return value.isNone
    case "string": return value.string != nil
    case "number": return value.number != nil
    case "boolean":
      if case .bool = value { return true }
      return false
    case "true", "false":
      if case .bool(let flag) = value { return flag == (name == "true") }
      return false
    case "integer":
      if case .int = value { return true }
      return false
    case "float":
      if case .double = value { return true }
      return false
    case "mapping":
      if case .dict = value { return true }
      return false
    case "callable":
      if case .callable = value { return true }
      return value.isUndefined
    case "iterable": return isIterable(value)
    case "sequence": return isSequence(value)
    default: return nil
    }
  }

  private func isIterable(_ value: TemplateValue) -> Bool {
    switch value {
    case .string, .list, .tuple, .dict, .iterator, .range, .loop, .undefined: true
    default: false
    }
  }

  /// What has a length and elements; to jinja2 a mapping does, and so does an undefined value.
  private func isSequence(_ value: TemplateValue) -> Bool {
    switch value {
    case .string, .list, .tuple, .dict, .range, .undefined: true
    default: false
    }
  }

  private func numberTest(
    _ value: TemplateValue, _ name: String, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> Bool? {
    let divisor: Int
    switch name {
    case "odd", "even": divisor = 2
    case "divisibleby":
      divisor = arguments.value(0, "num")?.integer ?? 0
      guard divisor != 0 else { throw fail(.type, "division by zero") }
    default: return nil
    }
    let number = try number(value, for: "'\(name)'")
    let rest = abs(number.truncatingRemainder(dividingBy: Double(divisor)))
    return rest == (name == "odd" ? 1 : 0)
  }
}
