extension TemplateParser {
  /// Statements up to a block that begins with one of these names, which is left to be read.
  mutating func statements(
    until ends: Set<String>
  ) throws(TemplateError) -> [TemplateStatement] {
    try descend()
    defer { ascend() }
    var statements: [TemplateStatement] = []
    while true {
      let start = line
      switch token.kind {
      case .text(let text):
        advance()
        statements.append(.text(text))
      case .variableBegin:
        advance()
        statements.append(.output(try tuple(), line: start))
        guard token.kind == .variableEnd else {
          throw fail("expected '}}', found \(token.description)")
        }
        advance()
      case .blockBegin:
        advance()
        if case .name(let name) = token.kind, ends.contains(name) { return statements }
        statements.append(contentsOf: try statement())
        try endBlock()
      case .end:
        guard ends.isEmpty else {
          throw fail("expected '\(ends.sorted().joined(separator: "' or '"))', found the end")
        }
        return statements
      default: throw fail("unexpected \(token.description)")
      }
    }
  }

  private mutating func endBlock() throws(TemplateError) {
    guard token.kind == .blockEnd else {
      throw fail("expected '%}', found \(token.description)")
    }
    advance()
  }

  /// What is inside a statement; a colon may stand before it. The tag that ends it is left.
  private mutating func body(until ends: Set<String>) throws(TemplateError) -> [TemplateStatement] {
    _ = skipSymbol(":")
    try endBlock()
    return try statements(until: ends)
  }

  private mutating func body(endedBy end: String) throws(TemplateError) -> [TemplateStatement] {
    let statements = try body(until: [end])
    advance()
    return statements
  }

  /// The statement without its last `%}`.
  private mutating func statement() throws(TemplateError) -> [TemplateStatement] {
    let start = line
    let keyword = try expectName()
    switch keyword {
    case "if": return [try conditional(start)]
    case "for": return [try loop(start)]
    case "set": return [try set(start)]
    case "macro": return [try macro(start)]
    case "call": return [try callBlock(start)]
    case "filter":
      let filters = try filterChain(first: true)
      return [.filterBlock(filters, try body(endedBy: "endfilter"), line: start)]
    case "with": return [try with(start)]
    case "generation": return [.generation(try callerMacro([], endedBy: "endgeneration", start))]
    case "break", "continue":
      guard loopDepth > 0 else { throw fail("'\(keyword)' outside of a loop", line: start) }
      return [keyword == "break" ? .breakLoop : .continueLoop]
    case "print": return try printed(start)
    case "autoescape":
      let condition = try expression()
      return [.autoescape(condition, try body(endedBy: "endautoescape"), line: start)]
    case "block": return [try block(start)]
    case "include", "import", "from", "extends": return [try foreign(keyword, start)]
    default: throw fail("unknown tag '\(keyword)'", line: start)
    }
  }

  private mutating func printed(_ start: Int) throws(TemplateError) -> [TemplateStatement] {
    var statements: [TemplateStatement] = []
    while token.kind != .blockEnd {
      if !statements.isEmpty { try expect(",") }
      statements.append(.output(try expression(), line: start))
    }
    return statements
  }

  private mutating func conditional(_ start: Int) throws(TemplateError) -> TemplateStatement {
    var branches: [TemplateBranch] = []
    var begin = start
    while true {
      let condition = try tuple(allowsConditional: false)
      branches.append(
        TemplateBranch(
          condition: condition, body: try body(until: ["elif", "else", "endif"]), line: begin))
      begin = line
      if skipName("elif") { continue }
      let otherwise = skipName("else") ? try body(until: ["endif"]) : []
      advance()
      return .conditional(branches, otherwise: otherwise)
    }
  }

