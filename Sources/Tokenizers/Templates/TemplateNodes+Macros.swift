/// A parameter of a macro, with the value that it has where none is given.
final class TemplateParameter: Sendable {
  let member: TemplateMember
  let slot: Int
  let value: (any TemplateNode)?

  init(_ member: TemplateMember, slot: Int, _ value: (any TemplateNode)?) {
    self.member = member
    self.slot = slot
    self.value = value
  }

  var name: String { member.name }

  fileprivate func complete(_ run: inout TemplateRun) throws(TemplateError) {
    guard case .missing = run.slots[slot] else { return }
    run.slots[slot] =
      try value?.evaluate(&run) ?? run.undefined(.missing("parameter '\(name)' was not provided"))
  }
}

/// A macro, or the body of a call block.
final class TemplateMacroUnit: Sendable {
  let name: String
  let isCaller: Bool
  let slots: Int
  let height: Int
  let parameters: [TemplateParameter]
  /// Where `caller`, `kwargs` and `varargs` go, if the body asks for them.
  let callerSlot: Int?
  let namedSlot: Int?
  let moreSlot: Int?
  /// The body asks for `caller`, which may be a parameter of its own.
  let takesCaller: Bool
  /// Nothing goes anywhere but to parameters.
  private let isPlain: Bool
  let scope: TemplateScopeNodes
  let body: TemplateBody

  init(
    name: String, isCaller: Bool, slots: Int, height: Int, parameters: [TemplateParameter],
    special: (caller: Int?, named: Int?, more: Int?), takesCaller: Bool,
    scope: TemplateScopeNodes, body: TemplateBody
  ) {
    self.name = name
    self.isCaller = isCaller
    self.slots = slots
    self.height = height
    self.parameters = parameters
    (callerSlot, namedSlot, moreSlot) = special
    isPlain = callerSlot == nil && namedSlot == nil && moreSlot == nil
    self.takesCaller = takesCaller
    self.scope = scope
    self.body = body
  }

  // MARK: Calls with arguments that are known to fit

  /// Whether every argument has a parameter of its own. What has none is for `call`, which says
  /// what is wrong.
  func takes(_ arguments: TemplateArgumentNodes) -> Bool {
    guard isPlain, arguments.isPlain, arguments.positional.count <= parameters.count else {
      return false
    }
    var at = 0
    while at < arguments.keywords.count {
      guard let place = place(of: arguments.keywords[at].member),
        place >= arguments.positional.count
      else { return false }
      at += 1
    }
    return true
  }

  private func place(of member: TemplateMember) -> Int? {
    var at = 0
    while at < parameters.count {
      if parameters[at].member === member { return at }
      at += 1
    }
    return nil
  }

  /// Writes the macro's text to where the run writes.
  ///
  /// - Precondition: it takes the arguments.
  func write(
    _ arguments: TemplateArgumentNodes, line: Int, in parent: TemplateFrame,
    _ run: inout TemplateRun
  ) throws(TemplateError) {
    var values = run.takeSlots(slots)
    try arguments.positional.evaluate(&run) { place, value in
      values[parameters[place].slot] = value
    }
    var at = 0
    while at < arguments.keywords.count {
      let value = try arguments.keywords[at].value.evaluate(&run)
      if let place = place(of: arguments.keywords[at].member) {
        values[parameters[place].slot] = value
      }
      at += 1
    }
    run.line = line
    try run.step()
    try execute(&values, in: parent, &run)
    run.line = line
  }

  private func execute(
    _ values: inout [TemplateValue], in parent: TemplateFrame, _ run: inout TemplateRun
  ) throws(TemplateError) {
    try run.enter(height: height)
    var outer = run.begin(&values, in: parent)
    defer {
      run.end(&outer, of: slots)
      run.leave(height: height)
    }
    scope.enter(&run)
    var at = 0
    while at < parameters.count {
      try parameters[at].complete(&run)
      at += 1
    }
    _ = try body.execute(&run)
  }

  // MARK: Calls with any arguments

