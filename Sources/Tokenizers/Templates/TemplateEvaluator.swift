/// Runs a parsed template once.
struct TemplateEvaluator {
  /// How a run of statements ended.
  enum Flow {
    case normal, breakLoop, continueLoop
  }

  let program: TemplateProgram
  let limits: TemplateLimits
  let clock: TemplateClock?
  private(set) var output = MarkedString()
  private(set) var scope: TemplateScope
  private let globals: TemplateScope
  /// Where the evaluation is, for errors.
  var line = 1
  private var steps = 0
  private var depth = 0
  /// Expressions that are being evaluated, one inside the other.
  private var nesting = 0
  /// Far from the end of a thread's stack in unoptimised builds too.
  private static let nestingLimit = 400
  /// Scopes that macros keep: emptied at the end, since scope and macro hold each other.
  private var macroScopes: [TemplateScope] = []
  private let loopSymbol: TemplateSymbol?
  private let callerSymbol: TemplateSymbol?
  private let varargsSymbol: TemplateSymbol?
  private let kwargsSymbol: TemplateSymbol?

  init(_ program: TemplateProgram, limits: TemplateLimits, clock: TemplateClock?) {
    self.program = program
    self.limits = limits
    self.clock = clock
    globals = TemplateScope(parent: nil)
    scope = TemplateScope(parent: globals)
    loopSymbol = program.names.firstIndex(of: "loop")
    callerSymbol = program.names.firstIndex(of: "caller")
    varargsSymbol = program.names.firstIndex(of: "varargs")
    kwargsSymbol = program.names.firstIndex(of: "kwargs")
    for function in TemplateFunction.allCases {
      if let symbol = program.names.firstIndex(of: function.rawValue) {
        globals.set(symbol, to: .callable(.function(function)))
      }
    }
  }

  func setGlobal(_ symbol: TemplateSymbol, to value: TemplateValue) {
    globals.set(symbol, to: value)
  }

  mutating func render() throws(TemplateError) -> MarkedString {
    defer { for scope in macroScopes { scope.removeAll() } }
    _ = try execute(program.body)
    return output
  }

  // MARK: Limits and errors

  func fail(_ kind: TemplateError.Kind, _ message: String) -> TemplateError {
    TemplateError(kind, message, line: line)
  }

  mutating func step(_ count: Int = 1) throws(TemplateError) {
    steps += count
    guard steps <= limits.steps else {
      throw fail(.limit, "more than \(limits.steps) steps")
    }
  }

  mutating func enterExpression() throws(TemplateError) {
    try step()
    nesting += 1
    guard nesting <= TemplateEvaluator.nestingLimit else {
      throw fail(.limit, "expressions nested more than \(TemplateEvaluator.nestingLimit) deep")
    }
  }

  mutating func leaveExpression() { nesting -= 1 }

  /// Asks before a text of this length is made.
  mutating func charge(bytes: Int) throws(TemplateError) {
    guard bytes <= limits.outputBytes else {
      throw fail(.limit, "more than \(limits.outputBytes) bytes of text")
    }
    try step(bytes / 64)
  }

  mutating func emit(_ text: MarkedString) throws(TemplateError) {
    guard output.utf8Count + text.utf8Count <= limits.outputBytes else {
      throw fail(.limit, "more than \(limits.outputBytes) bytes of text")
    }
    try step(text.utf8Count / 64)
    output.append(text)
  }

  /// The text of a value, as Python's `str` gives it.
  mutating func text(of value: TemplateValue) throws(TemplateError) -> MarkedString {
    if case .string(let text) = value { return text }
    let text = TemplateWriter.string(of: value)
    try charge(bytes: text.utf8Count)
    return text
  }

  // MARK: Statements

  mutating func execute(_ statements: [TemplateStatement]) throws(TemplateError) -> Flow {
    for statement in statements {
      try step()
      let flow = try execute(statement)
      if flow != .normal { return flow }
    }
    return .normal
  }

