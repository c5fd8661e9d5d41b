import Foundation

extension TemplateRun {
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
    if case .int(let x) = a, case .int(let y) = b { return try compute(operation, x, y) }
    if let result = try computeSequence(operation, a, b) { return result }
    try use(a)
    try use(b)
    if let x = a.integer, let y = b.integer { return try compute(operation, x, y) }
    if let x = a.wholeNumber, let y = b.wholeNumber { return try compute(operation, x, y) }
    guard let x = a.number, let y = b.number else {
      throw fail(
        .type,
        "unsupported operand type(s) for \(operation.rawValue): '\(a.kind)' and '\(b.kind)'")
    }
    return .double(try compute(operation, x, y))
  }

  /// Concatenation, repetition and formatting; nil where the operands are numbers, or wrong.
  private mutating func computeSequence(
    _ operation: TemplateOperator, _ a: TemplateValue, _ b: TemplateValue
  ) throws(TemplateError) -> TemplateValue? {
    switch (operation, a, b) {
    case (.add, .text(let x), .text(let y)):
      try charge(bytes: x.string.utf8Count + y.string.utf8Count)
      guard x.string.isMarkup || y.string.isMarkup else { return .string(x.string + y.string) }
      var result = x.string.escaped + y.string.escaped
      result.isMarkup = true
      return .string(result)
    case (.add, .text, _):
      try use(b)
      throw fail(.type, "can only concatenate str (not \"\(b.kind)\") to str")
    case (.add, .list(let x), .list(let y)): return try list(x.elements + y.elements)
    case (.add, .tuple(let x), .tuple(let y)): return try tuple(x.elements + y.elements)
    case (.multiply, _, _):
      if let count = b.integer { return try repeated(a, count) }
      if let count = a.integer { return try repeated(b, count) }
      return nil
    case (.remainder, .text(let format), _):
      return .string(try percentFormat(format.string, b))
    default: return nil
    }
  }

  /// A text or list several times over; nil for anything else.
  private mutating func repeated(
    _ value: TemplateValue, _ count: Int
  ) throws(TemplateError) -> TemplateValue? {
    switch value {
    case .text(let text): return .string(try repeated(text.string, count))
    case .list(let list): return .list(try checked(try repeated(list.elements, count)))
    case .tuple(let list): return .tuple(try checked(try repeated(list.elements, count)))
    default: return nil
    }
  }

  private mutating func repeated(
    _ values: [TemplateValue], _ count: Int
  ) throws(TemplateError) -> [TemplateValue] {
    let length = max(0, count).multipliedReportingOverflow(by: values.count)
    guard !length.overflow else { throw fail(.limit, "the list is too long") }
    try step(length.partialValue)
    var result: [TemplateValue] = []
    result.reserveCapacity(length.partialValue)
    if !values.isEmpty { for _ in 0..<max(0, count) { result += values } }
    return result
  }

  mutating func repeated(
    _ text: MarkedString, _ count: Int
  ) throws(TemplateError) -> MarkedString {
    var result = MarkedString()
    result.isMarkup = text.isMarkup
    guard count > 0, !text.isEmpty else { return result }
    let length = text.utf8Count.multipliedReportingOverflow(by: count)
    try charge(bytes: length.overflow ? Int.max : length.partialValue)
    result.reserveCapacity(length.partialValue)
    for _ in 0..<count { result.append(text) }
    return result
  }

  private mutating func compute(
    _ operation: TemplateOperator, _ x: Int, _ y: Int
  ) throws(TemplateError) -> TemplateValue {
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .add: result = x.addingReportingOverflow(y)
    case .subtract: result = x.subtractingReportingOverflow(y)
    case .multiply: result = x.multipliedReportingOverflow(by: y)
    case .floorDivide, .remainder:
      guard y != 0 else { throw fail(.type, "integer division or modulo by zero") }
      guard y != -1 else {
        if operation == .remainder { return .int(0) }
        result = 0.subtractingReportingOverflow(x)
        break
      }
      let (quotient, rest) = x.quotientAndRemainder(dividingBy: y)
      let isBelow = rest != 0 && (rest < 0) != (y < 0)
      return .int(
        operation == .floorDivide ? quotient - (isBelow ? 1 : 0) : rest + (isBelow ? y : 0))
    case .power:
      return try compute(.power, BigInteger(x), BigInteger(y))
    case .divide:
      let exact = 1 << 53
      guard max(x.magnitude, y.magnitude) <= exact, y != 0 else {
        return try compute(.divide, BigInteger(x), BigInteger(y))
      }
      return .double(Double(x) / Double(y))
    }
    guard !result.overflow else { return try compute(operation, BigInteger(x), BigInteger(y)) }
    return .int(result.partialValue)
  }

  func compute(
    _ operation: TemplateOperator, _ x: Double, _ y: Double
  ) throws(TemplateError) -> Double {
    switch operation {
    case .add: return x + y
    case .subtract: return x - y
    case .multiply: return x * y
    case .power:
      guard x != 0 || y >= 0 else { throw fail(.type, "0.0 to a negative power") }
      let result = pow(x, y)
      guard !result.isNaN || x.isNaN || y.isNaN else {
        throw fail(.type, "a negative number to the power of a fraction")
      }
      guard !result.isInfinite || x.isInfinite || y.isInfinite else {
        throw fail(.type, "the result is too large")
      }
      return result
    case .divide:
      guard y != 0 else { throw fail(.type, "division by zero") }
      return x / y
    case .floorDivide, .remainder:
      guard y != 0 else { throw fail(.type, "division by zero") }
      var rest = fmod(x, y)
      var quotient = (x - rest) / y
      if rest == 0 {
        rest = copysign(0, y)
      } else if (y < 0) != (rest < 0) {
        rest += y
        quotient -= 1
      }
      guard operation == .floorDivide else { return rest }
      guard quotient != 0 else { return copysign(0, x / y) }
      let floor = quotient.rounded(.down)
      return quotient - floor > 0.5 ? floor + 1 : floor
    }
  }
}
