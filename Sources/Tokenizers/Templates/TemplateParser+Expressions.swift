extension TemplateParser {
  /// An expression, or several with commas between as a tuple.
  mutating func tuple(
    allowsConditional: Bool = true, isInParentheses: Bool = false
  ) throws(TemplateError) -> TemplateExpression {
    var elements: [TemplateExpression] = []
    var isTuple = false
    var tallest = 0
    while !endsTuple {
      elements.append(allowsConditional ? try expression() : try or())
      tallest = max(tallest, height)
      guard skipSymbol(",") else { break }
      isTuple = true
    }
    if !isTuple, let element = elements.first { return element }
    guard isTuple || isInParentheses else {
      throw fail("expected an expression, found \(token.description)")
    }
    try rise(to: tallest + 1)
    return .tuple(elements)
  }

  var endsTuple: Bool {
    switch token.kind {
    case .variableEnd, .blockEnd, .symbol(")"): true
    default: false
    }
  }

  mutating func expression() throws(TemplateError) -> TemplateExpression {
    try descend()
    defer { ascend() }
    var value = try or()
    while skipName("if") {
      var tallest = height
      let condition = try or()
      tallest = max(tallest, height)
      let otherwise = skipName("else") ? try expression() : nil
      try rise(to: max(tallest, height) + 1)
      value = .conditional(condition, then: value, otherwise: otherwise)
    }
    return value
  }

  private mutating func or() throws(TemplateError) -> TemplateExpression {
    let first = try and()
    guard isName("or") else { return first }
    var operands = [first]
    var tallest = height
    while skipName("or") {
      operands.append(try and())
      tallest = max(tallest, height)
    }
    try rise(to: tallest + 1)
    return .or(operands)
  }

  private mutating func and() throws(TemplateError) -> TemplateExpression {
    let first = try not()
    guard isName("and") else { return first }
    var operands = [first]
    var tallest = height
    while skipName("and") {
      operands.append(try not())
      tallest = max(tallest, height)
    }
    try rise(to: tallest + 1)
    return .and(operands)
  }

  private mutating func not() throws(TemplateError) -> TemplateExpression {
    guard skipName("not") else { return try comparison() }
    try descend()
    defer { ascend() }
    let operand = try not()
    try rise(to: height + 1)
    return .not(operand)
  }

  private mutating func comparison() throws(TemplateError) -> TemplateExpression {
    let start = line
    let left = try sum()
    var tallest = height
    var comparisons: [TemplateComparison] = []
    while let kind = comparisonKind() {
      comparisons.append(TemplateComparison(kind: kind, operand: try sum()))
      tallest = max(tallest, height)
    }
    guard !comparisons.isEmpty else { return left }
    try rise(to: tallest + 1)
    return .compare(left, comparisons, line: start)
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
      guard next.kind == .name("in") else { return nil }
      advance()
      advance()
      return .isNotIn
    default: return nil
    }
  }

  /// Operators of one strength, from left to right.
  private mutating func chain(
    of symbols: Set<String>,
    _ operand: (inout TemplateParser) throws(TemplateError) -> TemplateExpression
  ) throws(TemplateError) -> TemplateExpression {
    let first = try operand(&self)
    var tallest = height
    var operations: [TemplateOperation] = []
    while case .symbol(let symbol) = token.kind, symbols.contains(symbol),
      let kind = TemplateOperator(rawValue: symbol)
    {
      let start = line
      advance()
      operations.append(TemplateOperation(kind: kind, operand: try operand(&self), line: start))
      tallest = max(tallest, height)
    }
    guard !operations.isEmpty else { return first }
    try rise(to: tallest + 1)
    return .arithmetic(first, operations)
  }

  private static let sums: Set = ["+", "-"]
  private static let products: Set = ["*", "/", "//", "%"]
  private static let powers: Set = ["**"]

  private mutating func sum() throws(TemplateError) -> TemplateExpression {
    try chain(of: TemplateParser.sums) { parser throws(TemplateError) in
      try parser.concatenation()
    }
  }

  private mutating func concatenation() throws(TemplateError) -> TemplateExpression {
    let start = line
    let first = try product()
    guard isSymbol("~") else { return first }
    var parts = [first]
    var tallest = height
    while skipSymbol("~") {
      parts.append(try product())
      tallest = max(tallest, height)
    }
    try rise(to: tallest + 1)
    return .concatenation(parts, line: start)
  }

  private mutating func product() throws(TemplateError) -> TemplateExpression {
    try chain(of: TemplateParser.products) { parser throws(TemplateError) in try parser.power() }
  }

  private mutating func power() throws(TemplateError) -> TemplateExpression {
    try chain(of: TemplateParser.powers) { parser throws(TemplateError) in
      try parser.unary(withFilters: true)
    }
  }

  private mutating func unary(withFilters: Bool) throws(TemplateError) -> TemplateExpression {
    let start = line
    var value: TemplateExpression
    if isSymbol("-") || isSymbol("+") {
      let isNegative = isSymbol("-")
      advance()
      try descend()
      defer { ascend() }
      let operand = try unary(withFilters: false)
      try rise(to: height + 1)
      value = .sign(operand, isNegative: isNegative, line: start)
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return withFilters ? try filters(value) : value
  }

  private mutating func primary() throws(TemplateError) -> TemplateExpression {
    let start = line
    try rise(to: 1)
    switch token.kind {
    case .name(let name):
      advance()
      switch name {
      case "true", "True": return .bool(true)
      case "false", "False": return .bool(false)
      case "none", "None": return .none
      default: return .name(name, line: start)
      }
    case .string(var bytes):
      advance()
      while case .string(let more) = token.kind {
        bytes += more
        advance()
      }
      return .string(bytes)
    case .integer(let value):
      advance()
      return .int(value)
    case .bigInteger(let value):
      advance()
      return .big(value)
    case .float(let value):
      advance()
      return .double(value)
    case .symbol("("):
      advance()
      let value = try tuple(isInParentheses: true)
      try expect(")")
      return value
    case .symbol("["): return try list()
    case .symbol("{"): return try dictionary(start)
    default: throw fail("unexpected \(token.description)")
    }
  }

  private mutating func list() throws(TemplateError) -> TemplateExpression {
    advance()
    var elements: [TemplateExpression] = []
    var tallest = 0
    while !isSymbol("]") {
      if !elements.isEmpty {
        try expect(",")
        if isSymbol("]") { break }
      }
      elements.append(try expression())
      tallest = max(tallest, height)
    }
    advance()
    try rise(to: tallest + 1)
    return .list(elements)
  }

  private mutating func dictionary(_ start: Int) throws(TemplateError) -> TemplateExpression {
    advance()
    var members: [TemplatePair] = []
    var tallest = 0
    while !isSymbol("}") {
      if !members.isEmpty {
        try expect(",")
        if isSymbol("}") { break }
      }
      let key = try expression()
      tallest = max(tallest, height)
      try expect(":")
      members.append(TemplatePair(key: key, value: try expression()))
      tallest = max(tallest, height)
    }
    advance()
    try rise(to: tallest + 1)
    return .dict(members, line: start)
  }

  private mutating func postfix(
    _ value: TemplateExpression
  ) throws(TemplateError) -> TemplateExpression {
    var value = value
    while true {
      let start = line
      let below = height
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
      try rise(to: max(below, height) + 1)
    }
  }

  private mutating func subscripted(
    _ value: TemplateExpression, _ start: Int
  ) throws(TemplateError) -> TemplateExpression {
    var indices: [TemplateExpression] = []
    var slice: TemplateSlice?
    var tallest = 0
    while !isSymbol("]") {
      if !indices.isEmpty || slice != nil { try expect(",") }
      let found = try subscriptPart(&tallest)
      guard slice == nil, found.slice == nil || indices.isEmpty else {
        throw fail("a slice cannot be an index among others")
      }
      slice = found.slice
      if let index = found.index { indices.append(index) }
    }
    advance()
    try rise(to: tallest)
    if let slice { return .slice(value, slice, line: start) }
    return .item(value, indices.count == 1 ? indices[0] : .tuple(indices), line: start)
  }

  /// An index, or a slice.
  private mutating func subscriptPart(
    _ tallest: inout Int
  ) throws(TemplateError) -> (index: TemplateExpression?, slice: TemplateSlice?) {
    var slice = TemplateSlice()
    if !isSymbol(":") {
      slice.start = try expression()
      tallest = max(tallest, height)
      if !isSymbol(":") { return (slice.start, nil) }
    }
    advance()
    if !isSymbol(":"), !isSymbol("]"), !isSymbol(",") {
      slice.stop = try expression()
      tallest = max(tallest, height)
    }
    if skipSymbol(":"), !isSymbol("]"), !isSymbol(",") {
      slice.step = try expression()
      tallest = max(tallest, height)
    }
    return (nil, slice)
  }

  /// Arguments in parentheses.
  mutating func arguments() throws(TemplateError) -> TemplateArguments {
    let start = line
    try expect("(")
    var arguments = TemplateArguments()
    var isFirst = true
    var tallest = 0
    func ensure(_ isRight: Bool) throws(TemplateError) {
      if !isRight { throw fail("arguments in the wrong order", line: start) }
    }
    while !isSymbol(")") {
      if !isFirst {
        try expect(",")
        if isSymbol(")") { break }
      }
      isFirst = false
      if skipSymbol("*") {
        try ensure(arguments.spread == nil && arguments.spreadKeywords == nil)
        arguments.spread = try expression()
      } else if skipSymbol("**") {
        try ensure(arguments.spreadKeywords == nil)
        arguments.spreadKeywords = try expression()
      } else if case .name(let name) = token.kind, next.kind == .symbol("=") {
        try ensure(arguments.spreadKeywords == nil)
        try ensure(!arguments.keywords.contains { $0.name == name })
        advance()
        advance()
        arguments.keywords.append((name, try expression()))
      } else {
        try ensure(
          arguments.spread == nil && arguments.spreadKeywords == nil && arguments.keywords.isEmpty)
        arguments.positional.append(try expression())
      }
      tallest = max(tallest, height)
    }
    advance()
    try rise(to: tallest)
    return arguments
  }

  /// Filters, tests and calls behind a value.
  private mutating func filters(
    _ value: TemplateExpression
  ) throws(TemplateError) -> TemplateExpression {
    var value = value
    while true {
      let below = height
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
      try rise(to: max(below, height) + 1)
    }
  }

  mutating func filterCall() throws(TemplateError) -> TemplateFilterCall {
    let start = line
    let name = try dottedName()
    try rise(to: 1)
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
    } else {
      try rise(to: 1)
    }
    let test = TemplateExpression.test(
      value, TemplateFilterCall(name: name, arguments: arguments, line: start))
    return isNegated ? .not(test) : test
  }

  private var beginsTestArgument: Bool {
    switch token.kind {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .string, .integer, .bigInteger, .float, .symbol("["), .symbol("{"): true
    default: false
    }
  }
}
