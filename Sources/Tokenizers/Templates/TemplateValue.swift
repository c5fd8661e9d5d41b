/// A value of a running template, with Python's semantics.
///
/// Lists and dictionaries are values: the sandbox of the reference lets templates change none of
/// them, only the attributes of a `namespace`.
enum TemplateValue {
  case undefined(TemplateUndefined)
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(MarkedString)
  case list([TemplateValue])
  case tuple([TemplateValue])
  case dict(TemplateDictionary)
  /// What can be gone through and nothing else: a generator, or a view of a dictionary.
  case iterator([TemplateValue], TemplateIteratorKind)
  case range(TemplateRange)
  case namespace(TemplateNamespace)
  case loop(TemplateLoopState)
  case callable(TemplateCallable)

  static func text(_ text: String) -> TemplateValue {
    .string(MarkedString(text, origin: .template))
  }

  static func joined(_ values: [TemplateValue], asTuple: Bool) -> TemplateValue {
    asTuple ? .tuple(values) : .list(values)
  }
}

enum TemplateIteratorKind: String, Sendable {
  case generator
  case keys = "dict_keys"
  case values = "dict_values"
  case items = "dict_items"
}

/// Why something is undefined. Using it is an error; printing it prints nothing.
enum TemplateUndefined {
  case name(String)
  case member(String, of: String)
  case element(String)
  /// The sandbox hides it.
  case unsafe(String, of: String)
  /// Empty sequences have no first element.
  case missing(String)

  var message: String {
    switch self {
    case .name(let name): "'\(name)' is undefined"
    case .member(let name, let kind): "'\(kind) object' has no attribute '\(name)'"
    case .element(let text): "no element \(text)"
    case .unsafe(let name, let kind):
      "access to attribute '\(name)' of '\(kind)' object is unsafe."
    case .missing(let message): message
    }
  }

  var kind: TemplateError.Kind {
    if case .unsafe = self { return .forbidden }
    return .undefined
  }
}

struct TemplateRange {
  let start: Int
  let stop: Int
  let step: Int

  var count: Int {
    if step > 0 { return stop > start ? (stop - start - 1) / step + 1 : 0 }
    return start > stop ? (start - stop - 1) / -step + 1 : 0
  }

  subscript(index: Int) -> Int { start + index * step }
}

/// Members in the order of insertion; keys compare as Python's do.
struct TemplateDictionary {
  private(set) var entries: [(key: TemplateValue, value: TemplateValue)] = []
  private var index: [TemplateKey: Int] = [:]
  private static let indexThreshold = 12

  init() {}

  var count: Int { entries.count }
  var keys: [TemplateValue] { entries.map(\.key) }
  var values: [TemplateValue] { entries.map(\.value) }

  /// - Precondition: the key has a `TemplateKey`.
  mutating func set(_ key: TemplateValue, _ hashed: TemplateKey, to value: TemplateValue) {
    if let at = position(of: hashed) {
      entries[at].value = value
      return
    }
    entries.append((key, value))
    if entries.count == TemplateDictionary.indexThreshold {
      for (at, entry) in entries.enumerated() { entry.key.key.map { index[$0] = at } }
    } else if entries.count > TemplateDictionary.indexThreshold {
      index[hashed] = entries.count - 1
    }
  }

  subscript(key: TemplateKey) -> TemplateValue? { position(of: key).map { entries[$0].value } }

  /// The member with this name.
  subscript(name: [UInt8]) -> TemplateValue? {
    guard index.isEmpty else { return self[.string(name)] }
    for entry in entries {
      if case .string(let key) = entry.key, key.bytes == name { return entry.value }
    }
    return nil
  }

  private func position(of key: TemplateKey) -> Int? {
    index.isEmpty ? entries.firstIndex { $0.key.key == key } : index[key]
  }
}

/// A value that can be a key: equal numbers of different types are one key.
enum TemplateKey: Hashable {
  case none
  case int(Int)
  case double(Double)
  case string([UInt8])
  case tuple([TemplateKey])
}

extension TemplateValue {
  /// The value as a key; nil where Python calls it unhashable.
  var key: TemplateKey? {
    switch self {
    case .none: return TemplateKey.none
    case .bool(let value): return .int(value ? 1 : 0)
    case .int(let value): return .int(value)
    case .double(let value): return Int(exactly: value).map { .int($0) } ?? .double(value)
    case .string(let value): return .string(value.bytes)
    case .tuple(let values):
      let keys = values.compactMap(\.key)
      return keys.count == values.count ? .tuple(keys) : nil
    default: return nil
    }
  }