  private mutating func loop(_ start: Int) throws(TemplateError) -> TemplateStatement {
    let target = try target()
    try expectWord("in")
    let sequence = try tuple(allowsConditional: false)
    let condition = skipName("if") ? try expression() : nil
    let isRecursive = skipName("recursive")
    loopDepth += 1
    let body = try body(until: ["endfor", "else"])
    loopDepth -= 1
    var otherwise: [TemplateStatement] = []
    if skipName("else") {
      // A recursive loop is a function of its own, with nothing around it to leave.
      let outer = loopDepth
      if isRecursive { loopDepth = 0 }
      otherwise = try self.body(until: ["endfor"])
      loopDepth = outer
    }
    advance()
    if target.stores("loop") || body.contains(where: { $0.storesLoop })
      || otherwise.contains(where: { $0.storesLoop })
    {
      throw fail("'loop' cannot be assigned to in a loop", line: start)
    }
    return .loop(
      TemplateLoop(
        target: target, sequence: sequence, condition: condition, isRecursive: isRecursive,
        body: body, otherwise: otherwise, line: start))
  }

  // MARK: Targets

  private static let constants: Set = ["true", "false", "none", "True", "False", "None"]

  private mutating func assignable() throws(TemplateError) -> String {
    let name = try expectName()
    guard !TemplateParser.constants.contains(name) else {
      throw fail("'\(name)' cannot be assigned to")
    }
    return name
  }

  private mutating func target(
    allowsNamespace: Bool = false
  ) throws(TemplateError) -> TemplateTarget {
    var targets: [TemplateTarget] = []
    var isTuple = false
    while true {
      if isTuple, endsTuple { break }
      targets.append(try singleTarget(allowsNamespace))
      guard skipSymbol(",") else { break }
      isTuple = true
    }
    return isTuple ? .tuple(targets) : targets[0]
  }

  private mutating func singleTarget(
    _ allowsNamespace: Bool
  ) throws(TemplateError) -> TemplateTarget {
    if skipSymbol("(") {
      try descend()
      defer { ascend() }
      if skipSymbol(")") { return .tuple([]) }
      let inner = try target()
      try expect(")")
      return inner
    }
    let name = try expectName()
    if allowsNamespace, skipSymbol(".") { return .attribute(name, try expectName()) }
    guard !TemplateParser.constants.contains(name) else {
      throw fail("'\(name)' cannot be assigned to")
    }
    return .name(name)
  }

  private mutating func set(_ start: Int) throws(TemplateError) -> TemplateStatement {
    let target = try target(allowsNamespace: true)
    if skipSymbol("=") { return .set(target, try tuple(), line: start) }
    let filters = try filterChain(first: false)
    return .setBlock(target, filters, try body(endedBy: "endset"), line: start)
  }

  private mutating func filterChain(first: Bool) throws(TemplateError) -> [TemplateFilterCall] {
    var filters: [TemplateFilterCall] = []
    if first { filters.append(try filterCall()) }
    while skipSymbol("|") { filters.append(try filterCall()) }
    return filters
  }

  private mutating func with(_ start: Int) throws(TemplateError) -> TemplateStatement {
    var bindings: [TemplateBinding] = []
    while token.kind != .blockEnd {
      if !bindings.isEmpty { try expect(",") }
      let target = try target()
      try expect("=")
      bindings.append(TemplateBinding(target: target, value: try expression()))
    }
    return .with(bindings, try body(endedBy: "endwith"), line: start)
  }

  // MARK: Macros

  private mutating func macro(_ start: Int) throws(TemplateError) -> TemplateStatement {
    let name = try assignable()
    let parameters = try signature()
    return .macro(try macro(name, parameters, endedBy: "endmacro", start))
  }

  private mutating func callBlock(_ start: Int) throws(TemplateError) -> TemplateStatement {
    let parameters = isSymbol("(") ? try signature() : []
    let line = line
    guard case .call(let callee, let arguments, _) = try expression() else {
      throw fail("'call' needs a call", line: start)
    }
    guard !arguments.keywords.contains(where: { $0.name == "caller" }) else {
      throw fail("two values for the argument 'caller'", line: start)
    }
    let definition = try callerMacro(parameters, endedBy: "endcall", start)
    return .callBlock(callee, arguments, definition, line: line)
  }

