import Foundation

extension TemplateEvaluator {
  func number(_ value: TemplateValue, for operation: String) throws(TemplateError) -> Double {
    try use(value)
    guard let number = value.number else {
      throw fail(.type, "bad operand type for \(operation): '\(value.kind)'")
    }
    return number
  }

  mutating func compute(
    _ operation: TemplateOperator, _ a: TemplateValue, _ b: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    if let result = try computeSequence(operation, a, b) { return result }
    try use(a)
    try use(b)
    guard a.number != nil, b.number != nil else {
      throw fail(
        .type,
        "unsupported operand type(s) for \(operation.rawValue): '\(a.kind)' and '\(b.kind)'")
    }
    if let x = a.integer, let y = b.integer, operation != .divide {
      return try compute(operation, x, y)
    }
    return .double(try compute(operation, a.number ?? 0, b.number ?? 0))
  }

  /// Concatenation, repetition and formatting; nil where the operands are numbers, or wrong.
  private mutating func computeSequence(
    _ operation: TemplateOperator, _ a: TemplateValue, _ b: TemplateValue
  ) throws(TemplateError) -> TemplateValue? {
    switch (operation, a, b) {
    case (.add, .string(let x), .string(let y)):
      try charge(bytes: x.utf8Count + y.utf8Count)
      return .string(x.isMarkup || y.isMarkup ? x.escaped + y.escaped : x + y)
    case (.add, .string, _):
      try use(b)
      throw fail(.type, "can only concatenate str (not \"\(b.kind)\") to str")
    case (.add, .list(let x), .list(let y)):
      try step(x.count + y.count)
      return .list(x + y)
    case (.add, .tuple(let x), .tuple(let y)):
      try step(x.count + y.count)
      return .tuple(x + y)
    case (.multiply, _, _):
      if let count = b.integer { return try repeated(a, count) }
      if let count = a.integer { return try repeated(b, count) }
      return nil
    case (.remainder, .string(let format), _): return .string(try percentFormat(format, b))
    default: return nil
    }
  }

  /// A text or list several times over; nil for anything else.
  private mutating func repeated(
    _ value: TemplateValue, _ count: Int
  ) throws(TemplateError) -> TemplateValue? {
    switch value {
    case .string(let text): return .string(try repeated(text, count))
    case .list(let values): return .list(try repeated(values, count))
    case .tuple(let values): return .tuple(try repeated(values, count))
    default: return nil
    }
  }

  private mutating func repeated(
    _ values: [TemplateValue], _ count: Int
  ) throws(TemplateError) -> [TemplateValue] {
    let length = max(0, count).multipliedReportingOverflow(by: values.count)
    guard !length.overflow else { throw fail(.limit, "the list is too long") }
    try step(length.partialValue)
    return Array((0..<max(0, count)).map { _ in values }.joined())
  }

  mutating func repeated(
    _ text: MarkedString, _ count: Int
  ) throws(TemplateError) -> MarkedString {
    guard count > 0, !text.isEmpty else { return MarkedString() }
    let length = text.utf8Count.multipliedReportingOverflow(by: count)
    try charge(bytes: length.overflow ? Int.max : length.partialValue)
    var result = MarkedString()
    result.isMarkup = text.isMarkup
    result.reserveCapacity(length.partialValue)
    for _ in 0..<count { result.append(text) }
    return result
  }

