/// Nodes for what chat templates do most: a member of a variable, compared with a text.

/// `message.role` and `message['role']`, where `message` is a variable of this function.
final class VariableMemberNode: TemplateNode {
  private let slot: Int
  private let name: String
  private let member: TemplateMember
  /// In brackets: an element before an attribute.
  private let isElement: Bool
  private let line: Int

  init(_ slot: Int, _ name: String, _ member: TemplateMember, isElement: Bool, line: Int) {
    self.slot = slot
    self.name = name
    self.member = member
    self.isElement = isElement
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    if isElement, case .dict(let dictionary) = run.slots[slot],
      let value = dictionary.members[member.bytes]
    {
      return value
    }
    run.line = line
    var object = run.slots[slot]
    if case .missing = object { object = run.undefined(.name(name)) }
    return isElement
      ? try run.namedAttribute(member, of: object) : try run.attribute(member, of: object)
  }
}

/// `.. == 'text'` and `.. != 'text'`.
final class TextEqualityNode: TemplateNode {
  private let operand: any TemplateNode
  private let text: TemplateText
  private let isEqual: Bool

  init(_ operand: any TemplateNode, _ text: TemplateText, isEqual: Bool) {
    self.operand = operand
    self.text = text
    self.isEqual = isEqual
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    .bool(try isTrue(&run))
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    guard case .text(let other) = try operand.evaluate(&run) else { return !isEqual }
    return (other.string.bytes == text.string.bytes) == isEqual
  }
}
