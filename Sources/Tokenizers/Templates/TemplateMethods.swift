/// A method of Python's that the sandbox lets through.
final class TemplateMethod: Sendable {
  typealias Body =
    @Sendable (
      inout TemplateRun, TemplateValue, TemplateBoundArguments
    ) throws(TemplateError) -> TemplateValue

  let name: String
  let signature: TemplateSignature
  /// For methods of lists: tuples have it too.
  let isOfTuples: Bool
  let body: Body

  init(
    _ name: String, _ signature: String = "", isOfTuples: Bool = false, _ body: @escaping Body
  ) {
    self.name = name
    self.signature = TemplateSignature(signature)
    self.isOfTuples = isOfTuples
    self.body = body
  }
}

/// Which methods values have.
enum TemplateMethods {
  static func table(_ methods: [TemplateMethod]) -> [String: TemplateMethod] {
    Dictionary(uniqueKeysWithValues: methods.map { ($0.name, $0) })
  }

  static let changingDictionaries: Set<String> = [
    "clear", "pop", "popitem", "setdefault", "update",
  ]
  static let changingLists: Set<String> = [
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
  ]
  /// What every Python object has: hidden, even where a dictionary has such a key.
  static let inside: Set<String> = [
    "__class__", "__class_getitem__", "__contains__", "__delattr__", "__delitem__", "__dir__",
    "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__", "__getitem__",
    "__getstate__", "__gt__", "__hash__", "__init__", "__init_subclass__", "__ior__", "__iter__",
    "__le__", "__len__", "__lt__", "__ne__", "__new__", "__or__", "__reduce__", "__reduce_ex__",
    "__repr__", "__reversed__", "__ror__", "__setattr__", "__setitem__", "__sizeof__", "__str__",
    "__subclasshook__",
  ]
  /// What an undefined value has besides: asking for it is no error.
  static let insideUndefined: Set<String> = [
    "__add__", "__aiter__", "__bool__", "__call__", "__complex__", "__div__", "__float__",
    "__floordiv__", "__getattr__", "__int__", "__mod__", "__module__", "__mul__", "__neg__",
    "__pos__", "__pow__", "__radd__", "__rdiv__", "__rfloordiv__", "__rmod__", "__rmul__",
    "__rpow__", "__rsub__", "__rtruediv__", "__slots__", "__sub__", "__truediv__",
  ]

  static let ofDictionaries = table([
    TemplateMethod("get", "key default? /") { run, receiver, arguments throws(TemplateError) in
      let members = dictionary(receiver).members
      return members[try run.key(of: arguments[0] ?? .none)] ?? arguments[1] ?? .none
    },
    TemplateMethod("items") { _, receiver, _ throws(TemplateError) in
      .view(TemplateView(dictionary(receiver), .items))
    },
    TemplateMethod("keys") { _, receiver, _ throws(TemplateError) in
      .view(TemplateView(dictionary(receiver), .keys))
    },
    TemplateMethod("values") { _, receiver, _ throws(TemplateError) in
      .view(TemplateView(dictionary(receiver), .values))
    },
    TemplateMethod("copy") { run, receiver, _ throws(TemplateError) in
      try run.dict(dictionary(receiver).members)
    },
    TemplateMethod("fromkeys", "iterable value? /") { run, _, arguments throws(TemplateError) in
      try run.dictionary(fromKeys: arguments[0] ?? .none, arguments[1] ?? .none)
    },
  ])

  private static func dictionary(_ value: TemplateValue) -> TemplateDictionary {
    if case .dict(let dictionary) = value { return dictionary }
    return TemplateDictionary(TemplateMembers())
  }