  private func compute(
    _ operation: TemplateOperator, _ x: Int, _ y: Int
  ) throws(TemplateError) -> TemplateValue {
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .add: result = x.addingReportingOverflow(y)
    case .subtract: result = x.subtractingReportingOverflow(y)
    case .multiply: result = x.multipliedReportingOverflow(by: y)
    case .floorDivide, .remainder:
      guard y != 0 else { throw fail(.type, "integer division or modulo by zero") }
      guard y != -1 else { return .int(operation == .remainder ? 0 : 0 &- x) }
      let (quotient, rest) = x.quotientAndRemainder(dividingBy: y)
      let isBelow = rest != 0 && (rest < 0) != (y < 0)
      return .int(
        operation == .floorDivide
          ? quotient - (isBelow ? 1 : 0) : rest + (isBelow ? y : 0))
    case .power:
      guard y >= 0 else { return .double(pow(Double(x), Double(y))) }
      return .int(try power(x, y))
    case .divide: return .double(Double(x) / Double(y))
    }
    guard !result.overflow else { throw fail(.limit, "the integer is too large") }
    return .int(result.partialValue)
  }

  private func power(_ base: Int, _ exponent: Int) throws(TemplateError) -> Int {
    if base == 0 || base == 1 { return exponent == 0 ? 1 : base }
    if base == -1 { return exponent % 2 == 0 ? 1 : -1 }
    var result = 1
    // At most 63 rounds before a base of two or more overflows.
    for _ in 0..<exponent {
      let next = result.multipliedReportingOverflow(by: base)
      guard !next.overflow else { throw fail(.limit, "the integer is too large") }
      result = next.partialValue
    }
    return result
  }

  private func compute(
    _ operation: TemplateOperator, _ x: Double, _ y: Double
  ) throws(TemplateError) -> Double {
    switch operation {
    case .add: return x + y
    case .subtract: return x - y
    case .multiply: return x * y
    case .power: return pow(x, y)
    case .divide, .floorDivide, .remainder:
      guard y != 0 else { throw fail(.type, "division by zero") }
      if operation == .divide { return x / y }
      let quotient = (x / y).rounded(.down)
      return operation == .floorDivide ? quotient : x - quotient * y
    }
  }

  // MARK: Comparisons

  mutating func compare(
    _ left: TemplateValue, _ comparisons: [TemplateComparison], _ start: Int
  ) throws(TemplateError) -> Bool {
    var left = left
    for comparison in comparisons {
      let right = try evaluate(comparison.operand)
      line = start
      guard try compare(comparison.kind, left, right) else { return false }
      left = right
    }
    return true
  }

  private mutating func compare(
    _ kind: TemplateComparison.Kind, _ a: TemplateValue, _ b: TemplateValue
  ) throws(TemplateError) -> Bool {
    switch kind {
    case .equal: return a == b
    case .notEqual: return !(a == b)
    case .isIn: return try contains(b, a)
    case .isNotIn: return !(try contains(b, a))
    case .less: return try isLess(a, b)
    case .greater: return try isLess(b, a)
    case .lessOrEqual: return try isLess(a, b) || a == b
    case .greaterOrEqual: return try isLess(b, a) || a == b
    }
  }

  mutating func contains(
    _ container: TemplateValue, _ value: TemplateValue
  ) throws(TemplateError) -> Bool {
    switch container {
    case .string(let text):
      guard let part = value.string else {
        try use(value)
        throw fail(.type, "'in <string>' requires string as left operand, not \(value.kind)")
      }
      try step(text.utf8Count / 64)
      return text.firstRange(of: part.bytes, from: 0) != nil
    case .dict(let members):
      if case .undefined = value { return false }
      return members[try hashed(value)] != nil
    default:
      let values = try iterate(container)
      try step(values.count)
      return values.contains { $0 == value }
    }
  }

  func isLess(_ a: TemplateValue, _ b: TemplateValue) throws(TemplateError) -> Bool {
    try use(a)
    try use(b)
    switch (a, b) {
    case (.string(let x), .string(let y)): return x.bytes.lexicographicallyPrecedes(y.bytes)
    case (.list(let x), .list(let y)), (.tuple(let x), .tuple(let y)):
      for (left, right) in zip(x, y) where !(left == right) { return try isLess(left, right) }
      return x.count < y.count
    default: break
    }
    if let x = a.integer, let y = b.integer { return x < y }
    if let x = a.number, let y = b.number { return x < y }
    throw fail(
      .type, "'<' not supported between instances of '\(a.kind)' and '\(b.kind)'")
  }
}
