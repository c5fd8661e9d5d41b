/// A template ready to run: immutable, rendered any number of times, from any thread.
struct TemplateProgram: Sendable {
  let body: TemplateBody
  let scope: TemplateScopeNodes
  let slots: Int
  /// The names that are looked for in the context, by symbol.
  let names: [String]
  /// The global functions that stand for these names where the context has none.
  let functions: [TemplateFunction?]
  /// The names of members that the template asks for, as a caller's texts.
  let members: [String: TemplateText]

  init(_ statements: [TemplateStatement]) throws(TemplateError) {
    var compiler = TemplateCompiler(hasBlocks: statements.contains { $0.holdsBlock })
    let function = TemplateFunctionScope(depth: 0)
    let symbols = TemplateSymbols(parent: nil, function: function)
    symbols.analyze(statements)
    let frame = TemplateCompiler.Frame(symbols: symbols, isTopLevel: true)
    body = try compiler.body(statements, frame)
    scope = compiler.scope(symbols)
    slots = function.slots
    names = compiler.names
    functions = names.map { TemplateFunction(rawValue: $0) }
    // Others are left out, as more than one text may equal them.
    members = compiler.members.values.reduce(into: [:]) { table, member in
      guard member.bytes.allSatisfy({ $0 < 0x80 }) else { return }
      table[member.name] = TemplateText(MarkedString(bytes: member.bytes, origin: .caller))
    }
  }
}

/// Turns statements and expressions into nodes in which every name has its place.
///
/// - Source: jinja2 3.1, `compiler.py`, for what is a scope and what is a function of its own.
struct TemplateCompiler {
  /// The scope that is being compiled.
  struct Frame {
    var symbols: TemplateSymbols
    /// What is set here is seen by blocks.
    var isTopLevel = false
    /// Behind a condition, where an unknown filter is an error only when it is reached.
    var isSoft = false
    /// Inside a constant that is computed while compiling.
    var isConstant = false

    var soft: Frame {
      var frame = self
      frame.isSoft = true
      return frame
    }
  }

  private(set) var names: [String] = []
  private var symbolsByName: [String: Int] = [:]
  /// By their bytes, since names that `String` calls equal may be different ones.
  private(set) var members: [[UInt8]: TemplateMember] = [:]
  private let hasBlocks: Bool
  var escapes = TemplateEscaping.off
  /// The highest node of the function that is being compiled.
  var height = 0
  var level = 0

  init(hasBlocks: Bool) { self.hasBlocks = hasBlocks }

  mutating func symbol(_ name: String) -> Int {
    if let symbol = symbolsByName[name] { return symbol }
    symbolsByName[name] = names.count
    names.append(name)
    return names.count - 1
  }

  /// One object for each name, so that most are found without a look at their letters.
  mutating func member(_ name: String) -> TemplateMember {
    let bytes = Array(name.utf8)
    if let member = members[bytes] { return member }
    let member = TemplateMember(name)
    members[bytes] = member
    return member
  }

  // MARK: Scopes

  func inner(_ frame: Frame) -> Frame {
    Frame(symbols: TemplateSymbols(parent: frame.symbols, function: frame.symbols.function))
  }

  /// A scope that is a function: its frame's parent is the one around it.
  func innerFunction(_ frame: Frame) -> Frame {
    let function = TemplateFunctionScope(depth: frame.symbols.function.depth + 1)
    return Frame(symbols: TemplateSymbols(parent: frame.symbols, function: function))
  }

  mutating func scope(_ symbols: TemplateSymbols) -> TemplateScopeNodes {
    var loads: [TemplateLoad] = []
    for name in symbols.names {
      let slot = symbols.slot(name)
      switch symbols.loads[name] {
      case .resolve: loads.append(.global(slot, symbol: symbol(name)))
      case .undefined: loads.append(.undefined(slot))
      case .alias:
        if let outer = symbols.parent?.owner(of: name) {
          loads.append(.alias(slot, variable(name, outer, from: symbols)))
        }
      case .parameter, nil: break
      }
    }
    return TemplateScopeNodes(loads: loads, slots: symbols.names.map { symbols.slot($0) })
  }

  private func variable(
    _ name: String, _ owner: TemplateSymbols, from symbols: TemplateSymbols
  ) -> TemplateVariable {
    TemplateVariable(
      hops: symbols.function.depth - owner.function.depth, slot: owner.slot(name))
  }

  /// The variable that a name stands for. Every name of a scope was analysed before; one that was
  /// not, in the filter of a set block, is looked for in the context.
  func variable(_ name: String, _ frame: Frame) -> TemplateVariable {
    if frame.symbols.owner(of: name) == nil { frame.symbols.load(name) }
    let owner = frame.symbols.owner(of: name) ?? frame.symbols
    return variable(name, owner, from: frame.symbols)
  }

  mutating func target(_ target: TemplateTarget, _ frame: Frame) -> TemplateTargetNode {
    switch target {
    case .name(let name):
      return .variable(
        variable(name, frame).slot, symbol: hasBlocks && frame.isTopLevel ? symbol(name) : nil)
    case .tuple(let targets): return .tuple(targets.map { self.target($0, frame) })
    case .attribute(let object, let name):
      return .member(variable(object, frame), member(name))
    }
  }

  // MARK: Heights

  /// Statements inside each other make a function higher.
  mutating func body(
    _ statements: [TemplateStatement], _ frame: Frame
  ) throws(TemplateError) -> TemplateBody {
    let levels = 2 + TemplateBody.levels(statements.count)
    level += levels
    defer { level -= levels }
    height = max(height, level)
    var nodes: [any TemplateStatementNode] = []
    for statement in statements { nodes.append(try node(statement, frame)) }
    return TemplateBody(nodes)
  }

  /// Compiles a function's inside and returns how high it is.
  mutating func measured<Result>(
    _ compile: (inout TemplateCompiler) throws(TemplateError) -> Result
  ) throws(TemplateError) -> (result: Result, height: Int) {
    let outer = (height, level)
    (height, level) = (0, 0)
    let result = try compile(&self)
    let own = height
    (height, level) = outer
    return (result, own)
  }
}

extension TemplateStatement {
  /// Whether it is a block, or has one inside.
  var holdsBlock: Bool {
    func any(_ body: [TemplateStatement]) -> Bool { body.contains { $0.holdsBlock } }
    return switch self {
    case .block: true
    case .conditional(let branches, let otherwise):
      branches.contains { any($0.body) } || any(otherwise)
    case .loop(let loop): any(loop.body) || any(loop.otherwise)
    case .setBlock(_, _, let body, _), .filterBlock(_, let body, _), .with(_, let body, _),
      .autoescape(_, let body, _):
      any(body)
    case .macro(let definition), .generation(let definition), .callBlock(_, _, let definition, _):
      any(definition.body)
    default: false
    }
  }
}