  static let ofLists = table([
    TemplateMethod("copy") { run, receiver, _ throws(TemplateError) in
      try run.list(try run.elements(of: receiver))
    },
    TemplateMethod("count", "value /", isOfTuples: true) {
      run, receiver, arguments throws(TemplateError) in
      .int(try run.count(of: arguments[0] ?? .none, in: receiver))
    },
    TemplateMethod("index", "value start? stop? /", isOfTuples: true) {
      run, receiver, arguments throws(TemplateError) in
      .int(try run.index(receiver, arguments))
    },
  ])

  static let ofRanges = table([
    TemplateMethod("count", "value /") { run, receiver, arguments throws(TemplateError) in
      .int(try run.count(of: arguments[0] ?? .none, in: receiver))
    },
    TemplateMethod("index", "value /") { run, receiver, arguments throws(TemplateError) in
      .int(try run.index(receiver, arguments))
    },
  ])

  static let ofLoops = table([
    TemplateMethod("cycle", "*") { run, receiver, arguments throws(TemplateError) in
      guard case .loop(let state) = receiver, !arguments.values.isEmpty else {
        throw run.fail(.type, "no items for cycling given")
      }
      return arguments.values[max(0, state.index) % arguments.values.count]
    },
    TemplateMethod("changed", "*") { run, receiver, arguments throws(TemplateError) in
      guard case .loop(let state) = receiver else { return .none }
      var isSame = state.lastChanged?.count == arguments.values.count
      for (old, new) in zip(state.lastChanged ?? [], arguments.values) where isSame {
        isSame = try run.equal(old, new)
      }
      if !isSame { state.lastChanged = arguments.values }
      return .bool(!isSame)
    },
  ])

  static let ofCyclers = table([
    TemplateMethod("next") { _, receiver, _ throws(TemplateError) in
      guard let cycler = cycler(receiver) else { return .none }
      defer { cycler.position = (cycler.position + 1) % cycler.items.count }
      return cycler.current
    },
    TemplateMethod("reset") { _, receiver, _ throws(TemplateError) in
      cycler(receiver)?.position = 0
      return .none
    },
  ])

  private static func cycler(_ value: TemplateValue) -> TemplateCycler? {
    guard case .callable(let callable) = value, case .cycler(let cycler) = callable.content else {
      return nil
    }
    return cycler
  }

  static let ofIntegers = table([
    TemplateMethod("bit_length") { _, receiver, _ throws(TemplateError) in
      .int(receiver.wholeNumber?.bitCount ?? 0)
    },
    TemplateMethod("bit_count") { _, receiver, _ throws(TemplateError) in
      .int((receiver.wholeNumber?.limbs ?? []).reduce(0) { $0 + $1.nonzeroBitCount })
    },
    TemplateMethod("conjugate") { _, receiver, _ throws(TemplateError) in
      receiver.integer.map { .int($0) } ?? receiver
    },
    TemplateMethod("as_integer_ratio") { run, receiver, _ throws(TemplateError) in
      try run.tuple([receiver.integer.map { .int($0) } ?? receiver, .int(1)])
    },
  ])

  static let ofFloats = table([
    TemplateMethod("is_integer") { _, receiver, _ throws(TemplateError) in
      let number = receiver.number ?? 0
      return .bool(number.isFinite && number == number.rounded(.towardZero))
    },
    TemplateMethod("conjugate") { _, receiver, _ throws(TemplateError) in receiver },
  ])
}

extension TemplateRun {
  fileprivate mutating func count(
    of value: TemplateValue, in sequence: TemplateValue
  ) throws(TemplateError) -> Int {
    var count = 0
    var cursor = try cursor(sequence)
    while let next = try cursor.next(&self) { if try equal(next, value) { count += 1 } }
    return count
  }

  fileprivate mutating func index(
    _ sequence: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> Int {
    let wanted = arguments[0] ?? .none
    let values = try elements(of: sequence)
    let places = PythonSlice(
      values.count,
      (try integer(arguments[1], 0), try integer(arguments[2], values.count), 1)
    ).places
    for place in places where try equal(values[place], wanted) { return place }
    throw fail(.type, "the value is not in the list")
  }
}
