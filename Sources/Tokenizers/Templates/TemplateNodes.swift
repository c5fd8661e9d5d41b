/// A compiled expression.
protocol TemplateNode: AnyObject, Sendable {
  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue
  /// Whether Python calls the value true.
  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool
  /// Whether it is known to be false, and nothing else happens, where the variable in this place is
  /// a text of one character.
  func isFalse(forCharacterIn slot: Int) -> Bool
}

extension TemplateNode {
  func isFalse(forCharacterIn slot: Int) -> Bool { false }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    try evaluate(&run).isTrue
  }
}

/// A compiled statement.
protocol TemplateStatementNode: AnyObject, Sendable {
  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow
  /// Whether it is known to do nothing where the variable in this place is a text of one character.
  func isIdle(forCharacterIn slot: Int) -> Bool
}

extension TemplateStatementNode {
  func isIdle(forCharacterIn slot: Int) -> Bool { false }
}

// MARK: Leaves

final class ConstantNode: TemplateNode {
  enum Content: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case big(BigInteger)
    case double(Double)
    case text(TemplateText)
  }

  let content: Content

  init(_ content: Content) { self.content = content }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    switch content {
    case .none: .none
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .big(let value): .big(value)
    case .double(let value): .double(value)
    case .text(let text): .text(text)
    }
  }
}

/// A variable: the place in the frame that many functions further out.
struct TemplateVariable: Sendable {
  let hops: Int
  let slot: Int
}

final class VariableNode: TemplateNode {
  let slot: Int
  private let name: String

  init(_ slot: Int, _ name: String) {
    self.slot = slot
    self.name = name
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let value = run.slots[slot]
    if case .missing = value { return run.undefined(.name(name)) }
    return value
  }
}

/// A variable of a function around this one.
final class OuterVariableNode: TemplateNode {
  private let variable: TemplateVariable
  private let name: String

  init(_ variable: TemplateVariable, _ name: String) {
    self.variable = variable
    self.name = name
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let value = run.value(of: variable)
    if case .missing = value { return run.undefined(.name(name)) }
    return value
  }
}

// MARK: Containers

final class ListNode: TemplateNode {
  private let elements: [any TemplateNode]
  private let isTuple: Bool

  init(_ elements: [any TemplateNode], isTuple: Bool) {
    self.elements = elements
    self.isTuple = isTuple
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let values = try run.evaluate(elements)
    return isTuple ? try run.tuple(values) : try run.list(values)
  }
}

final class DictionaryNode: TemplateNode {
  private let members: [(key: any TemplateNode, value: any TemplateNode)]
  private let line: Int

  init(_ members: [(key: any TemplateNode, value: any TemplateNode)], line: Int) {
    self.members = members
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    var result = TemplateMembers()
    result.reserveCapacity(members.count)
    for member in members {
      let key = try member.key.evaluate(&run)
      let value = try member.value.evaluate(&run)
      run.line = line
      result.set(key, try run.key(of: key), to: value)
    }
    return try run.dict(result)
  }
}

// MARK: Members

final class AttributeNode: TemplateNode {
  let object: any TemplateNode
  let member: TemplateMember
  let line: Int

  init(_ object: any TemplateNode, _ member: TemplateMember, line: Int) {
    self.object = object
    self.member = member
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let value = try object.evaluate(&run)
    run.line = line
    return try run.attribute(member, of: value)
  }
}

/// An element with a name that is known: `message['role']`.
final class NamedItemNode: TemplateNode {
  private let object: any TemplateNode
  private let member: TemplateMember
  private let line: Int

  init(_ object: any TemplateNode, _ member: TemplateMember, line: Int) {
    self.object = object
    self.member = member
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let value = try object.evaluate(&run)
    run.line = line
    if case .dict(let dictionary) = value, let found = dictionary.members[member.bytes] {
      return found
    }
    return try run.namedAttribute(member, of: value)
  }
}

final class ItemNode: TemplateNode {
  private let object: any TemplateNode
  private let index: any TemplateNode
  private let line: Int

  init(_ object: any TemplateNode, _ index: any TemplateNode, line: Int) {
    self.object = object
    self.index = index
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let value = try object.evaluate(&run)
    let key = try index.evaluate(&run)
    run.line = line
    return try run.item(key, of: value)
  }
}

final class SliceNode: TemplateNode {
  private let object: any TemplateNode
  private let parts:
    (start: (any TemplateNode)?, stop: (any TemplateNode)?, step: (any TemplateNode)?)
  /// What cannot be sliced gives something undefined.
  private let isLenient: Bool
  private let line: Int

  init(
    _ object: any TemplateNode,
    _ parts: (start: (any TemplateNode)?, stop: (any TemplateNode)?, step: (any TemplateNode)?),
    isLenient: Bool, line: Int
  ) {
    self.object = object
    self.parts = parts
    self.isLenient = isLenient
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let value = try object.evaluate(&run)
    let start = try parts.start?.evaluate(&run)
    let stop = try parts.stop?.evaluate(&run)
    let step = try parts.step?.evaluate(&run)
    run.line = line
    guard !isLenient else {
      try run.use(value)
      // A step of zero is another error than what cannot be sliced.
      if step?.integer == 0, value.isSliced {
        throw run.fail(.type, "slice step cannot be zero")
      }
      return (try? run.slice(value, start, stop, step)) ?? run.undefined(.element(of: value.kind))
    }
    return try run.slice(value, start, stop, step)
  }
}

// MARK: Operators