  /// Python's name of the type, for messages.
  var kind: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "NoneType"
    case .bool: "bool"
    case .int: "int"
    case .double: "float"
    case .string: "str"
    case .list: "list"
    case .tuple: "tuple"
    case .dict: "dict"
    case .iterator(_, let kind): kind.rawValue
    case .range: "range"
    case .namespace: "Namespace"
    case .loop: "LoopContext"
    case .callable: "function"
    }
  }

  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .double(let value): value != 0
    case .string(let value): !value.isEmpty
    case .list(let values), .tuple(let values): !values.isEmpty
    case .dict(let members): members.count > 0
    case .iterator(let values, let kind): kind == .generator || !values.isEmpty
    case .range(let range): range.count > 0
    case .namespace, .loop, .callable: true
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

  /// Numbers, with booleans as 0 and 1.
  var number: Double? {
    if case .double(let value) = self { return value }
    return integer.map(Double.init)
  }

  var string: MarkedString? {
    if case .string(let value) = self { return value }
    return nil
  }

  var isUndefined: Bool {
    if case .undefined = self { return true }
    return false
  }

  var isNone: Bool {
    if case .none = self { return true }
    return false
  }

  /// Python's `==`.
  static func == (a: TemplateValue, b: TemplateValue) -> Bool {
    switch (a, b) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let x), .string(let y)): return x.bytes == y.bytes
    case (.list(let x), .list(let y)), (.tuple(let x), .tuple(let y)):
      return x.count == y.count && zip(x, y).allSatisfy { $0 == $1 }
    case (.dict(let x), .dict(let y)):
      return x.count == y.count
        && x.entries.allSatisfy { entry in
          guard let key = entry.key.key, let other = y[key] else { return false }
          return entry.value == other
        }
    case (.range(let x), .range(let y)):
      return x.count == y.count && (x.count == 0 || (x.start == y.start && x[1] == y[1]))
    case (.namespace(let x), .namespace(let y)): return x === y
    case (.loop(let x), .loop(let y)): return x === y
    default: break
    }
    if let x = a.integer, let y = b.integer { return x == y }
    if let x = a.number, let y = b.number { return x == y }
    return false
  }
}

/// What `namespace()` makes: the one thing that a template may change.
final class TemplateNamespace {
  var members: TemplateDictionary

  init(_ members: TemplateDictionary) { self.members = members }
}

/// The variable `loop`.
final class TemplateLoopState {
  let items: [TemplateValue]
  let depth: Int
  var index = 0
  var lastChanged: [TemplateValue]?
  /// For `loop(..)` in a recursive loop.
  let recursion: (loop: TemplateLoop, scope: TemplateScope)?

  init(
    _ items: [TemplateValue], depth: Int, recursion: (loop: TemplateLoop, scope: TemplateScope)?
  ) {
    self.items = items
    self.depth = depth
    self.recursion = recursion
  }
}

/// Names and values of a block; what it does not have is looked for in the block around it.
final class TemplateScope {
  let parent: TemplateScope?
  private var symbols: [TemplateSymbol] = []
  private var values: [TemplateValue] = []

  init(parent: TemplateScope?) { self.parent = parent }

  func set(_ symbol: TemplateSymbol, to value: TemplateValue) {
    if let at = symbols.firstIndex(of: symbol) {
      values[at] = value
    } else {
      symbols.append(symbol)
      values.append(value)
    }
  }

  func value(_ symbol: TemplateSymbol) -> TemplateValue? {
    var scope: TemplateScope? = self
    while let current = scope {
      if let at = current.symbols.firstIndex(of: symbol) { return current.values[at] }
      scope = current.parent
    }
    return nil
  }

  /// Forgets everything, for the next round of a loop.
  func removeAll() {
    symbols.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
  }
}

/// What can be called.
enum TemplateCallable {
  case macro(TemplateMacro)
  case function(TemplateFunction)
  case method(TemplateMethod)
  case cycler(TemplateCycler)
  case joiner(TemplateCycler, separator: MarkedString)
}

/// A macro with the scope that it was defined in.
final class TemplateMacro {
  let definition: TemplateMacroDefinition
  let scope: TemplateScope

  init(_ definition: TemplateMacroDefinition, scope: TemplateScope) {
    self.definition = definition
    self.scope = scope
  }
}

/// A method with the value that it was taken from.
final class TemplateMethod {
  let receiver: TemplateValue
  let name: String

  init(_ receiver: TemplateValue, _ name: String) {
    self.receiver = receiver
    self.name = name
  }
}

final class TemplateCycler {
  let items: [TemplateValue]
  var position = 0

  init(_ items: [TemplateValue]) { self.items = items }
}

/// The global functions.
enum TemplateFunction: String, CaseIterable {
  case range, dict, namespace, cycler, joiner
  case raiseException = "raise_exception"
  case strftimeNow = "strftime_now"
}

/// Arguments of a call, evaluated.
struct TemplateCallArguments {
  var positional: [TemplateValue] = []
  var keywords: [(name: String, value: TemplateValue)] = []

  /// The argument at this place or of this name.
  func value(_ index: Int, _ name: String) -> TemplateValue? {
    if index < positional.count { return positional[index] }
    return keywords.first { $0.name == name }?.value
  }

  func keyword(_ name: String) -> TemplateValue? { keywords.first { $0.name == name }?.value }
}
