/// A name behind a dot or in brackets, with what each type has under it.
final class TemplateMember: Sendable {
  let name: String
  let text: TemplateText
  let bytes: [UInt8]
  private let ofTexts: TemplateMethod?
  private let ofDictionaries: TemplateMethod?
  private let ofLists: TemplateMethod?
  /// The sandbox hides what begins so.
  let isPrivate: Bool
  fileprivate let ofLoops: TemplateLoopAttribute?
  private let changesDictionaries: Bool
  private let changesLists: Bool
  /// What texts and dictionaries without such a member give, made once.
  private let missingInText: TemplateUndefined
  private let missingInDictionary: TemplateUndefined

  init(_ name: String) {
    self.name = name
    bytes = Array(name.utf8)
    text = TemplateText(MarkedString(bytes: bytes, origin: .template))
    ofLoops = TemplateLoopAttribute(rawValue: name)
    ofTexts = TemplateMethods.ofTexts[name]
    ofDictionaries = TemplateMethods.ofDictionaries[name]
    ofLists = TemplateMethods.ofLists[name]
    isPrivate = bytes.first == UInt8(ascii: "_")
    changesDictionaries = TemplateMethods.changingDictionaries.contains(name)
    changesLists = TemplateMethods.changingLists.contains(name)
    missingInText = TemplateUndefined(.member(name, of: "str"))
    missingInDictionary = TemplateUndefined(.member(name, of: "dict"))
  }

  /// Whether a key is this name: the same object, most of the time.
  @inline(__always)
  func isName(_ key: TemplateText) -> Bool { key === text || key.equals(text) }

  func set(_ value: TemplateValue, in members: inout TemplateMembers) {
    members.set(self, to: value)
  }

  var isMissingInTexts: Bool { ofTexts == nil && !isPrivate }

  /// Whether dictionaries have something of this name besides their members.
  var isSpecialInDictionaries: Bool {
    ofDictionaries != nil || isPrivate || changesDictionaries
  }

  func missing(in object: TemplateValue) -> TemplateValue {
    switch object {
    case .text: .undefined(missingInText)
    case .dict: .undefined(missingInDictionary)
    default: .undefined(TemplateUndefined(.member(name, of: object.kind)))
    }
  }

  /// The method of a text, list or dictionary.
  func method(of value: TemplateValue) -> TemplateMethod? {
    switch value {
    case .text: return ofTexts
    case .dict: return ofDictionaries
    case .list: return ofLists
    case .tuple: return ofLists?.isOfTuples == true ? ofLists : nil
    default: return nil
    }
  }

  /// What is there and must not be seen: the inside of Python's objects, and methods that change
  /// them.
  fileprivate func isHidden(in value: TemplateValue) -> Bool {
    if isPrivate {
      if TemplateMethods.inside.contains(name) { return true }
      return value.isUndefined && TemplateMethods.insideUndefined.contains(name)
    }
    switch value {
    case .undefined: return false
    case .dict: return changesDictionaries
    case .list: return changesLists
    default: return false
    }
  }
}

private enum TemplateLoopAttribute: String, Sendable {
  case index, index0, revindex, revindex0, first, last, length, depth, depth0, previtem, nextitem
  case cycle, changed
}

extension TemplateRun {
  /// `object.name`: what Python calls an attribute first, then an element.
  mutating func attribute(
    _ member: TemplateMember, of object: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    if case .dict(let dictionary) = object {
      if !member.isSpecialInDictionaries {
        return dictionary.value(member) ?? member.missing(in: object)
      }
    } else if case .undefined = object {
      guard member.isHidden(in: object) else { try use(object); return object }
      return undefined(.unsafe(member.name, of: object.kind))
    }
    if let found = try ownAttribute(member, of: object) { return found }
    if case .dict(let dictionary) = object, let value = dictionary.value(member) {
      return value
    }
    return member.missing(in: object)
  }

  /// `object['name']` where there is no such element: an attribute.
  mutating func namedAttribute(
    _ member: TemplateMember, of object: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    try use(object)
    return try ownAttribute(member, of: object) ?? member.missing(in: object)
  }

