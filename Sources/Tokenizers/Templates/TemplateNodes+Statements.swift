/// How a variable of a scope gets its first value.
enum TemplateLoad: Sendable {
  case undefined(Int)
  case global(Int, symbol: Int)
  case alias(Int, TemplateVariable)
}

/// The variables of a scope: what they hold at its beginning, and that they hold nothing after it.
struct TemplateScopeNodes: Sendable {
  let loads: [TemplateLoad]
  let slots: [Int]

  @inline(__always)
  func enter(_ run: inout TemplateRun) {
    var at = 0
    while at < loads.count {
      switch loads[at] {
      case .undefined(let slot): run.slots[slot] = .missing
      case .global(let slot, let symbol): run.slots[slot] = run.resolve(symbol)
      case .alias(let slot, let outer):
        run.slots[slot] = run.value(of: outer)
      }
      at += 1
    }
  }

  func leave(_ run: inout TemplateRun) {
    var at = 0
    while at < slots.count {
      run.slots[slots[at]] = .missing
      at += 1
    }
  }
}

extension TemplateRun {
  func resolve(_ symbol: Int) -> TemplateValue {
    if !exports.isEmpty, let value = exports[symbol] { return value }
    return globals[symbol]
  }
}

/// A place that a value can be assigned to, compiled.
indirect enum TemplateTargetNode: Sendable {
  /// - Parameter symbol: where the template's blocks find it, if they may.
  case variable(Int, symbol: Int?)
  case tuple([TemplateTargetNode])
  case member(TemplateVariable, TemplateMember)

  func assign(
    _ value: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) {
    switch self {
    case .variable(let slot, let symbol):
      run.slots[slot] = value
      if let symbol { run.exports[symbol] = value }
    case .member(let variable, let member):
      guard case .namespace(let place) = run.value(of: variable) else {
        throw run.fail(.type, "cannot assign attribute on non-namespace object")
      }
      guard !member.isPrivate else { throw run.privateNamespaceMember }
      run.namespaces[place].set(member, to: value)
    case .tuple(let targets):
      var cursor = try run.cursor(value)
      var values: [TemplateValue] = []
      while values.count <= targets.count, let next = try cursor.next(&run) {
        values.append(next)
      }
      guard values.count == targets.count else {
        throw run.fail(.type, "cannot unpack: \(targets.count) values expected")
      }
      for (target, value) in zip(targets, values) { try target.assign(value, &run) }
    }
  }

  /// Members of anything but a namespace are refused before the value is looked at.
  func check(_ run: TemplateRun) throws(TemplateError) {
    switch self {
    case .variable: break
    case .tuple(let targets): for target in targets { try target.check(run) }
    case .member(let variable, _):
      if case .namespace = run.value(of: variable) { return }
      throw run.fail(.type, "cannot assign attribute on non-namespace object")
    }
  }

  /// What was assigned, for a filtered loop: tuples are made anew.
  func value(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    switch self {
    case .variable(let slot, _): return run.slots[slot]
    case .member: return .none
    case .tuple(let targets):
      var values: [TemplateValue] = []
      for target in targets { values.append(try target.value(&run)) }
      return try run.tuple(values)
    }
  }
}

extension TemplateRun {
  var privateNamespaceMember: TemplateError {
    fail(.forbidden, "a namespace stores nothing under names that begin with '_'")
  }
}

final class TextNode: TemplateStatementNode {
  private let text: TemplateText

  init(_ text: TemplateText) { self.text = text }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try run.emit(text)
    return .normal
  }
}

final class OutputNode: TemplateStatementNode {
  private let expression: any TemplateNode
  private let escapes: TemplateEscaping
  private let line: Int

  init(_ expression: any TemplateNode, _ escapes: TemplateEscaping, line: Int) {
    self.expression = expression
    self.escapes = escapes
    self.line = line
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    run.line = line
    if case .off = escapes {
      try expression.write(&run)
    } else {
      let text = try run.text(of: try expression.evaluate(&run))
      try run.emit(escapes.isOn(run) ? text.escaped : text)
    }
    return .normal
  }
}

/// A condition with what is done where it holds.
final class BranchNode: Sendable {
  let condition: any TemplateNode
  private let body: TemplateBody
  private let line: Int

  init(_ condition: any TemplateNode, _ body: TemplateBody, line: Int) {
    self.condition = condition
    self.body = body
    self.line = line
  }

  /// Nil where the condition does not hold.
  @inline(__always)
  fileprivate func execute(
    _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateRun.Flow? {
    run.line = line
    return try condition.isTrue(&run) ? try body.execute(&run) : nil
  }
}

final class BranchesNode: TemplateStatementNode {
  private let first: BranchNode
  private let second: BranchNode?
  private let third: BranchNode?
  private let more: [BranchNode]
  private let otherwise: TemplateBody

  /// - Precondition: there is a branch.
  init(_ branches: [BranchNode], otherwise: TemplateBody) {
    first = branches[0]
    second = branches.count > 1 ? branches[1] : nil
    third = branches.count > 2 ? branches[2] : nil
    more = Array(branches.dropFirst(3))
    self.otherwise = otherwise
  }