final class ArithmeticNode: TemplateNode {
  private let first: any TemplateNode
  private let operations: [(kind: TemplateOperator, operand: any TemplateNode, line: Int)]

  init(
    _ first: any TemplateNode,
    _ operations: [(kind: TemplateOperator, operand: any TemplateNode, line: Int)]
  ) {
    self.first = first
    self.operations = operations
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    var value = try first.evaluate(&run)
    var at = 0
    while at < operations.count {
      if operations[at].kind == .add, case .text(let text) = value {
        value = try sum(text, &at, &run)
      } else {
        let operand = try operations[at].operand.evaluate(&run)
        run.line = operations[at].line
        value = try run.compute(operations[at].kind, value, operand)
        at += 1
      }
    }
    return value
  }

  /// Texts that are added up share one buffer.
  private func sum(
    _ first: TemplateText, _ at: inout Int, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    var text = first.string
    while at < operations.count, operations[at].kind == .add {
      let operand = try operations[at].operand.evaluate(&run)
      run.line = operations[at].line
      at += 1
      guard case .text(let next) = operand else {
        return try run.compute(.add, .string(text), operand)
      }
      try run.charge(bytes: text.utf8Count + next.string.utf8Count)
      if text.isMarkup || next.string.isMarkup {
        text = text.escaped + next.string.escaped
        text.isMarkup = true
      } else {
        text.append(next.string)
      }
    }
    return .string(text)
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

final class CompareNode: TemplateNode {
  private let first: any TemplateNode
  private let comparisons: [(kind: TemplateComparison.Kind, operand: any TemplateNode)]
  private let line: Int

  init(
    _ first: any TemplateNode,
    _ comparisons: [(kind: TemplateComparison.Kind, operand: any TemplateNode)], line: Int
  ) {
    self.first = first
    self.comparisons = comparisons
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    .bool(try isTrue(&run))
  }

  /// A text of several characters is in no character.
  func isFalse(forCharacterIn slot: Int) -> Bool {
    guard case .text(let text)? = (first as? ConstantNode)?.content, comparisons.count == 1 else {
      return false
    }
    return comparisons[0].kind == .isIn && text.string.characterCount > 1
      && (comparisons[0].operand as? VariableNode)?.slot == slot
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    var left = try first.evaluate(&run)
    for comparison in comparisons {
      let right = try comparison.operand.evaluate(&run)
      run.line = line
      guard try run.compare(comparison.kind, left, right) else { return false }
      left = right
    }
    return true
  }
}

final class NotNode: TemplateNode {
  private let operand: any TemplateNode

  init(_ operand: any TemplateNode) { self.operand = operand }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    .bool(!(try operand.isTrue(&run)))
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    !(try operand.isTrue(&run))
  }
}

/// `and`, or `or`: the first operand that decides, or the last.
final class JunctionNode: TemplateNode {
  private let operands: [any TemplateNode]
  private let isOr: Bool

  init(_ operands: [any TemplateNode], isOr: Bool) {
    self.operands = operands
    self.isOr = isOr
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    var value = TemplateValue.none
    for operand in operands {
      value = try operand.evaluate(&run)
      if value.isTrue == isOr { return value }
    }
    return value
  }

  func isFalse(forCharacterIn slot: Int) -> Bool {
    isOr
      ? operands.allSatisfy { $0.isFalse(forCharacterIn: slot) }
      : operands.first?.isFalse(forCharacterIn: slot) ?? false
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    for operand in operands where try operand.isTrue(&run) == isOr { return isOr }
    return !isOr
  }
}

final class ConditionalNode: TemplateNode {
  private let condition: any TemplateNode
  private let value: any TemplateNode
  private let otherwise: (any TemplateNode)?

  init(
    _ condition: any TemplateNode, _ value: any TemplateNode, _ otherwise: (any TemplateNode)?
  ) {
    self.condition = condition
    self.value = value
    self.otherwise = otherwise
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    if try condition.isTrue(&run) { return try value.evaluate(&run) }
    guard let otherwise else {
      return run.undefined(.missing("the condition is false and there is no else"))
    }
    return try otherwise.evaluate(&run)
  }
}

final class ConcatenationNode: TemplateNode {
  private let parts: [any TemplateNode]
  private let escapes: TemplateEscaping
  private let line: Int

  init(_ parts: [any TemplateNode], _ escapes: TemplateEscaping, line: Int) {
    self.parts = parts
    self.escapes = escapes
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let values = try run.evaluate(parts)
    run.line = line
    var result = MarkedString()
    let joinsMarkup = escapes.isOn(run) && values.contains { $0.string?.isMarkup ?? false }
    for value in values {
      let text = try run.text(of: value)
      try run.charge(bytes: result.utf8Count + text.utf8Count)
      result.append(joinsMarkup ? text.escaped : text)
    }
    result.isMarkup = joinsMarkup
    return .string(result)
  }
}

/// Whether texts are escaped for HTML where they are written: known from the template, or not
/// before it runs.
enum TemplateEscaping: Sendable {
  case off, on, atRunTime

  func isOn(_ run: TemplateRun) -> Bool {
    switch self {
    case .off: false
    case .on: true
    case .atRunTime: run.escapes
    }
  }
}

extension TemplateRun {
  mutating func evaluate(
    _ nodes: [any TemplateNode]
  ) throws(TemplateError) -> [TemplateValue] {
    var values: [TemplateValue] = []
    values.reserveCapacity(nodes.count)
    for node in nodes { values.append(try node.evaluate(&self)) }
    return values
  }
}
