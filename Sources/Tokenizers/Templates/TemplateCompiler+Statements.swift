extension TemplateCompiler {
  mutating func node(
    _ statement: TemplateStatement, _ frame: Frame
  ) throws(TemplateError) -> any TemplateStatementNode {
    switch statement {
    case .text(let text):
      return TextNode(TemplateText(MarkedString(bytes: text, origin: .template)))
    case .output(let expression, let line):
      if let constant = constant(expression, frame, isOutput: true) {
        return OutputNode(constant, escapes, line: line)
      }
      let node = try node(expression, frame)
      if case .off = escapes, case .text(let text)? = (node as? ConstantNode)?.content {
        return TextNode(text)
      }
      return OutputNode(node, escapes, line: line)
    case .conditional(let branches, let otherwise):
      return try conditional(branches, otherwise, frame.soft)
    case .loop(let loop): return try node(loop, frame)
    case .set(let target, let expression, let line):
      return SetNode(self.target(target, frame), try node(expression, frame), line: line)
    case .setBlock(let target, let filters, let body, let line):
      return try setBlock(target, filters, body, frame, line)
    case .macro(let definition):
      let unit = try macro(definition, isCaller: false, frame)
      return MacroNode(unit, target(.name(definition.name), frame))
    case .callBlock(let callee, let arguments, let definition, let line):
      let unit = try macro(definition, isCaller: true, frame)
      let call = CallNode(
        try node(callee, frame), try self.arguments(arguments, frame), line: line)
      return CallBlockNode(unit, call)
    case .generation(let definition):
      return GenerationNode(try macro(definition, isCaller: true, frame))
    case .filterBlock(let filters, let body, let line):
      return try filterBlock(filters, body, frame, line)
    case .with(let bindings, let body, let line): return try with(bindings, body, frame, line)
    case .autoescape(let condition, let body, _):
      return try autoescape(condition, body, frame)
    case .block(let block): return try node(block, frame)
    case .foreign(let keyword, _, _, let line): return ForeignNode(keyword, line: line)
    case .breakLoop: return JumpNode(.breakLoop)
    case .continueLoop: return JumpNode(.continueLoop)
    }
  }

  private mutating func conditional(
    _ branches: [TemplateBranch], _ otherwise: [TemplateStatement], _ frame: Frame
  ) throws(TemplateError) -> any TemplateStatementNode {
    var nodes: [BranchNode] = []
    for branch in branches {
      nodes.append(
        BranchNode(
          try node(branch.condition, frame), try body(branch.body, frame), line: branch.line))
    }
    return BranchesNode(nodes, otherwise: try body(otherwise, frame))
  }

  private mutating func setBlock(
    _ target: TemplateTarget, _ filters: [TemplateFilterCall], _ statements: [TemplateStatement],
    _ frame: Frame, _ line: Int
  ) throws(TemplateError) -> any TemplateStatementNode {
    let inner = inner(frame)
    inner.symbols.analyze(statements)
    let body = try body(statements, inner)
    let filters = try self.filters(filters, inner)
    return SetBlockNode(
      self.target(target, frame), filters, scope(inner.symbols), body, line: line)
  }

  private mutating func filterBlock(
    _ filters: [TemplateFilterCall], _ statements: [TemplateStatement], _ frame: Frame,
    _ line: Int
  ) throws(TemplateError) -> any TemplateStatementNode {
    let inner = inner(frame)
    inner.symbols.analyze(statements)
    for filter in filters {
      for argument in filter.arguments.expressions { inner.symbols.analyze(argument) }
    }
    let body = try body(statements, inner)
    let filters = try self.filters(filters, inner)
    return FilterBlockNode(filters, scope(inner.symbols), body, escapes, line: line)
  }

  private mutating func with(
    _ bindings: [TemplateBinding], _ statements: [TemplateStatement], _ frame: Frame, _ line: Int
  ) throws(TemplateError) -> any TemplateStatementNode {
    let inner = inner(frame)
    for binding in bindings { inner.symbols.declare(parameters: binding.target) }
    inner.symbols.analyze(statements)
    var nodes: [(target: TemplateTargetNode, value: any TemplateNode)] = []
    for binding in bindings {
      nodes.append((target(binding.target, inner), try node(binding.value, frame)))
    }
    let body = try body(statements, inner)
    return WithNode(nodes, scope(inner.symbols), body, line: line)
  }

  private mutating func autoescape(
    _ condition: TemplateExpression, _ statements: [TemplateStatement], _ frame: Frame
  ) throws(TemplateError) -> any TemplateStatementNode {
    let inner = inner(frame)
    inner.symbols.analyze(condition)
    inner.symbols.analyze(statements)
    let value = try node(condition, inner)
    let outer = escapes
    if case .bool(let isOn) = condition {
      escapes = isOn ? .on : .off
    } else {
      escapes = .atRunTime
    }
    defer { escapes = outer }
    let body = try body(statements, inner)
    return AutoescapeNode(value, scope(inner.symbols), body)
  }

  private mutating func node(
    _ block: TemplateBlock, _ frame: Frame
  ) throws(TemplateError) -> any TemplateStatementNode {
    let function = TemplateFunctionScope(depth: 0)
    let inner = Frame(symbols: TemplateSymbols(parent: nil, function: function))
    inner.symbols.analyze(block.body)
    let (body, height) = try measured { compiler throws(TemplateError) in
      try compiler.body(block.body, inner)
    }
    var locals: [(symbol: Int, variable: TemplateVariable)] = []
    if block.isScoped {
      var symbols: TemplateSymbols? = frame.symbols
      var seen: Set<String> = []
      while let current = symbols {
        for name in current.stores.sorted() where seen.insert(name).inserted {
          locals.append((symbol(name), variable(name, frame)))
        }
        symbols = current.parent
      }
    }
    let scope = scope(inner.symbols)
    return BlockNode(slots: function.slots, height: height, scope, body, locals: locals)
  }

  // MARK: Loops

  private mutating func node(
    _ loop: TemplateLoop, _ frame: Frame
  ) throws(TemplateError) -> any TemplateStatementNode {
    let sequence = try node(loop.sequence, frame)
    let filter = try loop.condition.map { condition throws(TemplateError) in
      try loopFilter(loop.target, condition, frame)
    }
    guard loop.isRecursive else {
      return LoopNode(sequence, try parts(loop, filter, inner(frame), inner(frame)))
    }
    let body = innerFunction(frame)
    let (parts, height) = try measured { compiler throws(TemplateError) in
      // Both scopes are in the loop's own function.
      let otherwise = Frame(
        symbols: TemplateSymbols(parent: frame.symbols, function: body.symbols.function))
      return try compiler.parts(loop, filter, body, otherwise)
    }
    let unit = TemplateRecursiveUnit(
      slots: body.symbols.function.slots, height: height, parts)
    return RecursiveLoopNode(sequence, unit)
  }

  private mutating func parts(
    _ loop: TemplateLoop, _ filter: TemplateLoopFilter?, _ inner: Frame, _ otherwise: Frame
  ) throws(TemplateError) -> TemplateLoopParts {
    let symbols = inner.symbols
    var stateSlot: Int?
    if loop.isRecursive || TemplateNames.undeclared(["loop"], in: loop.body).contains("loop")
      || loop.body.contains(where: { $0.holdsBlock })
    {
      symbols.declare(parameter: "loop")
      stateSlot = symbols.slot("loop")
    }
    symbols.declare(parameters: loop.target)
    symbols.analyze(loop.body)
    otherwise.symbols.analyze(loop.otherwise)
    let target = target(loop.target, inner)
    let body = try body(loop.body, inner)
    let elseBody = try self.body(loop.otherwise, otherwise)
    var isIdle = false
    if case .variable(let slot, _) = target, filter == nil, elseBody.isEmpty {
      isIdle = body.isIdle(forCharacterIn: slot)
    }
    return TemplateLoopParts(
      target: target, filter: filter, stateSlot: stateSlot, scope: scope(symbols), body: body,
      elseScope: scope(otherwise.symbols), otherwise: elseBody, line: loop.line,
      isIdleForTexts: isIdle)
  }

  private mutating func loopFilter(
    _ target: TemplateTarget, _ condition: TemplateExpression, _ frame: Frame
  ) throws(TemplateError) -> TemplateLoopFilter {
    let inner = innerFunction(frame)
    inner.symbols.declare(parameters: target)
    inner.symbols.analyze(condition)
    let value = try node(condition, inner)
    let place = self.target(target, inner)
    let scope = scope(inner.symbols)
    return TemplateLoopFilter(
      slots: inner.symbols.function.slots, scope: scope, target: place, condition: value)
  }

  // MARK: Macros

  private mutating func macro(
    _ definition: TemplateMacroDefinition, isCaller: Bool, _ frame: Frame
  ) throws(TemplateError) -> TemplateMacroUnit {
    let inner = innerFunction(frame)
    let symbols = inner.symbols
    let names = definition.parameters.map(\.name)
    for name in names { symbols.declare(parameter: name) }
    let asked = TemplateNames.undeclared(["caller", "kwargs", "varargs"], in: definition.body)
    func special(_ name: String) -> Int? {
      guard asked.contains(name), !names.contains(name) else { return nil }
      symbols.declare(parameter: name)
      return symbols.slot(name)
    }
    if asked.contains("caller"),
      definition.parameters.contains(where: { $0.name == "caller" && $0.value == nil })
    {
      throw TemplateError(
        .syntax, "the parameter 'caller' must be left out or have a default",
        line: definition.line)
    }
    let slots = (special("caller"), special("kwargs"), special("varargs"))
    for parameter in definition.parameters {
      if let value = parameter.value { symbols.analyze(value) }
    }
    symbols.analyze(definition.body)
    let (content, height) = try measured { compiler throws(TemplateError) in
      var parameters: [TemplateParameter] = []
      for parameter in definition.parameters {
        let value = try parameter.value.map { value throws(TemplateError) in
          try compiler.node(value, inner)
        }
        parameters.append(
          TemplateParameter(
            compiler.member(parameter.name), slot: symbols.slot(parameter.name), value))
      }
      return (parameters, try compiler.body(definition.body, inner))
    }
    let scope = scope(symbols)
    return TemplateMacroUnit(
      name: definition.name, isCaller: isCaller, slots: symbols.function.slots, height: height,
      parameters: content.0, special: slots, takesCaller: asked.contains("caller"), scope: scope,
      body: content.1)
  }
}
