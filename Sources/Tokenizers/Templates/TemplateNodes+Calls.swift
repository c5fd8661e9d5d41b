/// A named argument of a call, compiled.
final class TemplateKeywordNode: Sendable {
  let member: TemplateMember
  let value: any TemplateNode

  init(_ member: TemplateMember, _ value: any TemplateNode) {
    self.member = member
    self.value = value
  }
}

/// Arguments of a call, compiled.
struct TemplateArgumentNodes: Sendable {
  let positional: TemplateNodeRow
  let keywords: [TemplateKeywordNode]
  let spread: (any TemplateNode)?
  let spreadKeywords: (any TemplateNode)?
  /// How many there are and what their names are is known before the template runs.
  let isPlain: Bool

  init(
    _ positional: [any TemplateNode], _ keywords: [TemplateKeywordNode],
    spread: (any TemplateNode)?, spreadKeywords: (any TemplateNode)?
  ) {
    self.positional = TemplateNodeRow(positional)
    self.keywords = keywords
    self.spread = spread
    self.spreadKeywords = spreadKeywords
    isPlain =
      spread == nil && spreadKeywords == nil
      && Set(keywords.map(\.member.bytes)).count == keywords.count
  }

  var isEmpty: Bool { isPlain && positional.count == 0 && keywords.isEmpty }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateCallArguments {
    var result = TemplateCallArguments(positional: try positional.evaluate(&run))
    for keyword in keywords {
      result.keywords.append((keyword.member.name, try keyword.value.evaluate(&run)))
    }
    if let spread { result.positional += try run.elements(of: try spread.evaluate(&run)) }
    if let spreadKeywords {
      try result.add(keywords: try spreadKeywords.evaluate(&run), &run)
    }
    return result
  }
}

/// Arguments of a call, evaluated.
struct TemplateCallArguments {
  var positional: [TemplateValue] = []
  var keywords: [(name: String, value: TemplateValue)] = []

  mutating func add(
    keywords value: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) {
    guard case .dict(let dictionary) = value else {
      throw run.fail(.type, "argument after ** must be a mapping, not \(value.kind)")
    }
    for entry in dictionary.members.entries {
      guard let name = entry.key.string?.text else {
        throw run.fail(.type, "keywords must be strings")
      }
      guard !keywords.contains(where: { $0.name == name }) else {
        throw run.fail(.type, "two values for the argument '\(name)'")
      }
      keywords.append((name, entry.value))
    }
  }
}

final class CallNode: TemplateNode {
  private let callee: any TemplateNode
  private let arguments: TemplateArgumentNodes
  private let line: Int

  init(_ callee: any TemplateNode, _ arguments: TemplateArgumentNodes, line: Int) {
    self.callee = callee
    self.arguments = arguments
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    switch try callee.evaluate(&run) {
    case .callable(let callable): return try call(callable, &run)
    case let other: return try call(other, &run)
    }
  }

  private func call(
    _ callable: TemplateCallable, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    if callable.macro?.unit.takes(arguments) ?? false {
      var (text, _) = try run.capture { run throws(TemplateError) in
        try callable.macro?.write(arguments, line: line, &run)
        return .normal
      }
      text.isMarkup = run.escapes
      return .string(text)
    }
    if callable.isNamespace, arguments.isPlain, arguments.positional.count == 0 {
      return try run.namespace(arguments.keywords, line: line)
    }
    return try call(.callable(callable), &run)
  }

  private func call(
    _ function: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    let values = try arguments.evaluate(&run)
    run.line = line
    return try run.call(function, values)
  }

  /// A macro writes where it is called.
  func write(_ run: inout TemplateRun) throws(TemplateError) {
    switch try callee.evaluate(&run) {
    case .callable(let callable):
      if callable.macro?.unit.takes(arguments) ?? false {
        try callable.macro?.write(arguments, line: line, &run)
      } else {
        try run.emit(try call(callable, &run))
      }
    case let other: try run.emit(try call(other, &run))
    }
  }

  /// - Parameter caller: what a call block hands over.
  func evaluate(
    _ run: inout TemplateRun, caller: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    let function = try callee.evaluate(&run)
    var values = try arguments.evaluate(&run)
    run.line = line
    // From a mapping, as the parser lets no other through.
    guard !values.keywords.contains(where: { $0.name == "caller" }) else {
      throw run.fail(.type, "two values for the argument 'caller'")
    }
    values.keywords.append(("caller", caller))
    return try run.call(function, values)
  }
}

/// `object.method(..)`, without a value for the method in between.
final class MethodCallNode: TemplateNode {
  private let object: any TemplateNode
  private let member: TemplateMember
  private let arguments: TemplateArgumentNodes
  private let line: Int

  init(
    _ object: any TemplateNode, _ member: TemplateMember, _ arguments: TemplateArgumentNodes,
    line: Int
  ) {
    self.object = object
    self.member = member
    self.arguments = arguments
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    let receiver = try object.evaluate(&run)
    run.line = line
    return try call(receiver, &run)
  }

  func call(
    _ receiver: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    guard let method = member.method(of: receiver) else {
      let function = try run.attribute(member, of: receiver)
      let values = try arguments.evaluate(&run)
      run.line = line
      return try run.call(function, values)
    }
    guard !arguments.isEmpty || method.signature.needsSome else {
      try run.step()
      return try method.body(&run, receiver, .none)
    }
    let values = try arguments.evaluate(&run)
    run.line = line
    return try run.call(method, on: receiver, values)
  }
}

final class FilterNode: TemplateNode {
  private let operand: (any TemplateNode)?
  private let filter: TemplateFilter
  private let arguments: TemplateArgumentNodes
  /// Without arguments, and needing none.
  private let isBare: Bool
  private let line: Int

  /// - Parameter operand: nil for the text of a block.
  init(
    _ operand: (any TemplateNode)?, _ filter: TemplateFilter, _ arguments: TemplateArgumentNodes,
    line: Int
  ) {
    self.operand = operand
    self.filter = filter
    self.arguments = arguments
    isBare = arguments.isEmpty && !filter.signature.needsSome
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    try apply(to: try operand?.evaluate(&run) ?? .none, &run)
  }

  func apply(
    to value: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    guard !isBare else {
      run.line = line
      try run.step()
      return try filter.body(&run, value, .none)
    }
    let values = try arguments.evaluate(&run)
    run.line = line
    return try run.apply(filter, to: value, values)
  }
}

final class TestNode: TemplateNode {
  private let operand: any TemplateNode
  private let test: TemplateTest
  private let arguments: TemplateArgumentNodes
  private let line: Int

  init(
    _ operand: any TemplateNode, _ test: TemplateTest, _ arguments: TemplateArgumentNodes,
    line: Int
  ) {
    self.operand = operand
    self.test = test
    self.arguments = arguments
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    .bool(try isTrue(&run))
  }

  func isTrue(_ run: inout TemplateRun) throws(TemplateError) -> Bool {
    let value = try operand.evaluate(&run)
    let values = try arguments.evaluate(&run)
    run.line = line
    return try run.holds(test, for: value, values)
  }
}

/// A filter or test that there is none of, where jinja2 says so only when it is reached.
final class UnknownNode: TemplateNode {
  private let operand: any TemplateNode
  private let message: String
  private let line: Int

  init(_ operand: any TemplateNode, _ message: String, line: Int) {
    self.operand = operand
    self.message = message
    self.line = line
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    _ = try operand.evaluate(&run)
    throw TemplateError(.type, message, line: line)
  }
}
