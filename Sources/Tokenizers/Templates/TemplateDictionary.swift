/// Members in the order of insertion; keys compare as Python's do.
struct TemplateMembers {
  private(set) var entries: [(key: TemplateValue, value: TemplateValue)] = []
  private var index: [TemplateKey: Int] = [:]
  private var isIndexed = false
  /// Up to here a search from the start is quicker than hashing.
  private static let indexThreshold = 12

  init() {}

  var count: Int { entries.count }

  mutating func reserveCapacity(_ count: Int) { entries.reserveCapacity(count) }

  mutating func set(_ key: TemplateValue, _ hashed: TemplateKey, to value: TemplateValue) {
    if let at = position(of: hashed) {
      entries[at].value = value
      return
    }
    entries.append((key, value))
    if entries.count == TemplateMembers.indexThreshold {
      for (at, entry) in entries.enumerated() { entry.key.key.map { index[$0] = at } }
      isIndexed = true
    } else if entries.count > TemplateMembers.indexThreshold {
      index[hashed] = entries.count - 1
    }
  }

  /// Appends a member with a name that is not there yet.
  mutating func append(_ name: TemplateText, _ value: TemplateValue) {
    if entries.count + 1 < TemplateMembers.indexThreshold {
      entries.append((.text(name), value))
    } else {
      set(.text(name), .string(name.string.bytes), to: value)
    }
  }

  mutating func set(_ name: String, to value: TemplateValue) {
    let key = MarkedString(name, origin: .template)
    set(.string(key), .string(key.bytes), to: value)
  }

  mutating func set(_ member: TemplateMember, to value: TemplateValue) {
    if let at = place(of: member) {
      entries[at].value = value
    } else {
      append(member.text, value)
    }
  }

  subscript(member: TemplateMember) -> TemplateValue? {
    guard let at = place(of: member) else { return nil }
    return entries[at].value
  }

  /// Whether the member of this name is true; nil where there is none.
  @inline(__always)
  func isTrue(_ member: TemplateMember) -> Bool? {
    guard let at = place(of: member) else { return nil }
    return entries[at].value.isTrue
  }

  /// Which of the entries has this name.
  @inline(__always)
  func place(of member: TemplateMember) -> Int? {
    guard !isIndexed else { return index[.string(member.bytes)] }
    var at = 0
    while at < entries.count {
      if case .text(let key) = entries[at].key, member.isName(key) { return at }
      at += 1
    }
    return nil
  }

  subscript(key: TemplateKey) -> TemplateValue? {
    if case .string(let name) = key, !isIndexed { return self[name] }
    return position(of: key).map { entries[$0].value }
  }

  /// The member with this name.
  subscript(name: [UInt8]) -> TemplateValue? {
    guard !isIndexed else { return index[.string(name)].map { entries[$0].value } }
    for entry in entries {
      if case .text(let key) = entry.key, key.string.bytes == name { return entry.value }
    }
    return nil
  }

  private func position(of key: TemplateKey) -> Int? {
    guard !isIndexed else { return index[key] }
    if case .string(let name) = key {
      return entries.firstIndex { entry in
        if case .text(let text) = entry.key { return text.string.bytes == name }
        return false
      }
    }
    return entries.firstIndex { $0.key.key == key }
  }
}

final class TemplateDictionary {
  let members: TemplateMembers
  let size: TemplateSize

  init(_ members: TemplateMembers) {
    self.members = members
    var size = TemplateSize.one
    for entry in members.entries {
      size.add(entry.key.size)
      size.add(entry.value.size)
    }
    self.size = size
  }

  // In the object, so that nothing of it is retained for a look.

  /// The member of this name.
  func value(_ member: TemplateMember) -> TemplateValue? { members[member] }

  /// Whether the member of this name is true; nil where there is none.
  func isTrue(_ member: TemplateMember) -> Bool? { members.isTrue(member) }

  /// Whether the member of this name is this text; nil where there is none.
  func isText(_ member: TemplateMember, _ text: TemplateText) -> Bool? {
    guard let at = members.place(of: member) else { return nil }
    guard case .text(let value) = members.entries[at].value else { return false }
    return value.equals(text)
  }
}

/// A value that can be a key: equal numbers of different types are one key.
enum TemplateKey: Hashable {
  case none
  case undefined
  case int(Int)
  case big(BigInteger)
  case double(Double)
  case string([UInt8])
  case tuple([TemplateKey])
  case range(Int, Int, Int)
  case namespace(Int)
  /// Things that equal themselves only.
  case object(ObjectIdentifier)
}

extension TemplateValue {
  /// The value as a key; nil where Python calls it unhashable.
  var key: TemplateKey? {
    switch self {
    case .missing, .undefined: return .undefined
    case .none: return TemplateKey.none
    case .bool(let value): return .int(value ? 1 : 0)
    case .int(let value): return .int(value)
    case .big(let value): return .big(value)
    case .double(let value):
      guard value.isFinite, value == value.rounded(.towardZero) else { return .double(value) }
      return Int(exactly: value).map { .int($0) } ?? .big(BigInteger(truncating: value))
    case .text(let text): return .string(text.string.bytes)
    case .tuple(let list):
      var keys: [TemplateKey] = []
      for element in list.elements {
        guard let key = element.key else { return nil }
        keys.append(key)
      }
      return .tuple(keys)
    case .range(let range):
      let count = range.count
      return .range(
        count, count > 0 ? range.start : 0, count > 1 ? range.step : 0)
    case .iterator(let iterator): return .object(ObjectIdentifier(iterator))
    case .namespace(let place): return .namespace(place)
    case .loop(let state): return .object(ObjectIdentifier(state))
    case .callable(let callable): return .object(ObjectIdentifier(callable))
    case .view(let view):
      if case .values = view.kind { return .object(ObjectIdentifier(view)) }
      return nil
    case .list, .dict: return nil
    }
  }
}
