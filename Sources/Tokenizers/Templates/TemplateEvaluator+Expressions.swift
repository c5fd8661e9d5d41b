extension TemplateEvaluator {
  mutating func evaluate(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
    try enterExpression()
    defer { leaveExpression() }
    switch expression {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .double(let value): return .double(value)
    case .string(let text): return .string(text)
    case .name(let symbol, let start):
      line = start
      return scope.value(symbol) ?? .undefined(.name(program.names[symbol]))
    case .list(let elements): return .list(try evaluate(elements))
    case .tuple(let elements): return .tuple(try evaluate(elements))
    case .dict(let members): return try dictionary(members)
    case .attribute(let object, let name, let start):
      let value = try evaluate(object)
      line = start
      return try attribute(name, of: value)
    case .item(let object, let index, let start):
      let value = try evaluate(object)
      let key = try evaluate(index)
      line = start
      return try item(key, of: value)
    case .slice(let object, let parts, let start): return try slice(object, parts, start)
    case .call(let callee, let arguments, let start):
      let function = try evaluate(callee)
      let values = try evaluate(arguments)
      line = start
      return try call(function, values)
    case .filter(let operand, let call):
      let value = try evaluate(operand)
      return try apply(call, to: value)
    case .test(let operand, let name, let arguments, let isNegated, let start):
      let value = try evaluate(operand)
      let values = try evaluate(arguments)
      line = start
      return .bool(try test(value, name, values) != isNegated)
    case .not(let operand): return .bool(!(try evaluate(operand).isTrue))
    case .and(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? value : try evaluate(right)
    default: return try evaluateOperation(expression)
    }
  }

  private mutating func evaluateOperation(
    _ expression: TemplateExpression
  ) throws(TemplateError) -> TemplateValue {
    switch expression {
    case .negative(let operand, let start):
      return try negated(try evaluate(operand), start)
    case .positive(let operand, let start):
      let value = try evaluate(operand)
      line = start
      guard let integer = value.integer else {
        return .double(try number(value, for: "unary +"))
      }
      return .int(integer)
    case .binary(let operation, let left, let right, let start):
      let a = try evaluate(left)
      let b = try evaluate(right)
      line = start
      return try compute(operation, a, b)
    case .compare(let left, let comparisons, let start):
      return .bool(try compare(try evaluate(left), comparisons, start))
    case .conditional(let condition, let value, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(value) }
      guard let otherwise else {
        return .undefined(.missing("the condition is false and there is no else"))
      }
      return try evaluate(otherwise)
    case .concatenation(let parts):
      var result = MarkedString()
      for part in parts {
        result.append(try text(of: try evaluate(part)))
        try charge(bytes: result.utf8Count)
      }
      return .string(result)
    default: return .none
    }
  }

  private mutating func negated(
    _ value: TemplateValue, _ start: Int
  ) throws(TemplateError) -> TemplateValue {
    line = start
    if let integer = value.integer, integer != Int.min { return .int(-integer) }
    return .double(-(try number(value, for: "unary -")))
  }

  mutating func evaluate(
    _ expressions: [TemplateExpression]
  ) throws(TemplateError) -> [TemplateValue] {
    var values: [TemplateValue] = []
    values.reserveCapacity(expressions.count)
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  mutating func evaluate(
    _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateCallArguments {
    var result = TemplateCallArguments(positional: try evaluate(arguments.positional))
    for (name, value) in arguments.keywords {
      result.keywords.append((name, try evaluate(value)))
    }
    if let spread = arguments.spread {
      result.positional += try iterate(try evaluate(spread))
    }
    if let spread = arguments.spreadKeywords {
      guard case .dict(let members) = try evaluate(spread) else {
        throw fail(.type, "argument after ** must be a mapping")
      }
      for entry in members.entries {
        guard let name = entry.key.string else {
          throw fail(.type, "keywords must be strings")
        }
        result.keywords.append((name.text, entry.value))
      }
    }
    return result
  }

  private mutating func dictionary(
    _ members: [(key: TemplateExpression, value: TemplateExpression)]
  ) throws(TemplateError) -> TemplateValue {
    var dictionary = TemplateDictionary()
    for member in members {
      let key = try evaluate(member.key)
      dictionary.set(key, try hashed(key), to: try evaluate(member.value))
    }
    return .dict(dictionary)
  }

  func hashed(_ key: TemplateValue) throws(TemplateError) -> TemplateKey {
    guard let hashed = key.key else { throw fail(.type, "unhashable type: '\(key.kind)'") }
    return hashed
  }

  // MARK: Access

  func use(_ value: TemplateValue) throws(TemplateError) {
    if case .undefined(let reason) = value { throw fail(reason.kind, reason.message) }
  }

  /// `object.name`: what Python calls an attribute first, then a member.
  func attribute(
    _ name: String, of object: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    try use(object)
    switch object {
    case .namespace(let namespace):
      return namespace.members[Array(name.utf8)]
        ?? .undefined(.member(name, of: object.kind))
    case .loop(let state): return try TemplateLoopAccess.value(name, of: state, self)
    case .dict(let members):
      if let method = TemplateMethods.method(name, of: object) { return method }
      return members[Array(name.utf8)] ?? .undefined(.member(name, of: object.kind))
    default:
      return TemplateMethods.method(name, of: object)
        ?? .undefined(.member(name, of: object.kind))
    }
  }

  /// `object[key]`: an element first, then an attribute.
  mutating func item(
    _ key: TemplateValue, of object: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    try use(object)
    switch object {
    case .dict(let members):
      if let hashed = key.key, let value = members[hashed] { return value }
    case .list(let values), .tuple(let values):
      if let index = key.integer {
        let at = index < 0 ? index + values.count : index
        if values.indices.contains(at) { return values[at] }
      }
    case .range(let range):
      if let index = key.integer {
        let at = index < 0 ? index + range.count : index
        if at >= 0, at < range.count { return .int(range[at]) }
      }
    case .string(let text):
      if let index = key.integer, let character = text.character(at: index) {
        try step(text.utf8Count / 64)
        return .string(character)
      }
    default: break
    }
    if let name = key.string { return try attribute(name.text, of: object) }
    return .undefined(.element(TemplateWriter.string(of: key).text))
  }

  private mutating func slice(
    _ object: TemplateExpression, _ parts: TemplateSlice, _ start: Int
  ) throws(TemplateError) -> TemplateValue {
    let value = try evaluate(object)
    line = start
    try use(value)
    let bounds = (
      try bound(parts.start), try bound(parts.stop), try bound(parts.step) ?? 1
    )
    line = start
    guard bounds.2 != 0 else { throw fail(.type, "slice step cannot be zero") }
    switch value {
    case .list(let values): return .list(slice(values, bounds))
    case .tuple(let values): return .tuple(slice(values, bounds))
    case .range: return .list(slice(try iterate(value), bounds))
    case .string(let text):
      try charge(bytes: text.utf8Count)
      return .string(text.sliced(PythonSlice.indices(text.characterCount, bounds), bounds.2))
    default: throw fail(.type, "'\(value.kind)' object is not subscriptable")
    }
  }

  private mutating func bound(
    _ part: TemplateExpression?
  ) throws(TemplateError) -> Int? {
    guard let part else { return nil }
    let value = try evaluate(part)
    if value.isNone { return nil }
    guard let integer = value.integer else {
      throw fail(.type, "slice indices must be integers or None")
    }
    return integer
  }

  private func slice(
    _ values: [TemplateValue], _ bounds: (Int?, Int?, Int)
  ) -> [TemplateValue] {
    PythonSlice.indices(values.count, bounds).map { values[$0] }
  }

  /// The elements of anything that can be gone through.
  mutating func iterate(_ value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
    switch value {
    case .list(let values), .tuple(let values), .iterator(let values, _): return values
    case .dict(let members): return members.keys
    case .string(let text):
      try step(text.utf8Count)
      return text.characters.map { .string($0) }
    case .range(let range):
      try step(range.count)
      return (0..<range.count).map { .int(range[$0]) }
    case .loop(let state): return state.items
    case .undefined: return []
    default: break
    }
    throw fail(.type, "'\(value.kind)' object is not iterable")
  }
}

/// Python's rules for slices.
enum PythonSlice {
  /// The places that `[start:stop:step]` takes of `count`.
  static func indices(_ count: Int, _ bounds: (start: Int?, stop: Int?, step: Int)) -> [Int] {
    let step = bounds.step
    let low = step > 0 ? 0 : -1
    let high = step > 0 ? count : count - 1
    func clamp(_ index: Int?, _ fallback: Int) -> Int {
      guard let index else { return fallback }
      return max(low, min(high, index < 0 ? index.addingReportingOverflow(count).0 : index))
    }
    let start = clamp(bounds.start, step > 0 ? low : high)
    let stop = clamp(bounds.stop, step > 0 ? high : low)
    return Array(stride(from: start, to: stop, by: step))
  }
}

/// The attributes of `loop`.
enum TemplateLoopAccess {
  static func value(
    _ name: String, of state: TemplateLoopState, _ evaluator: TemplateEvaluator
  ) throws(TemplateError) -> TemplateValue {
    let count = state.items.count
    switch name {
    case "index": return .int(state.index + 1)
    case "index0": return .int(state.index)
    case "revindex": return .int(count - state.index)
    case "revindex0": return .int(count - state.index - 1)
    case "first": return .bool(state.index == 0)
    case "last": return .bool(state.index == count - 1)
    case "length": return .int(count)
    case "depth": return .int(state.depth + 1)
    case "depth0": return .int(state.depth)
    case "previtem":
      return state.index > 0
        ? state.items[state.index - 1] : .undefined(.missing("there is no previous item"))
    case "nextitem":
      return state.index + 1 < count
        ? state.items[state.index + 1] : .undefined(.missing("there is no next item"))
    case "cycle", "changed": return .callable(.method(TemplateMethod(.loop(state), name)))
    default: return .undefined(.member(name, of: "LoopContext"))
    }
  }
}