  func isIdle(forCharacterIn slot: Int) -> Bool {
    ([first, second, third].compactMap { $0 } + more).allSatisfy {
      $0.condition.isFalse(forCharacterIn: slot)
    } && otherwise.isEmpty
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try run.step()
    if let flow = try first.execute(&run) { return flow }
    if let flow = try second?.execute(&run) { return flow }
    if let flow = try third?.execute(&run) { return flow }
    var at = 0
    while at < more.count {
      if let flow = try more[at].execute(&run) { return flow }
      at += 1
    }
    return try otherwise.execute(&run)
  }
}

final class SetNode: TemplateStatementNode {
  private let target: TemplateTargetNode
  /// Where the target is a variable of this function, or a member of one.
  private let slot: Int?
  private let member: TemplateMember?
  private let value: any TemplateNode
  private let line: Int

  init(_ target: TemplateTargetNode, _ value: any TemplateNode, line: Int) {
    self.target = target
    switch target {
    case .variable(let slot, nil):
      self.slot = slot
      member = nil
    case .member(let variable, let member) where variable.hops == 0 && !member.isPrivate:
      slot = variable.slot
      self.member = member
    default:
      slot = nil
      member = nil
    }
    self.value = value
    self.line = line
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    run.line = line
    try run.step()
    guard let slot else { return try assign(&run) }
    if member == nil {
      let value = try value.evaluate(&run)
      run.line = line
      run.slots[slot] = value
    } else {
      guard case .namespace(let place) = run.slots[slot] else { return try assign(&run) }
      let value = try value.evaluate(&run)
      run.line = line
      member?.set(value, in: &run.namespaces[place])
    }
    return .normal
  }

  private func assign(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try target.check(run)
    let value = try value.evaluate(&run)
    run.line = line
    try target.assign(value, &run)
    return .normal
  }
}

/// `{% set x %}..{% endset %}`.
final class SetBlockNode: TemplateStatementNode {
  private let target: TemplateTargetNode
  private let filters: [FilterNode]
  private let scope: TemplateScopeNodes
  private let body: TemplateBody
  private let line: Int

  init(
    _ target: TemplateTargetNode, _ filters: [FilterNode], _ scope: TemplateScopeNodes,
    _ body: TemplateBody, line: Int
  ) {
    self.target = target
    self.filters = filters
    self.scope = scope
    self.body = body
    self.line = line
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    run.line = line
    try run.step()
    try target.check(run)
    scope.enter(&run)
    var (text, flow) = try run.capture { run throws(TemplateError) in try body.execute(&run) }
    guard flow == .normal else { return flow }
    run.line = line
    text.isMarkup = run.escapes && filters.isEmpty
    var value = TemplateValue.string(text)
    for filter in filters { value = try filter.apply(to: value, &run) }
    if run.escapes {
      var markup = try run.text(of: value)
      markup.isMarkup = true
      value = .string(markup)
    }
    try target.assign(value, &run)
    scope.leave(&run)
    return .normal
  }
}

final class FilterBlockNode: TemplateStatementNode {
  private let filters: [FilterNode]
  private let scope: TemplateScopeNodes
  private let body: TemplateBody
  private let escapes: TemplateEscaping
  private let line: Int

  init(
    _ filters: [FilterNode], _ scope: TemplateScopeNodes, _ body: TemplateBody,
    _ escapes: TemplateEscaping, line: Int
  ) {
    self.filters = filters
    self.scope = scope
    self.body = body
    self.escapes = escapes
    self.line = line
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try run.step()
    scope.enter(&run)
    var (text, flow) = try run.capture { run throws(TemplateError) in try body.execute(&run) }
    guard flow == .normal else { return flow }
    run.line = line
    text.isMarkup = escapes.isOn(run)
    var value = TemplateValue.string(text)
    for filter in filters { value = try filter.apply(to: value, &run) }
    try run.emit(value, of: "filter")
    scope.leave(&run)
    return .normal
  }
}

final class WithNode: TemplateStatementNode {
  private let bindings: [(target: TemplateTargetNode, value: any TemplateNode)]
  private let scope: TemplateScopeNodes
  private let body: TemplateBody
  private let line: Int

  init(
    _ bindings: [(target: TemplateTargetNode, value: any TemplateNode)],
    _ scope: TemplateScopeNodes, _ body: TemplateBody, line: Int
  ) {
    self.bindings = bindings
    self.scope = scope
    self.body = body
    self.line = line
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    run.line = line
    try run.step()
    scope.enter(&run)
    for binding in bindings { try binding.target.assign(try binding.value.evaluate(&run), &run) }
    let flow = try body.execute(&run)
    scope.leave(&run)
    return flow
  }
}

final class AutoescapeNode: TemplateStatementNode {
  private let condition: any TemplateNode
  private let scope: TemplateScopeNodes
  private let body: TemplateBody

  init(
    _ condition: any TemplateNode, _ scope: TemplateScopeNodes,
    _ body: TemplateBody
  ) {
    self.condition = condition
    self.scope = scope
    self.body = body
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try run.step()
    scope.enter(&run)
    let outer = run.escapes
    run.escapes = try condition.isTrue(&run)
    let flow = try body.execute(&run)
    // A loop that is left here leaves the setting as it is, as in the reference.
    guard flow == .normal else { return flow }
    run.escapes = outer
    scope.leave(&run)
    return .normal
  }
}

final class JumpNode: TemplateStatementNode {
  private let flow: TemplateRun.Flow

  init(_ flow: TemplateRun.Flow) { self.flow = flow }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try run.step()
    return flow
  }
}

/// `include` and the like: there is no other template.
final class ForeignNode: TemplateStatementNode {
  private let keyword: String
  private let line: Int

  init(_ keyword: String, line: Int) {
    self.keyword = keyword
    self.line = line
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    throw TemplateError(
      .forbidden, "'\(keyword)' needs another template, and there is none", line: line)
  }
}
