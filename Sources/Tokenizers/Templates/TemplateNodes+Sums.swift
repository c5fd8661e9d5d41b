/// An operator with what is on its right.
final class TemplateOperationNode: Sendable {
  let kind: TemplateOperator
  private let operand: any TemplateNode
  private let constant: TemplateText?
  private let line: Int

  init(_ kind: TemplateOperator, _ operand: any TemplateNode, line: Int) {
    self.kind = kind
    self.operand = operand
    constant = (operand as? ConstantNode)?.text
    self.line = line
  }

  fileprivate func apply(
    to sum: inout TemplateSum, _ run: inout TemplateRun
  ) throws(TemplateError) {
    let value = try operand.evaluate(&run)
    run.line = line
    if kind == .add {
      try sum.add(value, &run)
    } else {
      sum = TemplateSum(try run.compute(kind, sum.result, value))
    }
  }

  /// Adds to what was written from `start` on, or to a sum that cannot be written part by part.
  fileprivate func write(
    _ sum: inout TemplateSum?, from start: Int, _ run: inout TemplateRun
  ) throws(TemplateError) {
    if sum == nil, constant != nil {
      run.line = line
      try constant?.write(&run)
      return
    }
    let value = try operand.evaluate(&run)
    run.line = line
    if sum == nil {
      if case .text(let text) = value, !text.string.isMarkup { return try run.emit(text) }
      sum = TemplateSum(.string(run.output.takeBack(from: start)))
    }
    try sum?.add(value, &run)
  }
}

/// A value that others are added to: texts share one buffer.
private struct TemplateSum {
  private var text = MarkedString()
  /// Missing while the sum is a text.
  private var value: TemplateValue

  init(_ first: TemplateValue) {
    value = first
    if case .text(let first) = first {
      text = first.string
      value = .missing
    }
  }

  var result: TemplateValue {
    if case .missing = value { return .string(text) }
    return value
  }

  mutating func add(
    _ operand: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) {
    guard case .missing = value, case .text(let next) = operand else {
      self = TemplateSum(try run.compute(.add, result, operand))
      return
    }
    try run.charge(bytes: text.utf8Count + next.string.utf8Count)
    if text.isMarkup || next.string.isMarkup {
      text = text.escaped + next.string.escaped
      text.isMarkup = true
    } else {
      text.append(next.string)
    }
  }
}

final class ArithmeticNode: TemplateNode {
  private let first: any TemplateNode
  private let constant: TemplateText?
  private let second: TemplateOperationNode
  private let third: TemplateOperationNode?
  private let fourth: TemplateOperationNode?
  private let more: [TemplateOperationNode]
  private let isSum: Bool

  /// - Precondition: there is an operation.
  init(_ first: any TemplateNode, _ operations: [TemplateOperationNode]) {
    self.first = first
    constant = (first as? ConstantNode)?.text
    second = operations[0]
    third = operations.count > 1 ? operations[1] : nil
    fourth = operations.count > 2 ? operations[2] : nil
    more = Array(operations.dropFirst(3))
    isSum = operations.allSatisfy { $0.kind == .add }
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    var sum = TemplateSum(try first.evaluate(&run))
    try second.apply(to: &sum, &run)
    try third?.apply(to: &sum, &run)
    try fourth?.apply(to: &sum, &run)
    var at = 0
    while at < more.count {
      try more[at].apply(to: &sum, &run)
      at += 1
    }
    return sum.result
  }

  /// Texts are written as they come: what was written before an error is of no use to anybody.
  func write(_ run: inout TemplateRun) throws(TemplateError) {
    guard isSum else { return try run.emit(try evaluate(&run)) }
    let start = run.output.utf8Count
    var sum: TemplateSum?
    if constant == nil {
      let value = try first.evaluate(&run)
      if case .text(let text) = value, !text.string.isMarkup {
        try run.emit(text)
      } else {
        sum = TemplateSum(value)
      }
    } else {
      try constant?.write(&run)
    }
    try second.write(&sum, from: start, &run)
    try third?.write(&sum, from: start, &run)
    try fourth?.write(&sum, from: start, &run)
    var at = 0
    while at < more.count {
      try more[at].write(&sum, from: start, &run)
      at += 1
    }
    if let sum { try run.emit(sum.result) }
  }
}

final class SignNode: TemplateNode {
  private let operand: any TemplateNode
  private let isNegative: Bool
  private let line: Int

  init(_ operand: any TemplateNode, isNegative: Bool, line: Int) {
    self.operand = operand
    self.isNegative = isNegative
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let value = try operand.evaluate(&run)
    run.line = line
    if let integer = value.integer {
      guard isNegative else { return .int(integer) }
      let negated = 0.subtractingReportingOverflow(integer)
      return negated.overflow ? .integer(BigInteger(integer).negated) : .int(negated.partialValue)
    }
    if case .big(let integer) = value { return .integer(isNegative ? integer.negated : integer) }
    let number = try run.number(value, for: isNegative ? "unary -" : "unary +")
    return .double(isNegative ? -number : number)
  }
}
