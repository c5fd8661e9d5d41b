/// Where names are used in a template.
enum TemplateNames {
  enum Use {
    case load, store, parameter
  }

  /// All names in statements, in the order in which jinja2 meets them.
  static func visit(
    _ statements: [TemplateStatement], enteringBlocks: Bool, _ note: (String, Use) -> Void
  ) {
    func load(_ expressions: [TemplateExpression]) {
      for expression in expressions { visit(expression) { note($0, .load) } }
    }
    func inside(_ body: [TemplateStatement]) {
      visit(body, enteringBlocks: enteringBlocks, note)
    }
    func definition(_ macro: TemplateMacroDefinition) {
      for parameter in macro.parameters { note(parameter.name, .parameter) }
      load(macro.parameters.compactMap(\.value))
      inside(macro.body)
    }
    for statement in statements {
      switch statement {
      case .text, .breakLoop, .continueLoop: break
      case .output(let expression, _): load([expression])
      case .conditional(let branches, let otherwise):
        for branch in branches {
          load([branch.condition])
          inside(branch.body)
        }
        inside(otherwise)
      case .loop(let loop):
        visit(loop.target) { note($0, .store) }
        load([loop.sequence])
        inside(loop.body)
        inside(loop.otherwise)
        load([loop.condition].compactMap { $0 })
      case .set(let target, let expression, _):
        visit(target) { note($0, .store) }
        load([expression])
      case .setBlock(let target, let filters, let body, _):
        visit(target) { note($0, .store) }
        load(filters.flatMap(\.arguments.expressions))
        inside(body)
      case .macro(let macro), .generation(let macro): definition(macro)
      case .callBlock(let callee, let arguments, let macro, _):
        load([callee] + arguments.expressions)
        definition(macro)
      case .filterBlock(let filters, let body, _):
        inside(body)
        load(filters.flatMap(\.arguments.expressions))
      case .with(let bindings, let body, _):
        for binding in bindings { visit(binding.target) { note($0, .parameter) } }
        load(bindings.map(\.value))
        inside(body)
      case .autoescape(let condition, let body, _):
        load([condition])
        inside(body)
      case .block(let block): if enteringBlocks { inside(block.body) }
      case .foreign(_, let expressions, _, _): load(expressions)
      }
    }
  }

  /// Which of these names statements read before they set them.
  static func undeclared(_ names: Set<String>, in body: [TemplateStatement]) -> Set<String> {
    var open = names
    var found: Set<String> = []
    visit(body, enteringBlocks: false) { name, use in
      if use == .load, open.contains(name) {
        found.insert(name)
      } else {
        open.remove(name)
      }
    }
    return found
  }

  /// The names that a target sets; members of namespaces set none.
  static func visit(_ target: TemplateTarget, _ note: (String) -> Void) {
    switch target {
    case .name(let name): note(name)
    case .tuple(let targets): for target in targets { visit(target, note) }
    case .attribute: break
    }
  }

  static func visit(_ expression: TemplateExpression, _ note: (String) -> Void) {
    if case .name(let name, _) = expression { note(name) }
    for part in expression.parts { visit(part, note) }
  }
}