  /// - Parameter parent: the frame that the macro was defined in.
  func call(
    _ arguments: TemplateCallArguments, in parent: TemplateFrame, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    let line = run.line
    var values = run.takeSlots(slots)
    try bind(arguments, to: &values, &run)
    let (text, _) = try run.capture { run throws(TemplateError) in
      try execute(&values, in: parent, &run)
      return .normal
    }
    run.line = line
    return text
  }

  private func bind(
    _ arguments: TemplateCallArguments, to slots: inout [TemplateValue], _ run: inout TemplateRun
  ) throws(TemplateError) {
    let given = arguments.positional.count
    var rest = arguments.keywords
    var takesOwnCaller = false
    for (place, parameter) in parameters.enumerated() {
      if place < given {
        slots[parameter.slot] = arguments.positional[place]
      } else if let at = rest.firstIndex(where: { $0.name == parameter.name }) {
        slots[parameter.slot] = rest.remove(at: at).value
      }
      if parameter.name == "caller" { takesOwnCaller = true }
    }
    if takesCaller, !takesOwnCaller, let callerSlot {
      let at = rest.firstIndex { $0.name == "caller" }
      let caller = at.map { rest.remove(at: $0).value } ?? .none
      slots[callerSlot] =
        caller.isNone ? run.undefined(.missing("No caller defined")) : caller
    }
    if let namedSlot {
      var members = TemplateMembers()
      for (name, value) in rest { members.set(name, to: value) }
      slots[namedSlot] = try run.dict(members)
    } else if let first = rest.first {
      throw run.fail(.type, "macro '\(name)' takes no keyword argument '\(first.name)'")
    }
    if let moreSlot {
      slots[moreSlot] = try run.tuple(Array(arguments.positional.dropFirst(parameters.count)))
    } else if given > parameters.count {
      throw run.fail(
        .type, "macro '\(name)' takes not more than \(parameters.count) argument(s)")
    }
  }

  /// The macro as a value, with the frame around it.
  func value(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    try run.step()
    return try run.callable(.macro(TemplateMacro(self, run.keptFrame())))
  }
}

final class MacroNode: TemplateStatementNode {
  private let unit: TemplateMacroUnit
  private let target: TemplateTargetNode

  init(_ unit: TemplateMacroUnit, _ target: TemplateTargetNode) {
    self.unit = unit
    self.target = target
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try target.assign(try unit.value(&run), &run)
    return .normal
  }
}

final class CallBlockNode: TemplateStatementNode {
  private let unit: TemplateMacroUnit
  private let call: CallNode

  init(_ unit: TemplateMacroUnit, _ call: CallNode) {
    self.unit = unit
    self.call = call
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    let caller = try unit.value(&run)
    let value = try call.evaluate(&run, caller: caller)
    try run.emit(value, of: "call")
    return .normal
  }
}

/// `{% generation %}`: a call block that hands its text on as it is.
final class GenerationNode: TemplateStatementNode {
  private let unit: TemplateMacroUnit

  init(_ unit: TemplateMacroUnit) { self.unit = unit }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try run.emit(try unit.call(TemplateCallArguments(), in: run.ownFrame(), &run))
    return .normal
  }
}

/// `{% block %}`: it sees the context and what the template's root has set, no variables around it.
final class BlockNode: TemplateStatementNode {
  private let slots: Int
  private let height: Int
  private let scope: TemplateScopeNodes
  private let body: TemplateBody
  /// What a scoped block sees besides.
  private let locals: [(symbol: Int, variable: TemplateVariable)]

  init(
    slots: Int, height: Int, _ scope: TemplateScopeNodes, _ body: TemplateBody,
    locals: [(symbol: Int, variable: TemplateVariable)]
  ) {
    self.slots = slots
    self.height = height
    self.scope = scope
    self.body = body
    self.locals = locals
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try run.enter(height: height)
    let exports = run.exports
    for local in locals {
      let value = run.value(of: local.variable)
      if case .missing = value { continue }
      run.exports[local.symbol] = value
    }
    var values = run.takeSlots(slots)
    var outer = run.begin(&values, in: nil)
    defer { run.end(&outer, of: slots) }
    scope.enter(&run)
    let flow = try body.execute(&run)
    run.exports = exports
    run.leave(height: height)
    return flow
  }
}
