extension TemplateRun {
  /// The reference's sandbox has this limit too.
  private static let longestRange = 100_000

  mutating func call(
    _ callee: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    try step()
    switch callee {
    case .callable(let callable): return try call(callable, arguments)
    case .loop(let state): return try recurse(state, arguments)
    default:
      try use(callee)
      throw fail(.type, "'\(callee.kind)' object is not callable")
    }
  }

  private mutating func call(
    _ callable: TemplateCallable, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch callable.content {
    case .macro(let macro):
      var text = try macro.unit.call(arguments, in: macro.frame, &self)
      text.isMarkup = escapes
      return .string(text)
    case .function(let function): return try call(function, arguments)
    case .method(let method, let receiver):
      return try call(method, on: receiver, arguments)
    case .joiner(let state, let separator):
      _ = try TemplateFunction.none.bind(arguments, to: "joiner", self)
      state.position += 1
      return state.position == 1 ? .text(.empty) : separator
    case .dictionaryFromKeys:
      let bound = try TemplateFunction.fromKeys.bind(arguments, to: "fromkeys", self)
      return try dictionary(fromKeys: bound[0] ?? .none, bound[1] ?? .none)
    case .cycler: throw fail(.type, "'Cycler' object is not callable")
    }
  }

  mutating func call(
    _ method: TemplateMethod, on receiver: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    try step()
    let bound = try method.signature.bind(arguments, to: method.name, self)
    return try method.body(&self, receiver, bound)
  }

  private mutating func call(
    _ function: TemplateFunction, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch function {
    case .range:
      let bound = try TemplateFunction.threeValues.bind(arguments, to: "range", self)
      return .range(try range(bound))
    case .dict: return try dict(try members(arguments))
    case .namespace:
      let members = try members(arguments)
      for entry in members.entries {
        if entry.key.string?.bytes.first == UInt8(ascii: "_") { throw privateNamespaceMember }
      }
      return try namespace(members)
    case .cycler:
      guard arguments.keywords.isEmpty, !arguments.positional.isEmpty else {
        throw fail(.type, "cycler needs at least one item")
      }
      return try callable(.cycler(TemplateCycler(arguments.positional)))
    case .joiner:
      let bound = try TemplateFunction.separator.bind(arguments, to: "joiner", self)
      return try callable(.joiner(TemplateCycler([]), separator: bound[0] ?? .literal(", ")))
    case .lipsum: throw fail(.forbidden, "'lipsum' makes random text, which no prompt should hold")
    case .raiseException:
      let bound = try TemplateFunction.message.bind(arguments, to: "raise_exception", self)
      throw fail(.raised, try text(of: bound[0] ?? .none).text)
    case .strftimeNow:
      let bound = try TemplateFunction.format.bind(arguments, to: "strftime_now", self)
      let format = try text(bound[0], "format")
      try charge(bytes: format.utf8Count)
      return .literal((clock ?? .now).formatted(format.text))
    }
  }

  private func range(_ bound: TemplateBoundArguments) throws(TemplateError) -> TemplateRange {
    let first = try integer(bound[0], 0, "range")
    let start = bound.values.count == 1 ? 0 : first
    let stop = bound.values.count == 1 ? first : try integer(bound[1], 0, "range")
    let step = try integer(bound[2], 1, "range")
    guard step != 0 else { throw fail(.type, "range() arg 3 must not be zero") }
    let span = stop.subtractingReportingOverflow(start)
    guard step != Int.min, !span.overflow else { throw fail(.limit, "a range too wide") }
    let range = TemplateRange(start: start, stop: stop, step: step)
    guard range.count <= TemplateRun.longestRange else {
      throw fail(.limit, "a range has at most \(TemplateRun.longestRange) elements")
    }
    return range
  }

  /// `dict(..)`: of a mapping or of pairs, and of named values.
  private mutating func members(
    _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateMembers {
    guard arguments.positional.count <= 1 else {
      throw fail(.type, "dict expected at most 1 argument, got \(arguments.positional.count)")
    }
    var result = TemplateMembers()
    if let first = arguments.positional.first {
      try use(first)
      if case .dict(let dictionary) = first {
        try step(dictionary.members.count)
        result = dictionary.members
      } else {
        var cursor = try cursor(first)
        while let pair = try cursor.next(&self) {
          let parts = try elements(of: pair)
          guard parts.count == 2 else { throw fail(.type, "dict() needs pairs") }
          result.set(parts[0], try key(of: parts[0]), to: parts[1])
        }
      }
    }
    for (name, value) in arguments.keywords { result.set(name, to: value) }
    return result
  }

  mutating func dictionary(
    fromKeys keys: TemplateValue, _ value: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    var result = TemplateMembers()
    var cursor = try cursor(keys)
    while let next = try cursor.next(&self) { result.set(next, try key(of: next), to: value) }
    return try dict(result)
  }

  /// `loop(items)` in a recursive loop.
  private mutating func recurse(
    _ state: TemplateLoopState, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try TemplateFunction.iterable.bind(arguments, to: "loop", self)
    guard let recursion = state.recursion else { throw fail(.type, "the loop is not recursive") }
    return .string(
      try recursion.unit.text(
        over: bound[0] ?? .none, depth: state.depth + 1, in: recursion.frame, &self))
  }
}

extension TemplateFunction {
  fileprivate static let none = TemplateSignature("")
  fileprivate static let fromKeys = TemplateSignature("iterable value? /")
  fileprivate static let threeValues = TemplateSignature("start stop? step? /")
  fileprivate static let separator = TemplateSignature("sep?")
  fileprivate static let message = TemplateSignature("message")
  fileprivate static let format = TemplateSignature("format")
  fileprivate static let iterable = TemplateSignature("iterable")
}
