/// A value of a running template, with Python's semantics.
///
/// Lists and dictionaries never change: the sandbox of the reference lets templates change none of
/// them, only the attributes of a `namespace`. Everything larger than a word is behind a reference,
/// so that copying a value is cheap.
enum TemplateValue {
  /// A variable that nothing was assigned to; never seen by an expression.
  case missing
  case undefined(TemplateUndefined)
  case none
  case bool(Bool)
  case int(Int)
  /// One that `Int` does not hold, and only such a one.
  case big(BigInteger)
  case double(Double)
  case text(TemplateText)
  case list(TemplateList)
  case tuple(TemplateList)
  case dict(TemplateDictionary)
  case view(TemplateView)
  case range(TemplateRange)
  /// What can be gone through once.
  case iterator(TemplateIterator)
  /// What `namespace()` makes, by its place: the one thing that a template may change.
  case namespace(Int)
  case loop(TemplateLoopState)
  case callable(TemplateCallable)

  static func string(_ string: MarkedString) -> TemplateValue {
    string.isEmpty && !string.isMarkup ? .text(.empty) : .text(TemplateText(string))
  }

  static func integer(_ value: BigInteger) -> TemplateValue {
    value.small.map { .int($0) } ?? .big(value)
  }

  static func literal(_ text: String) -> TemplateValue {
    .string(MarkedString(text, origin: .template))
  }
}

/// A text of a template.
final class TemplateText: Sendable {
  let string: MarkedString

  init(_ string: MarkedString) { self.string = string }

  func write(_ run: inout TemplateRun) throws(TemplateError) { try run.emit(self) }

  func equals(_ other: TemplateText) -> Bool { string.bytes == other.string.bytes }

  static let empty = TemplateText(MarkedString())

  /// Texts of one ASCII character, of the template's and of a caller's: made once.
  private static let ofTemplate = (0..<128).map {
    TemplateText(MarkedString(bytes: [UInt8($0)], origin: .template))
  }
  private static let ofCaller = (0..<128).map {
    TemplateText(MarkedString(bytes: [UInt8($0)], origin: .caller))
  }

  /// One character of a text, which is no markup any more.
  static func character(_ string: MarkedString, _ range: Range<Int>) -> TemplateText {
    let byte = string.bytes[range.lowerBound]
    guard byte < 0x80 else { return TemplateText(string[range].plain) }
    return string.isTemplate(range) ? ofTemplate[Int(byte)] : ofCaller[Int(byte)]
  }
}

/// Why something is undefined. Using it is an error; printing it prints nothing.
final class TemplateUndefined: Sendable {
  enum Reason: Sendable {
    case name(String)
    case member(String, of: String)
    case element(of: String)
    /// The sandbox hides it.
    case unsafe(String, of: String)
    /// A message of its own, such as that empty sequences have no first element.
    case missing(String)
  }

  let reason: Reason

  init(_ reason: Reason) { self.reason = reason }

  var message: String {
    switch reason {
    case .name(let name): "'\(name)' is undefined"
    case .member(let name, let kind): "'\(kind) object' has no attribute '\(name)'"
    case .element(let kind): "'\(kind) object' has no such element"
    case .unsafe(let name, let kind):
      "access to attribute '\(name)' of '\(kind)' object is unsafe."
    case .missing(let message): message
    }
  }

  var kind: TemplateError.Kind {
    if case .unsafe = reason { return .forbidden }
    return .undefined
  }
}

/// The elements of a list or tuple.
final class TemplateList {
  let elements: [TemplateValue]
  let size: TemplateSize
  /// A group of the filter `groupby`, whose two elements have names.
  let isGroup: Bool

  init(_ elements: [TemplateValue], isGroup: Bool = false) {
    self.elements = elements
    self.isGroup = isGroup
    var size = TemplateSize.one
    for element in elements { size.add(element.size) }
    self.size = size
  }
}

/// A view of a dictionary: its keys, values or items.
final class TemplateView {
  enum Kind: String {
    case keys = "dict_keys"
    case values = "dict_values"
    case items = "dict_items"
  }

  let dictionary: TemplateDictionary
  let kind: Kind

  init(_ dictionary: TemplateDictionary, _ kind: Kind) {
    self.dictionary = dictionary
    self.kind = kind
  }