  private mutating func execute(_ statement: TemplateStatement) throws(TemplateError) -> Flow {
    switch statement {
    case .text(let text): try emit(text)
    case .output(let expression):
      try emit(try text(of: try evaluate(expression)))
    case .conditional(let branches, let otherwise):
      for branch in branches where try evaluate(branch.condition).isTrue {
        return try execute(branch.body)
      }
      return try execute(otherwise)
    case .loop(let loop):
      line = loop.line
      let items = try iterate(try evaluate(loop.sequence))
      try run(loop, over: items, depth: 0)
    case .set(let target, let expression, let start):
      let value = try evaluate(expression)
      line = start
      try assign(value, to: target)
    case .setBlock(let target, let filters, let body, let start):
      let text = try capture(in: TemplateScope(parent: scope), body)
      line = start
      try assign(try apply(filters, to: .string(text)), to: target)
    case .macro(let definition):
      scope.set(definition.symbol, to: .callable(.macro(TemplateMacro(definition, scope: scope))))
      macroScopes.append(scope)
    case .callBlock(let callee, let arguments, let definition, let start):
      line = start
      try executeCall(callee, arguments, definition)
    case .filterBlock(let filters, let body):
      let text = try capture(in: TemplateScope(parent: scope), body)
      try emit(try self.text(of: try apply(filters, to: .string(text))))
    case .with(let assignments, let body, let start):
      line = start
      return try executeWith(assignments, body)
    case .scope(let body): return try execute(body, in: TemplateScope(parent: scope))
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    }
    return .normal
  }

  private mutating func execute(
    _ body: [TemplateStatement], in inner: TemplateScope
  ) throws(TemplateError) -> Flow {
    let outer = scope
    scope = inner
    defer { scope = outer }
    return try execute(body)
  }

  private mutating func capture(
    in inner: TemplateScope, _ body: [TemplateStatement]
  ) throws(TemplateError) -> MarkedString {
    let before = output
    output = MarkedString()
    defer { output = before }
    _ = try execute(body, in: inner)
    return output
  }

  private mutating func executeWith(
    _ assignments: [(target: TemplateTarget, value: TemplateExpression)],
    _ body: [TemplateStatement]
  ) throws(TemplateError) -> Flow {
    var values: [TemplateValue] = []
    for assignment in assignments { values.append(try evaluate(assignment.value)) }
    let outer = scope
    scope = TemplateScope(parent: outer)
    defer { scope = outer }
    for (assignment, value) in zip(assignments, values) {
      try assign(value, to: assignment.target)
    }
    return try execute(body)
  }

  private mutating func executeCall(
    _ callee: TemplateExpression, _ arguments: TemplateArguments,
    _ definition: TemplateMacroDefinition
  ) throws(TemplateError) {
    let function = try evaluate(callee)
    var values = try evaluate(arguments)
    values.keywords.append(
      ("caller", .callable(.macro(TemplateMacro(definition, scope: scope)))))
    try emit(try text(of: try call(function, values)))
  }

  mutating func assign(
    _ value: TemplateValue, to target: TemplateTarget
  ) throws(TemplateError) {
    switch target {
    case .name(let symbol): scope.set(symbol, to: value)
    case .attribute(let symbol, let name, let start):
      line = start
      guard case .namespace(let namespace)? = scope.value(symbol) else {
        throw fail(.type, "cannot assign attribute on non-namespace object")
      }
      let key = MarkedString(name, origin: .template)
      namespace.members.set(.string(key), .string(key.bytes), to: value)
    case .tuple(let targets):
      let values = try iterate(value)
      guard values.count == targets.count else {
        throw fail(
          .type, "cannot unpack \(values.count) values into \(targets.count) names")
      }
      for (target, value) in zip(targets, values) { try assign(value, to: target) }
    }
  }

  // MARK: Loops

  mutating func run(
    _ loop: TemplateLoop, over items: [TemplateValue], depth: Int
  ) throws(TemplateError) {
    let outer = scope
    let inner = TemplateScope(parent: outer)
    scope = inner
    defer { scope = outer }
    let chosen = try filter(items, for: loop, inner)
    let state = TemplateLoopState(
      chosen, depth: depth, recursion: loop.isRecursive ? (loop, outer) : nil)
    for (index, item) in chosen.enumerated() {
      inner.removeAll()
      state.index = index
      if let loopSymbol { inner.set(loopSymbol, to: .loop(state)) }
      try assign(item, to: loop.target)
      if try execute(loop.body) == .breakLoop { break }
    }
    if chosen.isEmpty {
      inner.removeAll()
      _ = try execute(loop.otherwise)
    }
  }

