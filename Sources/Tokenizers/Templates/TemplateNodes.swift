/// A compiled expression.
protocol TemplateNode: AnyObject, Sendable {
  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue
  /// Whether Python calls the value true.
  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool
  /// Writes the value's text, which is not escaped: at once, where there need not be a value.
  func write(_ run: inout TemplateRun) throws(TemplateError)
  /// Whether it is known to be false, and nothing else happens, where the variable in this place is
  /// a text of one character.
  func isFalse(forCharacterIn slot: Int) -> Bool
}

extension TemplateNode {
  func isFalse(forCharacterIn slot: Int) -> Bool { false }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    try evaluate(&run).isTrue
  }

  func write(_ run: inout TemplateRun) throws(TemplateError) {
    try run.emit(try evaluate(&run))
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
  let text: TemplateText?

  init(_ content: Content) {
    self.content = content
    if case .text(let text) = content { self.text = text } else { text = nil }
  }

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

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool { run.slots[slot].isTrue }
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
  private let elements: TemplateNodeRow
  private let isTuple: Bool

  init(_ elements: [any TemplateNode], isTuple: Bool) {
    self.elements = TemplateNodeRow(elements)
    self.isTuple = isTuple
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let values = try elements.evaluate(&run)
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
    if case .dict(let dictionary) = value, let found = dictionary.value(member) {
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

final class CompareNode: TemplateNode {
  private let first: any TemplateNode
  private let kind: TemplateComparison.Kind
  private let second: any TemplateNode
  private let more: [(kind: TemplateComparison.Kind, operand: any TemplateNode)]
  private let line: Int

  /// - Precondition: there is a comparison.
  init(
    _ first: any TemplateNode,
    _ comparisons: [(kind: TemplateComparison.Kind, operand: any TemplateNode)], line: Int
  ) {
    self.first = first
    (kind, second) = comparisons[0]
    more = Array(comparisons.dropFirst())
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    .bool(try isTrue(&run))
  }

  /// A text of several characters is in no character.
  func isFalse(forCharacterIn slot: Int) -> Bool {
    guard case .text(let text)? = (first as? ConstantNode)?.content, more.isEmpty else {
      return false
    }
    return kind == .isIn && text.string.characterCount > 1
      && (second as? VariableNode)?.slot == slot
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    let value = try first.evaluate(&run)
    var left = try second.evaluate(&run)
    run.line = line
    guard try run.compare(kind, value, left) else { return false }
    for comparison in more {
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

/// `and`, or `or`: the first operand that decides, or the last. More than two are in a tree.
final class JunctionNode: TemplateNode {
  private let left: any TemplateNode
  private let right: any TemplateNode
  private let isOr: Bool

  private init(_ left: any TemplateNode, _ right: any TemplateNode, isOr: Bool) {
    self.left = left
    self.right = right
    self.isOr = isOr
  }

  static func tree(_ operands: ArraySlice<any TemplateNode>, isOr: Bool) -> any TemplateNode {
    guard operands.count > 1 else { return operands[operands.startIndex] }
    let middle = operands.startIndex + operands.count / 2
    return JunctionNode(
      tree(operands[..<middle], isOr: isOr), tree(operands[middle...], isOr: isOr), isOr: isOr)
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let value = try left.evaluate(&run)
    return value.isTrue == isOr ? value : try right.evaluate(&run)
  }

  func isFalse(forCharacterIn slot: Int) -> Bool {
    left.isFalse(forCharacterIn: slot) && (!isOr || right.isFalse(forCharacterIn: slot))
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    try left.isTrue(&run) == isOr ? isOr : try right.isTrue(&run)
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

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    if try condition.isTrue(&run) { return try value.isTrue(&run) }
    return try otherwise?.isTrue(&run) ?? false
  }

  func write(_ run: inout TemplateRun) throws(TemplateError) {
    if try condition.isTrue(&run) {
      try value.write(&run)
    } else {
      // Something undefined, which there is without an `else`, is an empty text.
      try otherwise?.write(&run)
    }
  }
}

final class ConcatenationNode: TemplateNode {
  private let parts: TemplateNodeRow
  private let escapes: TemplateEscaping
  private let line: Int

  init(_ parts: [any TemplateNode], _ escapes: TemplateEscaping, line: Int) {
    self.parts = TemplateNodeRow(parts)
    self.escapes = escapes
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let values = try parts.evaluate(&run)
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