  subscript(index: Int) -> TemplateValue {
    let entry = dictionary.members.entries[index]
    switch kind {
    case .keys: return entry.key
    case .values: return entry.value
    case .items: return .tuple(TemplateList([entry.key, entry.value]))
    }
  }

  var count: Int { dictionary.members.count }
}

final class TemplateRange {
  let start: Int
  let stop: Int
  let step: Int

  /// - Precondition: the step is neither zero nor `Int.min`, and the bounds are no further apart
  ///   than an `Int` can say.
  init(start: Int, stop: Int, step: Int) {
    self.start = start
    self.stop = stop
    self.step = step
  }

  var count: Int {
    if step > 0 { return stop > start ? (stop - start - 1) / step + 1 : 0 }
    return start > stop ? (start - stop - 1) / -step + 1 : 0
  }

  subscript(index: Int) -> Int { start + index * step }

  func index(of value: Int) -> Int? {
    let offset = value.subtractingReportingOverflow(start)
    guard !offset.overflow, offset.partialValue % step == 0 else { return nil }
    let index = offset.partialValue / step
    return index >= 0 && index < count ? index : nil
  }
}

/// How much a walk through a value has to do, known when the value is made: so no walk needs to be
/// on its guard, even where one list stands in another a thousand times.
struct TemplateSize {
  /// Containers inside each other.
  private(set) var height: Int
  /// Elements, and texts by their length; as large as it gets where it overflows.
  private(set) var weight: Int

  static let one = TemplateSize(height: 1, weight: 1)
  static let heightLimit = 600

  mutating func add(_ element: TemplateSize) {
    height = max(height, element.height + 1)
    let sum = weight.addingReportingOverflow(element.weight)
    weight = sum.overflow ? Int.max : sum.partialValue
  }
}

extension TemplateValue {
  var size: TemplateSize {
    switch self {
    case .text(let text):
      TemplateSize(height: 0, weight: 1 + text.string.utf8Count / 16)
    // Its digits are work.
    case .big(let integer):
      TemplateSize(height: 0, weight: 1 + integer.limbs.count * integer.limbs.count / 16)
    case .list(let list), .tuple(let list): list.size
    case .dict(let dictionary): dictionary.size
    case .view(let view): view.dictionary.size
    case .iterator(let iterator): iterator.size
    case .loop(let state): state.size
    case .callable(let callable): callable.size
    default: TemplateSize(height: 0, weight: 1)
    }
  }

  /// Python's name of the type, for messages.
  var kind: String {
    switch self {
    case .missing, .undefined: "Undefined"
    case .none: "NoneType"
    case .bool: "bool"
    case .int, .big: "int"
    case .double: "float"
    case .text(let text): text.string.isMarkup ? "Markup" : "str"
    case .list: "list"
    case .tuple: "tuple"
    case .dict: "dict"
    case .view(let view): view.kind.rawValue
    case .iterator(let iterator): iterator.kind
    case .range: "range"
    case .namespace: "Namespace"
    case .loop: "LoopContext"
    case .callable(let callable): callable.kind
    }
  }

  var isTrue: Bool {
    switch self {
    case .missing, .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .big: true
    case .double(let value): value != 0
    case .text(let text): !text.string.isEmpty
    case .list(let list), .tuple(let list): !list.elements.isEmpty
    case .dict(let dictionary): dictionary.members.count > 0
    case .view(let view): view.count > 0
    case .range(let range): range.count > 0
    // A loop has a length, and there is none in an empty one.
    case .iterator, .namespace, .loop, .callable: true
    }
  }

  /// Integers, with booleans as 0 and 1.
  var integer: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// Integers of any size, with booleans as 0 and 1.
  var wholeNumber: BigInteger? {
    if case .big(let value) = self { return value }
    return integer.map(BigInteger.init)
  }

  /// Numbers, with booleans as 0 and 1; nil for an integer that no `Double` comes near, too.
  var number: Double? {
    switch self {
    case .double(let value): value
    case .big(let value): value.double
    default: integer.map(Double.init)
    }
  }

  var isNumber: Bool {
    switch self {
    case .bool, .int, .big, .double: true
    default: false
    }
  }

  var string: MarkedString? {
    if case .text(let text) = self { return text.string }
    return nil
  }

  var isUndefined: Bool {
    switch self {
    case .undefined, .missing: true
    default: false
    }
  }

  var isNone: Bool {
    if case .none = self { return true }
    return false
  }
}
