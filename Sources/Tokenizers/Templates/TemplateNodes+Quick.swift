/// Nodes for what chat templates do most: a member of a variable, compared with a text.

/// `message.role` and `message['role']`, where `message` is a variable of this function.
final class VariableMemberNode: TemplateNode {
  fileprivate let slot: Int
  private let name: String
  fileprivate let member: TemplateMember
  /// In brackets: an element before an attribute.
  private let isElement: Bool
  /// Whether a dictionary is asked for its members first.
  private let isPlain: Bool
  private let line: Int

  init(_ slot: Int, _ name: String, _ member: TemplateMember, isElement: Bool, line: Int) {
    self.slot = slot
    self.name = name
    self.member = member
    self.isElement = isElement
    isPlain = isElement || !member.isSpecialInDictionaries
    self.line = line
  }

  /// Whether it is this text; nil where a dictionary has no such member.
  @inline(__always)
  fileprivate func isText(_ text: TemplateText, _ run: inout TemplateRun) -> Bool? {
    isPlain ? run.isText(member, text, in: slot) : nil
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    if isPlain, let value = run.member(member, in: slot) { return value }
    if !member.isPrivate, let value = run.value(member, inNamespace: slot) { return value }
    return try other(&run)
  }

  private func other(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    run.line = line
    var object = run.slots[slot]
    if case .missing = object { object = run.undefined(.name(name)) }
    return isElement
      ? try run.namedAttribute(member, of: object) : try run.attribute(member, of: object)
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    if isPlain, let isTrue = run.isTrue(member, in: slot) { return isTrue }
    if !member.isPrivate, let isTrue = run.isTrue(member, inNamespace: slot) { return isTrue }
    return try other(&run).isTrue
  }
}

/// `.. == 'text'` and `.. != 'text'`.
final class TextEqualityNode: TemplateNode {
  private let operand: any TemplateNode
  private let member: VariableMemberNode?
  private let slot: Int?
  private let text: TemplateText
  private let isEqual: Bool

  init(_ operand: any TemplateNode, _ text: TemplateText, isEqual: Bool) {
    self.operand = operand
    member = operand as? VariableMemberNode
    slot = (operand as? VariableNode)?.slot
    self.text = text
    self.isEqual = isEqual
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    .bool(try isTrue(&run))
  }

  /// A character has no members but methods.
  func isFalse(forCharacterIn slot: Int) -> Bool {
    guard isEqual, let member else { return false }
    return member.slot == slot && member.member.isMissingInTexts
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    if let slot {
      guard case .text(let other) = run.slots[slot] else { return !isEqual }
      return other.equals(text) == isEqual
    }
    if let found = member?.isText(text, &run) { return found == isEqual }
    guard case .text(let other) = try operand.evaluate(&run) else { return !isEqual }
    return other.equals(text) == isEqual
  }
}

/// A test that only looks at what kind of value there is: `.. is string`.
final class KindTestNode: TemplateNode {
  private let operand: any TemplateNode
  private let slot: Int?
  private let holds: @Sendable (TemplateValue) -> Bool
  private let line: Int
  private static let undefined = TemplateUndefined(.missing(""))

  init(
    _ operand: any TemplateNode, _ holds: @escaping @Sendable (TemplateValue) -> Bool, line: Int
  ) {
    self.operand = operand
    slot = (operand as? VariableNode)?.slot
    self.holds = holds
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    .bool(try isTrue(&run))
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    if let slot {
      run.line = line
      try run.step()
      if case .missing = run.slots[slot] { return holds(.undefined(KindTestNode.undefined)) }
      return holds(run.slots[slot])
    }
    let value = try operand.evaluate(&run)
    run.line = line
    try run.step()
    return holds(value)
  }
}

/// `message.get('name')` and `message.get('name', other)`, of a dictionary.
final class GetNode: TemplateNode {
  private let object: any TemplateNode
  private let slot: Int?
  private let key: TemplateMember
  private let fallback: (any TemplateNode)?
  private let line: Int
  /// What is done with anything else.
  private let call: MethodCallNode

  init(
    _ object: any TemplateNode, _ key: TemplateMember, _ fallback: (any TemplateNode)?,
    _ call: MethodCallNode, line: Int
  ) {
    self.object = object
    slot = (object as? VariableNode)?.slot
    self.key = key
    self.fallback = fallback
    self.call = call
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    if let slot, fallback == nil, run.isDictionary(slot) {
      run.line = line
      try run.step()
      return run.member(key, in: slot) ?? .none
    }
    let receiver = try object.evaluate(&run)
    run.line = line
    guard case .dict(let dictionary) = receiver else { return try call.call(receiver, &run) }
    // Python computes the other value whether it is needed or not.
    let other = try fallback?.evaluate(&run) ?? .none
    run.line = line
    try run.step()
    return dictionary.value(key) ?? other
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    guard let slot, fallback == nil, run.isDictionary(slot) else {
      return try evaluate(&run).isTrue
    }
    run.line = line
    try run.step()
    return run.isTrue(key, in: slot) ?? false
  }
}
