extension TemplateParser {
  /// An expression, or several with commas between as a tuple.
  mutating func tuple(allowsConditional: Bool = true) throws(TemplateError) -> TemplateExpression {
    let first = allowsConditional ? try expression() : try or()
    guard isSymbol(",") else { return first }
    var elements = [first]
    while skipSymbol(",") {
      if endsTuple { break }
      elements.append(allowsConditional ? try expression() : try or())
    }
    return .tuple(elements)
  }

  private var endsTuple: Bool {
    switch token.kind {
    case .variableEnd, .blockEnd, .symbol(")"), .symbol("]"), .symbol("="), .name("in"),
      .name("recursive"):
      true
    default: false
    }
  }

  mutating func expression() throws(TemplateError) -> TemplateExpression {
    try descend()
    defer { depth -= 1 }
    var value = try or()
    while skipName("if") {
      try link()
      let condition = try or()
      let otherwise = skipName("else") ? try expression() : nil
      value = .conditional(condition, then: value, otherwise: otherwise)
    }
    return value
  }

  private mutating func or() throws(TemplateError) -> TemplateExpression {
    var left = try and()
    while skipName("or") {
      try link()
      left = .or(left, try and())
    }
    return left
  }

  private mutating func and() throws(TemplateError) -> TemplateExpression {
    var left = try not()
    while skipName("and") {
      try link()
      left = .and(left, try not())
    }
    return left
  }

  private mutating func not() throws(TemplateError) -> TemplateExpression {
    guard skipName("not") else { return try comparison() }
    try descend()
    defer { depth -= 1 }
    return .not(try not())
  }

  private mutating func comparison() throws(TemplateError) -> TemplateExpression {
    let start = line
    let left = try sum()
    var comparisons: [TemplateComparison] = []
    while let kind = comparisonKind() {
      comparisons.append(TemplateComparison(kind: kind, operand: try sum()))
    }
    return comparisons.isEmpty ? left : .compare(left, comparisons, line: start)
  }

  private mutating func comparisonKind() -> TemplateComparison.Kind? {
    switch token.kind {
    case .symbol(let symbol):
      guard let kind = TemplateComparison.Kind(rawValue: symbol) else { return nil }
      advance()
      return kind
    case .name("in"):
      advance()
      return .isIn
    case .name("not"):
      guard tokens[at + 1].kind == .name("in") else { return nil }
      advance()
      advance()
      return .isNotIn
    default: return nil
    }
  }