  /// An attribute; nil where Python's object has none of this name.
  mutating func ownAttribute(
    _ member: TemplateMember, of object: TemplateValue
  ) throws(TemplateError) -> TemplateValue? {
    if let method = member.method(of: object) { return try callable(.method(method, object)) }
    if member.isHidden(in: object) {
      return undefined(.unsafe(member.name, of: object.kind))
    }
    let name = member.name
    switch object {
    case .namespace(let place): return namespaces[place][member]
    case .loop(let state):
      guard let attribute = member.ofLoops else { return nil }
      return try self.attribute(attribute, of: state)
    case .callable(let callable): return try attribute(name, of: callable)
    case .int, .big, .bool, .double: return try attribute(name, ofNumber: object)
    case .range(let range):
      switch name {
      case "start": return .int(range.start)
      case "stop": return .int(range.stop)
      case "step": return .int(range.step)
      default: return try method(TemplateMethods.ofRanges[name], of: object)
      }
    case .tuple(let list) where list.isGroup:
      return name == "grouper" ? list.elements[0] : name == "list" ? list.elements[1] : nil
    default: return nil
    }
  }

  private mutating func method(
    _ method: TemplateMethod?, of object: TemplateValue
  ) throws(TemplateError) -> TemplateValue? {
    guard let method else { return nil }
    return try callable(.method(method, object))
  }

  private mutating func attribute(
    _ name: String, ofNumber number: TemplateValue
  ) throws(TemplateError) -> TemplateValue? {
    switch (name, number) {
    case ("real", _): return number.integer.map { .int($0) } ?? number
    case ("imag", .double): return .double(0)
    case ("imag", _): return .int(0)
    case ("denominator", .int), ("denominator", .big), ("denominator", .bool): return .int(1)
    case ("numerator", .int), ("numerator", .big), ("numerator", .bool):
      return number.wholeNumber.map { .integer($0) }
    case (_, .double): return try method(TemplateMethods.ofFloats[name], of: number)
    default: return try method(TemplateMethods.ofIntegers[name], of: number)
    }
  }

  private mutating func attribute(
    _ attribute: TemplateLoopAttribute, of state: TemplateLoopState
  ) throws(TemplateError) -> TemplateValue? {
    switch attribute {
    case .index: return .int(state.index + 1)
    case .index0: return .int(state.index)
    case .revindex: return .int(try state.length(&self) - state.index)
    case .revindex0: return .int(try state.length(&self) - state.index - 1)
    case .first: return .bool(state.index == 0)
    case .last: return .bool(try state.peek(&self) == nil)
    case .length: return .int(try state.length(&self))
    case .depth: return .int(state.depth + 1)
    case .depth0: return .int(state.depth)
    case .previtem:
      return (state.index == 0 ? nil : state.previous)
        ?? undefined(.missing("there is no previous item"))
    case .nextitem:
      return try state.peek(&self) ?? undefined(.missing("there is no next item"))
    case .cycle, .changed:
      return try method(TemplateMethods.ofLoops[attribute.rawValue], of: .loop(state))
    }
  }

  private mutating func attribute(
    _ name: String, of callable: TemplateCallable
  ) throws(TemplateError) -> TemplateValue? {
    switch callable.content {
    case .macro(let macro):
      let unit = macro.unit
      switch name {
      case "name": return unit.isCaller ? TemplateValue.none : .literal(unit.name)
      case "arguments": return try tuple(unit.parameters.map { .literal($0.name) })
      case "catch_kwargs": return .bool(unit.namedSlot != nil)
      case "catch_varargs": return .bool(unit.moreSlot != nil)
      case "caller": return .bool(unit.takesCaller)
      case "explicit_caller": return .bool(unit.parameters.contains { $0.name == "caller" })
      default: return nil
      }
    case .cycler(let cycler):
      switch name {
      case "current": return cycler.current
      case "items": return try tuple(cycler.items)
      case "pos": return .int(cycler.position)
      default: return try method(TemplateMethods.ofCyclers[name], of: .callable(callable))
      }
    case .joiner(let state, let separator):
      return name == "sep" ? separator : name == "used" ? .bool(state.position > 0) : nil
    case .function(.dict):
      return name == "fromkeys" ? try self.callable(.dictionaryFromKeys) : nil
    default: return nil
    }
  }

