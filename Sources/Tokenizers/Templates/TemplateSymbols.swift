/// What the names of one scope stand for.
///
/// Jinja2 decides when it compiles whether a name is a variable of this scope, of one around it or
/// of the context: a name that is set anywhere in a scope is that scope's from its first line on.
/// These are its rules.
///
/// - Source: jinja2 3.1, `idtracking.py`.
final class TemplateSymbols {
  /// What a variable holds when its scope begins.
  enum Load {
    /// Set by who opens the scope.
    case parameter
    /// From the context.
    case resolve
    /// The variable of that name around the scope.
    case alias
    case undefined
  }

  let parent: TemplateSymbols?
  let level: Int
  let function: TemplateFunctionScope
  private(set) var loads: [String: Load] = [:]
  /// The names of `loads` in the order of their first mention.
  private(set) var names: [String] = []
  private(set) var stores: Set<String> = []

  /// What was changed: the load before, to take it back at the end of a branch, or the one after.
  private enum Change {
    case load(String, Load?)
    case store(String)
  }
  private var journal: [Change] = []

  init(parent: TemplateSymbols?, function: TemplateFunctionScope) {
    self.parent = parent
    self.function = function
    level = parent.map { $0.level + 1 } ?? 0
  }

  private func define(_ name: String, _ load: Load) {
    let before = loads.updateValue(load, forKey: name)
    if before == nil { names.append(name) }
    journal.append(.load(name, before))
  }

  private func markStored(_ name: String) {
    if stores.insert(name).inserted { journal.append(.store(name)) }
  }

  /// The scope that has a name, from this one outwards.
  func owner(of name: String) -> TemplateSymbols? {
    loads[name] != nil ? self : parent?.owner(of: name)
  }

  /// The place of one of this scope's own names in its function's frame.
  func slot(_ name: String) -> Int { function.slot(of: name, level: level) }

  func load(_ name: String) { if owner(of: name) == nil { define(name, .resolve) } }

  func store(_ name: String) {
    markStored(name)
    guard loads[name] == nil else { return }
    define(name, parent?.owner(of: name) == nil ? .undefined : .alias)
  }

  func declare(parameter name: String) {
    markStored(name)
    define(name, .parameter)
  }

  // MARK: Reading a scope

  func analyze(_ expression: TemplateExpression) {
    TemplateNames.visit(expression) { load($0) }
  }

  func analyze(_ statements: [TemplateStatement]) {
    for statement in statements { analyze(statement) }
  }

  private func analyze(_ filters: [TemplateFilterCall]) {
    for filter in filters { for argument in filter.arguments.expressions { analyze(argument) } }
  }

  func store(_ target: TemplateTarget) {
    switch target {
    case .name(let name): store(name)
    case .tuple(let targets): for target in targets { store(target) }
    case .attribute(let name, _): load(name)
    }
  }

  func declare(parameters target: TemplateTarget) {
    TemplateNames.visit(target) { declare(parameter: $0) }
  }

  /// Bodies of inner scopes are left out: those are analysed when they are compiled.
  private func analyze(_ statement: TemplateStatement) {
    switch statement {
    case .text, .breakLoop, .continueLoop, .block, .autoescape, .generation: break
    case .output(let expression, _): analyze(expression)
    case .conditional(let branches, let otherwise): analyze(branches, otherwise)
    case .loop(let loop): analyze(loop.sequence)
    case .set(let target, let expression, _):
      analyze(expression)
      store(target)
    case .setBlock(let target, _, _, _): store(target)
    case .macro(let definition): store(definition.name)
    case .callBlock(let callee, let arguments, _, _):
      analyze(callee)
      for argument in arguments.expressions { analyze(argument) }
    case .filterBlock(let filters, _, _): analyze(filters)
    case .with(let bindings, _, _): for binding in bindings { analyze(binding.value) }
    case .foreign(_, let expressions, let names, _):
      for expression in expressions { analyze(expression) }
      for name in names { store(name) }
    }
  }

  private func analyze(_ branches: [TemplateBranch], _ otherwise: [TemplateStatement]) {
    guard let first = branches.first else { return }
    analyze(first.condition)
    join([
      branch { analyze(first.body) },
      branch { for branch in branches.dropFirst() { analyze([branch], []) } },
      branch { analyze(otherwise) },
    ])
  }

  /// What a branch would change: done, noted and taken back.
  private func branch(_ analyze: () -> Void) -> [Change] {
    let start = journal.count
    analyze()
    var changes: [Change] = []
    for change in journal[start...] {
      switch change {
      case .load(let name, _): changes.append(.load(name, loads[name]))
      case .store: changes.append(change)
      }
    }
    for change in journal[start...].reversed() {
      switch change {
      case .load(let name, let before):
        loads[name] = before
        if before == nil { names.removeLast() }
      case .store(let name): stores.remove(name)
      }
    }
    journal.removeSubrange(start...)
    return changes
  }

  /// What is set in one branch only may be anything afterwards.
  private func join(_ branches: [[Change]]) {
    var stored: Set<String> = []
    for change in branches.joined() {
      switch change {
      case .load(let name, let load): if let load { define(name, load) }
      case .store(let name): if !stores.contains(name) { stored.insert(name) }
      }
    }
    for name in stored.sorted() {
      markStored(name)
      define(name, parent?.owner(of: name) == nil ? .resolve : .alias)
    }
  }
}

/// A template's root, a macro or a recursive loop: what has a frame of its own when it runs.
final class TemplateFunctionScope {
  let depth: Int
  private(set) var slots = 0
  private var places: [String: Int] = [:]

  init(depth: Int) { self.depth = depth }

  /// Scopes of one level share a place for one name, as variables of one Python function do.
  func slot(of name: String, level: Int) -> Int {
    let key = "\(level) \(name)"
    if let place = places[key] { return place }
    places[key] = slots
    slots += 1
    return slots - 1
  }

  /// A place without a name.
  func spareSlot() -> Int {
    slots += 1
    return slots - 1
  }
}