  private mutating func sum() throws(TemplateError) -> TemplateExpression {
    var left = try concatenation()
    while isSymbol("+") || isSymbol("-") {
      try link()
      let start = line
      let operation: TemplateOperator = isSymbol("+") ? .add : .subtract
      advance()
      left = .binary(operation, left, try concatenation(), line: start)
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> TemplateExpression {
    var parts = [try product()]
    while skipSymbol("~") { parts.append(try product()) }
    return parts.count == 1 ? parts[0] : .concatenation(parts)
  }

  private mutating func product() throws(TemplateError) -> TemplateExpression {
    var left = try power()
    while case .symbol(let symbol) = token.kind, ["*", "/", "//", "%"].contains(symbol),
      let operation = TemplateOperator(rawValue: symbol)
    {
      try link()
      let start = line
      advance()
      left = .binary(operation, left, try power(), line: start)
    }
    return left
  }

  private mutating func power() throws(TemplateError) -> TemplateExpression {
    var left = try unary(withFilters: true)
    while isSymbol("**") {
      try link()
      let start = line
      advance()
      left = .binary(.power, left, try unary(withFilters: true), line: start)
    }
    return left
  }

  private mutating func unary(withFilters: Bool) throws(TemplateError) -> TemplateExpression {
    let start = line
    var value: TemplateExpression
    if isSymbol("-") || isSymbol("+") {
      let isMinus = isSymbol("-")
      advance()
      try descend()
      defer { depth -= 1 }
      let operand = try unary(withFilters: false)
      value = isMinus ? .negative(operand, line: start) : .positive(operand, line: start)
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return withFilters ? try filters(value) : value
  }

  private mutating func primary() throws(TemplateError) -> TemplateExpression {
    let start = line
    switch token.kind {
    case .name(let name):
      advance()
      switch name {
      case "true", "True": return .bool(true)
      case "false", "False": return .bool(false)
      case "none", "None": return .none
      default: return .name(symbol(name), line: start)
      }
    case .string(var bytes):
      advance()
      while case .string(let more) = token.kind {
        bytes += more
        advance()
      }
      return .string(MarkedString(bytes: bytes, origin: .template))
    case .integer(let value):
      advance()
      return .int(value)
    case .float(let value):
      advance()
      return .double(value)
    case .symbol("("):
      advance()
      if skipSymbol(")") { return .tuple([]) }
      let value = try tuple()
      try expect(")")
      return value
    case .symbol("["): return .list(try elements(closedBy: "]"))
    case .symbol("{"): return try dictionary()
    default: throw fail("unexpected \(token.description)")
    }
  }

  private mutating func elements(
    closedBy end: String
  ) throws(TemplateError) -> [TemplateExpression] {
    advance()
    var elements: [TemplateExpression] = []
    while !isSymbol(end) {
      if !elements.isEmpty {
        try expect(",")
        if isSymbol(end) { break }
      }
      elements.append(try expression())
    }
    advance()
    return elements
  }

  private mutating func dictionary() throws(TemplateError) -> TemplateExpression {
    advance()
    var members: [(key: TemplateExpression, value: TemplateExpression)] = []
    while !isSymbol("}") {
      if !members.isEmpty {
        try expect(",")
        if isSymbol("}") { break }
      }
      let key = try expression()
      try expect(":")
      members.append((key, try expression()))
    }
    advance()
    return .dict(members)
  }

  private mutating func postfix(
    _ value: TemplateExpression
  ) throws(TemplateError) -> TemplateExpression {
    var value = value
    while true {
      let start = line
      if skipSymbol(".") {
        if case .integer(let index) = token.kind {
          advance()
          value = .item(value, .int(index), line: start)
        } else {
          value = .attribute(value, try expectName(), line: start)
        }
      } else if skipSymbol("[") {
        value = try subscripted(value, start)
      } else if isSymbol("(") {
        value = .call(value, try arguments(), line: start)
      } else {
        return value
      }
      try link()
    }
  }

  private mutating func subscripted(
    _ value: TemplateExpression, _ start: Int
  ) throws(TemplateError) -> TemplateExpression {
    var slice = TemplateSlice()
    var colons = 0
    var index: TemplateExpression?
    while !isSymbol("]") {
      if skipSymbol(":") {
        colons += 1
        guard colons <= 2 else { throw fail("a slice has three parts at most") }
      } else {
        let part = try tuple()
        switch colons {
        case 0:
          slice.start = part
          index = part
        case 1: slice.stop = part
        default: slice.step = part
        }
      }
    }
    advance()
    if colons > 0 { return .slice(value, slice, line: start) }
    guard let index else { throw fail("an index is missing") }
    return .item(value, index, line: start)
  }

  mutating func arguments() throws(TemplateError) -> TemplateArguments {
    try expect("(")
    var arguments = TemplateArguments()
    var isFirst = true
    while !isSymbol(")") {
      if !isFirst {
        try expect(",")
        if isSymbol(")") { break }
      }
      isFirst = false
      if skipSymbol("**") {
        arguments.spreadKeywords = try expression()
      } else if skipSymbol("*") {
        arguments.spread = try expression()
      } else if case .name(let name) = token.kind, tokens[at + 1].kind == .symbol("=") {
        advance()
        advance()
        arguments.keywords.append((name, try expression()))
      } else {
        guard arguments.keywords.isEmpty else {
          throw fail("an argument without a name follows one with a name")
        }
        arguments.positional.append(try expression())
      }
    }
    advance()
    return arguments
  }

  /// Filters, tests and calls behind a value.
  private mutating func filters(
    _ value: TemplateExpression
  ) throws(TemplateError) -> TemplateExpression {
    var value = value
    while true {
      if skipSymbol("|") {
        value = .filter(value, try filterCall())
      } else if isName("is") {
        value = try test(value)
      } else if isSymbol("(") {
        let start = line
        value = .call(value, try arguments(), line: start)
      } else {
        return value
      }
      try link()
    }
  }

  mutating func filterCall() throws(TemplateError) -> TemplateFilterCall {
    let start = line
    let name = try dottedName()
    let arguments = isSymbol("(") ? try arguments() : TemplateArguments()
    return TemplateFilterCall(name: name, arguments: arguments, line: start)
  }

  private mutating func dottedName() throws(TemplateError) -> String {
    var name = try expectName()
    while skipSymbol(".") { name += "." + (try expectName()) }
    return name
  }

  private mutating func test(
    _ value: TemplateExpression
  ) throws(TemplateError) -> TemplateExpression {
    let start = line
    advance()
    let isNegated = skipName("not")
    let name = try dottedName()
    var arguments = TemplateArguments()
    if isSymbol("(") {
      arguments = try self.arguments()
    } else if beginsTestArgument {
      if isName("is") { throw fail("tests cannot be chained with 'is'") }
      arguments.positional = [try postfix(try primary())]
    }
    return .test(value, name, arguments, isNegated: isNegated, line: start)
  }

  private var beginsTestArgument: Bool {
    switch token.kind {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .string, .integer, .float, .symbol("["), .symbol("{"): true
    default: false
    }
  }
}