  /// `object[key]`: an element first, then an attribute.
  mutating func item(
    _ key: TemplateValue, of object: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    try use(object)
    if let found = try element(key, of: object) { return found }
    if let name = key.string { return try namedAttribute(TemplateMember(name.text), of: object) }
    return undefined(.element(of: object.kind))
  }

  /// An element; nil where there is none.
  private mutating func element(
    _ key: TemplateValue, of object: TemplateValue
  ) throws(TemplateError) -> TemplateValue? {
    switch object {
    case .dict(let dictionary):
      if case .tuple = key { try charge(walk: key) }
      return key.key.flatMap { dictionary.members[$0] }
    case .list(let list), .tuple(let list):
      guard let at = place(key, in: list.elements.count) else { return nil }
      return list.elements[at]
    case .range(let range): return place(key, in: range.count).map { .int(range[$0]) }
    case .text(let text):
      guard let index = key.integer else { return nil }
      // Near an end it is found at once.
      try step(index.magnitude <= 64 ? 1 : 1 + text.string.utf8Count / 16)
      return text.string.character(at: index).map { .string($0) }
    default: return nil
    }
  }

  private func place(_ key: TemplateValue, in count: Int) -> Int? {
    guard let index = key.integer else { return nil }
    let at = index < 0 ? index + count : index
    return at >= 0 && at < count ? at : nil
  }

  /// `object[start:stop:step]`.
  mutating func slice(
    _ object: TemplateValue, _ start: TemplateValue?, _ stop: TemplateValue?,
    _ step: TemplateValue?
  ) throws(TemplateError) -> TemplateValue {
    try use(object)
    let bounds = (try bound(start), try bound(stop), try bound(step) ?? 1)
    guard bounds.2 != 0 else { throw fail(.type, "slice step cannot be zero") }
    switch object {
    case .list(let list):
      return try self.list(slice(list.elements, bounds))
    case .tuple(let list):
      return try tuple(slice(list.elements, bounds))
    case .range(let range):
      let places = PythonSlice(range.count, bounds)
      let stride = range.step.multipliedReportingOverflow(by: bounds.2)
      // The bounds may lie outside of the elements by up to a step.
      let span = range.count.multipliedReportingOverflow(by: range.step)
      let isTooWide =
        stride.overflow || stride.partialValue == Int.min || span.overflow
        || range.start.addingReportingOverflow(span.partialValue).overflow
        || range.start.subtractingReportingOverflow(range.step).overflow
      guard !isTooWide else { throw fail(.limit, "a range too wide") }
      return .range(
        TemplateRange(
          start: range.start + places.start * range.step,
          stop: range.start + places.stop * range.step, step: stride.partialValue))
    case .text(let text):
      try charge(bytes: text.string.utf8Count)
      return .string(text.string.sliced(bounds))
    default: throw fail(.type, "'\(object.kind)' object is not subscriptable")
    }
  }

  private func bound(_ value: TemplateValue?) throws(TemplateError) -> Int? {
    guard let value, !value.isNone else { return nil }
    // Beyond either end all places are the same.
    if case .big(let integer) = value { return integer.isNegative ? -Int.max : Int.max }
    guard let integer = value.integer else {
      throw fail(.type, "slice indices must be integers or None")
    }
    return max(integer, -Int.max)
  }

  private func slice(
    _ values: [TemplateValue], _ bounds: (Int?, Int?, Int)
  ) -> [TemplateValue] {
    PythonSlice(values.count, bounds).places.map { values[$0] }
  }
}

/// Python's rules for slices: the places that `[start:stop:step]` takes of `count`.
struct PythonSlice {
  let start: Int
  let stop: Int
  let step: Int

  /// - Precondition: the step is not zero.
  init(_ count: Int, _ bounds: (start: Int?, stop: Int?, step: Int)) {
    step = bounds.step
    let low = bounds.step > 0 ? 0 : -1
    let high = bounds.step > 0 ? count : count - 1
    func clamp(_ index: Int?, _ fallback: Int) -> Int {
      guard let index else { return fallback }
      return max(low, min(high, index < 0 ? index + count : index))
    }
    start = clamp(bounds.start, step > 0 ? low : high)
    stop = clamp(bounds.stop, step > 0 ? high : low)
  }

  var places: StrideTo<Int> { stride(from: start, to: stop, by: step) }
}