  private mutating func filter(
    _ items: [TemplateValue], for loop: TemplateLoop, _ inner: TemplateScope
  ) throws(TemplateError) -> [TemplateValue] {
    guard let condition = loop.condition else { return items }
    var chosen: [TemplateValue] = []
    for item in items {
      inner.removeAll()
      try assign(item, to: loop.target)
      if try evaluate(condition).isTrue { chosen.append(item) }
    }
    return chosen
  }

  /// `loop(items)` in a recursive loop.
  mutating func recurse(
    _ state: TemplateLoopState, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    guard let recursion = state.recursion, let sequence = arguments.value(0, "iterable") else {
      throw fail(.type, "the loop is not recursive")
    }
    try enter()
    defer { depth -= 1 }
    let before = (output, scope)
    output = MarkedString()
    scope = recursion.scope
    defer { (output, scope) = before }
    try run(recursion.loop, over: try iterate(sequence), depth: state.depth + 1)
    return .string(output)
  }

  private mutating func enter() throws(TemplateError) {
    depth += 1
    guard depth <= limits.depth else {
      throw fail(.limit, "calls nested more than \(limits.depth) deep")
    }
  }

  // MARK: Macros

  mutating func call(
    _ macro: TemplateMacro, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    try enter()
    let outer = (scope, line, output)
    defer {
      (scope, line, output) = outer
      depth -= 1
    }
    output = MarkedString()
    scope = TemplateScope(parent: macro.scope)
    try bind(arguments, macro.definition)
    _ = try execute(macro.definition.body)
    return .string(output)
  }

  private mutating func bind(
    _ arguments: TemplateCallArguments, _ definition: TemplateMacroDefinition
  ) throws(TemplateError) {
    let parameters = definition.parameters
    var rest = arguments.keywords
    // A default that mentions a parameter without a value finds it undefined, not a name around the
    // macro.
    for parameter in parameters {
      scope.set(parameter.symbol, to: .undefined(.name(parameter.name)))
    }
    for (index, parameter) in parameters.enumerated() {
      let named = rest.firstIndex { $0.name == parameter.name }
      if index < arguments.positional.count {
        guard named == nil else {
          throw fail(
            .type, "macro '\(definition.name)' got two values for '\(parameter.name)'")
        }
        scope.set(parameter.symbol, to: arguments.positional[index])
      } else if let named {
        scope.set(parameter.symbol, to: rest.remove(at: named).value)
      } else if let value = parameter.value {
        scope.set(parameter.symbol, to: try evaluate(value))
      }
    }
    if definition.takes.contains("caller"), let callerSymbol {
      let caller = rest.firstIndex { $0.name == "caller" }.map { rest.remove(at: $0).value }
      scope.set(callerSymbol, to: caller ?? .undefined(.name("caller")))
    }
    let extra = Array(arguments.positional.dropFirst(parameters.count))
    if definition.takes.contains("varargs"), let varargsSymbol {
      scope.set(varargsSymbol, to: .tuple(extra))
    } else if !extra.isEmpty {
      throw fail(
        .type,
        "macro '\(definition.name)' takes not more than \(parameters.count) argument(s)")
    }
    if definition.takes.contains("kwargs"), let kwargsSymbol {
      scope.set(kwargsSymbol, to: .dict(TemplateDictionary(rest)))
    } else if let first = rest.first {
      throw fail(
        .type, "macro '\(definition.name)' takes no keyword argument '\(first.name)'")
    }
  }
}

extension TemplateDictionary {
  init(_ members: [(name: String, value: TemplateValue)]) {
    self.init()
    for member in members {
      let key = MarkedString(member.name, origin: .template)
      set(.string(key), .string(key.bytes), to: member.value)
    }
  }
}
