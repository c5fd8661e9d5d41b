extension TemplateEvaluator {
  /// The reference's sandbox has this limit too.
  private static let longestRange = 100_000

  mutating func call(
    _ callee: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    try step()
    try use(callee)
    switch callee {
    case .callable(.macro(let macro)): return try call(macro, arguments)
    case .callable(.function(let function)): return try call(function, arguments)
    case .callable(.method(let method)):
      return try call(method.name, on: method.receiver, arguments)
    case .callable(.joiner(let joiner, let separator)):
      defer { joiner.position += 1 }
      return .string(joiner.position == 0 ? MarkedString() : separator)
    case .loop(let state): return try recurse(state, arguments)
    default: throw fail(.type, "'\(callee.kind)' object is not callable")
    }
  }

  private mutating func call(
    _ function: TemplateFunction, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch function {
    case .range: return .range(try range(arguments.positional))
    case .dict: return .dict(try dictionary(arguments))
    case .namespace: return .namespace(TemplateNamespace(try dictionary(arguments)))
    case .cycler:
      guard !arguments.positional.isEmpty else {
        throw fail(.type, "at least one item has to be provided")
      }
      return .callable(.cycler(TemplateCycler(arguments.positional)))
    case .joiner:
      let separator = try arguments.value(0, "sep").map { value throws(TemplateError) in
        try text(of: value)
      }
      return .callable(
        .joiner(
          TemplateCycler([]), separator: separator ?? MarkedString(", ", origin: .template)))
    case .raiseException:
      let message = try text(of: arguments.value(0, "message") ?? .none)
      throw fail(.raised, message.text)
    case .strftimeNow:
      let format = try text(of: arguments.value(0, "format") ?? .none)
      return .text((clock ?? .now).formatted(format.text))
    }
  }

  private func range(_ values: [TemplateValue]) throws(TemplateError) -> TemplateRange {
    var bounds: [Int] = []
    for value in values {
      try use(value)
      guard let integer = value.integer else {
        throw fail(.type, "'\(value.kind)' object cannot be interpreted as an integer")
      }
      bounds.append(integer)
    }
    guard (1...3).contains(bounds.count) else {
      throw fail(.type, "range expects 1 to 3 arguments, got \(bounds.count)")
    }
    let range = TemplateRange(
      start: bounds.count == 1 ? 0 : bounds[0], stop: bounds.count == 1 ? bounds[0] : bounds[1],
      step: bounds.count == 3 ? bounds[2] : 1)
    guard range.step != 0, range.step != Int.min else {
      throw fail(.type, "range() step must not be zero")
    }
    let span = range.stop.subtractingReportingOverflow(range.start)
    guard !span.overflow, range.count <= TemplateEvaluator.longestRange else {
      throw fail(
        .limit, "a range has at most \(TemplateEvaluator.longestRange) elements")
    }
    return range
  }

  private mutating func dictionary(
    _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateDictionary {
    var result = TemplateDictionary()
    if let first = arguments.positional.first {
      if case .dict(let members) = first {
        result = members
      } else {
        for pair in try iterate(first) {
          let parts = try iterate(pair)
          guard parts.count == 2 else { throw fail(.type, "dict() needs pairs") }
          result.set(parts[0], try hashed(parts[0]), to: parts[1])
        }
      }
    }
    for (name, value) in arguments.keywords {
      let key = MarkedString(name, origin: .template)
      result.set(.string(key), .string(key.bytes), to: value)
    }
    return result
  }

  private mutating func call(
    _ name: String, on receiver: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch receiver {
    case .string(let text): return try callStringMethod(name, text, arguments)
    case .dict(let members): return try callDictionaryMethod(name, members, arguments)
    case .list(let values), .tuple(let values):
      return try callListMethod(name, receiver, values, arguments)
    case .loop(let state): return try callLoopMethod(name, state, arguments)
    case .callable(.cycler(let cycler)):
      if name == "reset" {
        cycler.position = 0
        return .none
      }
      defer { cycler.position = (cycler.position + 1) % cycler.items.count }
      return cycler.items[cycler.position]
    default: throw fail(.type, "'\(receiver.kind)' object has no method '\(name)'")
    }
  }

  private func callDictionaryMethod(
    _ name: String, _ members: TemplateDictionary, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch name {
    case "get":
      guard let key = arguments.value(0, "key") else {
        throw fail(.type, "get expected at least 1 argument, got 0")
      }
      // An undefined value hashes in Python, and no key equals it.
      if case .undefined = key { return arguments.value(1, "default") ?? .none }
      return members[try hashed(key)] ?? arguments.value(1, "default") ?? .none
    case "items":
      return .iterator(members.entries.map { .tuple([$0.key, $0.value]) }, .items)
    case "keys": return .iterator(members.keys, .keys)
    case "values": return .iterator(members.values, .values)
    default: return .dict(members)
    }
  }

  private mutating func callListMethod(
    _ name: String, _ receiver: TemplateValue, _ values: [TemplateValue],
    _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    try step(values.count)
    guard name != "copy" else { return receiver }
    guard let wanted = arguments.value(0, "value") else {
      throw fail(.type, "\(name)() takes an argument")
    }
    if name == "count" { return .int(values.filter { $0 == wanted }.count) }
    guard let index = values.firstIndex(where: { $0 == wanted }) else {
      throw fail(.type, "the value is not in the list")
    }
    return .int(index)
  }

  private func callLoopMethod(
    _ name: String, _ state: TemplateLoopState, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    if name == "cycle" {
      guard !arguments.positional.isEmpty else { throw fail(.type, "no items for cycling given") }
      return arguments.positional[state.index % arguments.positional.count]
    }
    let isSame = state.lastChanged.map { last in
      last.count == arguments.positional.count
        && zip(last, arguments.positional).allSatisfy { $0 == $1 }
    }
    state.lastChanged = arguments.positional
    return .bool(!(isSame ?? false))
  }
}

/// Which methods values have.
enum TemplateMethods {
  private static let ofStrings: Set<String> = [
    "capitalize", "center", "count", "endswith", "find", "format", "index", "isalnum", "isalpha",
    "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "join",
    "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind",
    "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
    "strip", "swapcase", "title", "upper", "zfill", "casefold",
  ]
  private static let ofDictionaries: Set<String> = ["copy", "get", "items", "keys", "values"]
  private static let changingDictionaries: Set<String> = [
    "clear", "pop", "popitem", "setdefault", "update",
  ]
  private static let ofLists: Set<String> = ["copy", "count", "index"]
  private static let changingLists: Set<String> = [
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
  ]

  /// The method of this name; what the sandbox hides is undefined, and nil means there is none.
  static func method(_ name: String, of value: TemplateValue) -> TemplateValue? {
    if name.hasPrefix("__"), name.hasSuffix("__") {
      return .undefined(.unsafe(name, of: value.kind))
    }
    let known: Bool
    switch value {
    case .string: known = ofStrings.contains(name)
    case .dict:
      if changingDictionaries.contains(name) { return .undefined(.unsafe(name, of: "dict")) }
      known = ofDictionaries.contains(name)
    case .list:
      if changingLists.contains(name) { return .undefined(.unsafe(name, of: "list")) }
      known = ofLists.contains(name)
    case .tuple: known = name != "copy" && ofLists.contains(name)
    case .callable(.cycler(let cycler)):
      if name == "current" { return cycler.items[cycler.position] }
      known = name == "next" || name == "reset"
    default: known = false
    }
    return known ? .callable(.method(TemplateMethod(value, name))) : nil
  }
}
