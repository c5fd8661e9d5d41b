/// Nodes for what chat templates do most: a member of a variable, compared with a text.

/// `message.role` and `message['role']`, where `message` is a variable of this function.
final class VariableMemberNode: TemplateNode {
  fileprivate let slot: Int
  private let name: String
  fileprivate let member: TemplateMember
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

  /// Whether it is this text; nil where a dictionary has no such member.
  fileprivate func isText(_ bytes: [UInt8], _ run: TemplateRun) -> Bool? {
    guard isElement || !member.isSpecialInDictionaries,
      case .dict(let dictionary) = run.slots[slot], let value = dictionary.members[member.bytes]
    else { return nil }
    guard case .text(let text) = value else { return false }
    return text.string.bytes == bytes
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
  private let member: VariableMemberNode?
  private let text: TemplateText
  private let isEqual: Bool

  init(_ operand: any TemplateNode, _ text: TemplateText, isEqual: Bool) {
    self.operand = operand
    member = operand as? VariableMemberNode
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
    if let found = member?.isText(text.string.bytes, run) { return found == isEqual }
    guard case .text(let other) = try operand.evaluate(&run) else { return !isEqual }
    return (other.string.bytes == text.string.bytes) == isEqual
  }
}
