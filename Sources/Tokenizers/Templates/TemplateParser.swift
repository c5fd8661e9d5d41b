/// Parses the statements of a template.
///
/// - Source: jinja2 3.1, `parser.py`, for the grammar.
struct TemplateParser {
  var tokens: [TemplateToken]
  var at = 0
  var names: [String] = []
  private var symbols: [String: TemplateSymbol] = [:]
  /// Nesting of expressions and blocks.
  var depth = 0
  /// The special names that the macro being read has mentioned.
  private var mentioned: Set<String> = []
  private var loopDepth = 0

  /// Deep enough for anything that a person writes, and far from the end of a thread's stack.
  static let depthLimit = 100

  /// Operators, filters and members in a row, in one statement: each makes the tree one level
  /// deeper.
  private var links = 0
  private static let linkLimit = 4000

  static func parse(_ source: String) throws(TemplateError) -> TemplateProgram {
    var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source))
    let body = try parser.statements(until: [])
    return TemplateProgram(body: body, names: parser.names)
  }

  private init(tokens: [TemplateToken]) { self.tokens = tokens }

  // MARK: Tokens

  var token: TemplateToken { tokens[at] }
  var line: Int { tokens[at].line }

  func isName(_ name: String) -> Bool { token.kind == .name(name) }
  func isSymbol(_ symbol: String) -> Bool { token.kind == .symbol(symbol) }

  mutating func advance() { if at + 1 < tokens.count { at += 1 } }

  mutating func skipName(_ name: String) -> Bool {
    guard isName(name) else { return false }
    advance()
    return true
  }

  mutating func skipSymbol(_ symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func expect(_ symbol: String) throws(TemplateError) {
    guard skipSymbol(symbol) else {
      throw fail("expected '\(symbol)', found \(token.description)")
    }
  }

  mutating func expectName() throws(TemplateError) -> String {
    guard case .name(let name) = token.kind else {
      throw fail("expected a name, found \(token.description)")
    }
    advance()
    return name
  }

  func fail(_ message: String) -> TemplateError { TemplateError(.syntax, message, line: line) }

  mutating func symbol(_ name: String) -> TemplateSymbol {
    if name == "varargs" || name == "kwargs" || name == "caller" { mentioned.insert(name) }
    if let symbol = symbols[name] { return symbol }
    symbols[name] = names.count
    names.append(name)
    return names.count - 1
  }

  mutating func descend() throws(TemplateError) {
    depth += 1
    guard depth <= TemplateParser.depthLimit else {
      throw TemplateError(
        .limit, "nested more than \(TemplateParser.depthLimit) deep", line: line)
    }
  }

  mutating func link() throws(TemplateError) {
    links += 1
    guard links <= TemplateParser.linkLimit else {
      throw TemplateError(
        .limit, "more than \(TemplateParser.linkLimit) operations in a row", line: line)
    }
  }

  // MARK: Statements

  /// Statements up to a block that begins with one of these names, which is left to be read.
  private mutating func statements(
    until ends: Set<String>
  ) throws(TemplateError) -> [TemplateStatement] {
    try descend()
    defer { depth -= 1 }
    var statements: [TemplateStatement] = []
    while true {
      links = 0
      switch token.kind {
      case .text(let text):
        advance()
        statements.append(.text(MarkedString(bytes: text, origin: .template)))
      case .variableBegin:
        advance()
        statements.append(.output(try tuple()))
        guard token.kind == .variableEnd else {
          throw fail("expected '}}', found \(token.description)")
        }
        advance()
      case .blockBegin:
        advance()
        if case .name(let name) = token.kind, ends.contains(name) { return statements }
        statements.append(try statement())
      case .end:
        guard ends.isEmpty else {
          throw fail("the template ends where \(list(ends)) is expected")
        }
        return statements
      default: throw fail("unexpected \(token.description)")
      }
    }
  }

  private func list(_ names: Set<String>) -> String {
    names.sorted().map { "'\($0)'" }.joined(separator: " or ")
  }

  private mutating func endBlock() throws(TemplateError) {
    guard token.kind == .blockEnd else {
      throw fail("expected '%}', found \(token.description)")
    }
    advance()
  }

  /// The statements of a block, its end tag included.
  private mutating func body(endedBy name: String) throws(TemplateError) -> [TemplateStatement] {
    try endBlock()
    let body = try statements(until: [name])
    advance()
    try endBlock()
    return body
  }

  private mutating func statement() throws(TemplateError) -> TemplateStatement {
    let start = line
    let name = try expectName()
    switch name {
    case "if": return try conditional()
    case "for": return try loop(start)
    case "set": return try set(start)
    case "macro": return .macro(try macro(start))
    case "call": return try callBlock(start)
    case "with": return try with(start)
    case "generation", "autoescape": return try scopeBlock(name)
    case "block":
      _ = try expectName()
      return try scopeBlock(name)
    case "filter":
      let filters = try filterChain(first: true)
      return .filterBlock(filters, try body(endedBy: "endfilter"))
    case "break", "continue":
      guard loopDepth > 0 else { throw fail("'\(name)' outside a loop") }
      try endBlock()
      return name == "break" ? .breakLoop : .continueLoop
    default: throw TemplateError(.syntax, "unknown statement '\(name)'", line: start)
    }
  }

  private mutating func scopeBlock(_ name: String) throws(TemplateError) -> TemplateStatement {
    if name == "autoescape" { _ = try expression() }
    try endBlock()
    let body = try statements(until: ["end" + name])
    advance()
    if name == "block", case .name = token.kind { advance() }
    try endBlock()
    return .scope(body)
  }

  private mutating func conditional() throws(TemplateError) -> TemplateStatement {
    var branches: [TemplateBranch] = []
    while true {
      let condition = try tuple(allowsConditional: true)
      try endBlock()
      let body = try statements(until: ["elif", "else", "endif"])
      branches.append(TemplateBranch(condition: condition, body: body))
      if skipName("elif") { continue }
      var otherwise: [TemplateStatement] = []
      if skipName("else") {
        try endBlock()
        otherwise = try statements(until: ["endif"])
      }
      advance()
      try endBlock()
      return .conditional(branches, otherwise: otherwise)
    }
  }

  private mutating func loop(_ start: Int) throws(TemplateError) -> TemplateStatement {
    let target = try target(endedBy: "in")
    guard skipName("in") else { throw fail("expected 'in', found \(token.description)") }
    let sequence = try tuple(allowsConditional: false)
    let condition = skipName("if") ? try expression() : nil
    let isRecursive = skipName("recursive")
    try endBlock()
    loopDepth += 1
    let body = try statements(until: ["else", "endfor"])
    loopDepth -= 1
    var otherwise: [TemplateStatement] = []
    if skipName("else") {
      try endBlock()
      otherwise = try statements(until: ["endfor"])
    }
    advance()
    try endBlock()
    return .loop(
      TemplateLoop(
        target: target, sequence: sequence, condition: condition, isRecursive: isRecursive,
        body: body, otherwise: otherwise, line: start))
  }

  /// One or several names with commas between, up to a name or symbol that ends them.
  private mutating func target(endedBy end: String) throws(TemplateError) -> TemplateTarget {
    var targets = [try singleTarget()]
    var isTuple = false
    while skipSymbol(",") {
      isTuple = true
      if isName(end) || isSymbol(end) { break }
      targets.append(try singleTarget())
    }
    return isTuple ? .tuple(targets) : targets[0]
  }

  private mutating func singleTarget() throws(TemplateError) -> TemplateTarget {
    try descend()
    defer { depth -= 1 }
    if skipSymbol("(") {
      let inner = try target(endedBy: ")")
      try expect(")")
      return inner
    }
    let start = line
    let name = try expectName()
    guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
      throw fail("'\(name)' cannot be assigned to")
    }
    if skipSymbol(".") { return .attribute(symbol(name), try expectName(), line: start) }
    return .name(symbol(name))
  }

  private mutating func set(_ start: Int) throws(TemplateError) -> TemplateStatement {
    let target = try target(endedBy: "=")
    if skipSymbol("=") {
      let value = try tuple()
      try endBlock()
      return .set(target, value, line: start)
    }
    let filters = try filterChain(first: false)
    return .setBlock(target, filters, try body(endedBy: "endset"), line: start)
  }

  private mutating func filterChain(first: Bool) throws(TemplateError) -> [TemplateFilterCall] {
    var filters: [TemplateFilterCall] = []
    if first { filters.append(try filterCall()) }
    while skipSymbol("|") { filters.append(try filterCall()) }
    return filters
  }

  private mutating func macro(_ start: Int) throws(TemplateError) -> TemplateMacroDefinition {
    let name = try expectName()
    let symbol = symbol(name)
    return try macroRest(name, symbol, endedBy: "endmacro", start)
  }

  private mutating func macroRest(
    _ name: String, _ symbol: TemplateSymbol, endedBy end: String, _ start: Int
  ) throws(TemplateError) -> TemplateMacroDefinition {
    let outer = (mentioned, loopDepth)
    mentioned = []
    loopDepth = 0
    var parameters: [(symbol: TemplateSymbol, name: String, value: TemplateExpression?)] = []
    if skipSymbol("(") {
      while !isSymbol(")") {
        if !parameters.isEmpty { try expect(",") }
        let parameter = try expectName()
        let value = skipSymbol("=") ? try expression() : nil
        parameters.append((self.symbol(parameter), parameter, value))
      }
      advance()
    }
    if end == "endcall" { return try callMacro(parameters, outer: outer, start) }
    let body = try body(endedBy: end)
    let takes = mentioned
    (mentioned, loopDepth) = outer
    return TemplateMacroDefinition(
      name: name, symbol: symbol, parameters: parameters, body: body, takes: takes, line: start)
  }

  /// What was read of a call block before its parameters are followed by the call itself.
  private var pendingCall: TemplateExpression?

  private mutating func callMacro(
    _ parameters: [(symbol: TemplateSymbol, name: String, value: TemplateExpression?)],
    outer: (Set<String>, Int), _ start: Int
  ) throws(TemplateError) -> TemplateMacroDefinition {
    // The call is outside the macro: what it mentions belongs to the macro around.
    mentioned = outer.0
    pendingCall = try expression()
    let around = mentioned
    mentioned = []
    let body = try body(endedBy: "endcall")
    let takes = mentioned
    mentioned = around.union(takes.intersection(["caller"]))
    loopDepth = outer.1
    return TemplateMacroDefinition(
      name: "caller", symbol: symbol("caller"), parameters: parameters, body: body, takes: takes,
      line: start)
  }

  private mutating func callBlock(_ start: Int) throws(TemplateError) -> TemplateStatement {
    let definition = try macroRest("caller", 0, endedBy: "endcall", start)
    guard case .call(let callee, let arguments, let line)? = pendingCall else {
      throw TemplateError(.syntax, "'call' needs a call", line: start)
    }
    return .callBlock(callee, arguments, definition, line: line)
  }

  private mutating func with(_ start: Int) throws(TemplateError) -> TemplateStatement {
    var assignments: [(target: TemplateTarget, value: TemplateExpression)] = []
    while token.kind != .blockEnd {
      if !assignments.isEmpty { try expect(",") }
      let target = try singleTarget()
      try expect("=")
      assignments.append((target, try expression()))
    }
    return .with(assignments, try body(endedBy: "endwith"), line: start)
  }
}