  private mutating func callerMacro(
    _ parameters: [(name: String, value: TemplateExpression?)], endedBy end: String, _ start: Int
  ) throws(TemplateError) -> TemplateMacroDefinition {
    try macro("caller", parameters, endedBy: end, start)
  }

  private mutating func macro(
    _ name: String, _ parameters: [(name: String, value: TemplateExpression?)],
    endedBy end: String, _ start: Int
  ) throws(TemplateError) -> TemplateMacroDefinition {
    let outer = loopDepth
    loopDepth = 0
    defer { loopDepth = outer }
    return TemplateMacroDefinition(
      name: name, parameters: parameters, body: try body(endedBy: end), line: start)
  }

  private mutating func signature() throws(TemplateError) -> [(
    name: String, value: TemplateExpression?
  )] {
    try expect("(")
    var parameters: [(name: String, value: TemplateExpression?)] = []
    var hasDefaults = false
    while !isSymbol(")") {
      if !parameters.isEmpty { try expect(",") }
      let name = try assignable()
      guard !parameters.contains(where: { $0.name == name }) else {
        throw fail("two parameters are called '\(name)'")
      }
      let value = skipSymbol("=") ? try expression() : nil
      guard value != nil || !hasDefaults else {
        throw fail("a parameter without a default follows one with a default")
      }
      hasDefaults = value != nil
      parameters.append((name, value))
    }
    advance()
    return parameters
  }

  // MARK: What other templates would be needed for

  private mutating func block(_ start: Int) throws(TemplateError) -> TemplateStatement {
    let name = try expectName()
    guard blockNames.insert(name).inserted else {
      throw fail("block '\(name)' is defined twice", line: start)
    }
    let isScoped = skipName("scoped")
    let isRequired = skipName("required")
    let outer = loopDepth
    loopDepth = 0
    defer { loopDepth = outer }
    let body = try body(endedBy: "endblock")
    guard !isRequired || body.allSatisfy(\.isWhiteSpace) else {
      throw fail("required blocks can only hold comments or white space", line: start)
    }
    _ = skipName(name)
    // Another template would have to fill it.
    if isRequired { return .foreign("required block", [], names: [], line: start) }
    return .block(TemplateBlock(name: name, isScoped: isScoped, body: body, line: start))
  }

  private mutating func foreign(
    _ keyword: String, _ start: Int
  ) throws(TemplateError) -> TemplateStatement {
    let other = try expression()
    var names: [String] = []
    switch keyword {
    case "include":
      if isName("ignore"), next.kind == .name("missing") {
        advance()
        advance()
      }
      _ = skipContext()
    case "import":
      try expectWord("as")
      names.append(try assignable())
      _ = skipContext()
    case "from":
      try expectWord("import")
      while true {
        if !names.isEmpty { try expect(",") }
        if skipContext() { break }
        let name = try assignable()
        guard !name.hasPrefix("_") else { throw fail("'\(name)' cannot be imported") }
        names.append(skipName("as") ? try assignable() : name)
        if skipContext() || !isSymbol(",") { break }
      }
    default: break
    }
    return .foreign(keyword, [other], names: names, line: start)
  }

  private mutating func skipContext() -> Bool {
    guard isName("with") || isName("without"), next.kind == .name("context") else { return false }
    advance()
    advance()
    return true
  }
}

extension TemplateTarget {
  func stores(_ name: String) -> Bool {
    switch self {
    case .name(let other): other == name
    case .tuple(let targets): targets.contains { $0.stores(name) }
    case .attribute: false
    }
  }
}

extension TemplateStatement {
  fileprivate var isWhiteSpace: Bool {
    guard case .text(let text) = self else { return false }
    return PythonText.startTrimmed(text[...]).isEmpty
  }

  /// Whether it, or anything inside it, assigns to the name `loop`.
  fileprivate var storesLoop: Bool {
    var found = false
    TemplateNames.visit([self], enteringBlocks: true) { name, use in
      if name == "loop", use == .store { found = true }
    }
    return found
  }
}
