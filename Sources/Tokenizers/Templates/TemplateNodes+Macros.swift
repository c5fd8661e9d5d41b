/// A macro, or the body of a call block.
final class TemplateMacroUnit: Sendable {
  let name: String
  let isCaller: Bool
  let slots: Int
  let height: Int
  let parameters: [(name: String, slot: Int, value: (any TemplateNode)?)]
  /// Where `caller`, `kwargs` and `varargs` go, if the body asks for them.
  let callerSlot: Int?
  let namedSlot: Int?
  let moreSlot: Int?
  /// The body asks for `caller`, which may be a parameter of its own.
  let takesCaller: Bool
  let scope: TemplateScopeNodes
  let body: [any TemplateStatementNode]

  init(
    name: String, isCaller: Bool, slots: Int, height: Int,
    parameters: [(name: String, slot: Int, value: (any TemplateNode)?)],
    special: (caller: Int?, named: Int?, more: Int?), takesCaller: Bool,
    scope: TemplateScopeNodes, body: [any TemplateStatementNode]
  ) {
    self.name = name
    self.isCaller = isCaller
    self.slots = slots
    self.height = height
    self.parameters = parameters
    (callerSlot, namedSlot, moreSlot) = special
    self.takesCaller = takesCaller
    self.scope = scope
    self.body = body
  }

  /// - Parameter parent: the frame that the macro was defined in.
  func call(
    _ arguments: TemplateCallArguments, in parent: TemplateFrame, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    let line = run.line
    try run.enter(height: height)
    var frame = TemplateFrame(slots: slots, parent: parent)
    try bind(arguments, to: frame, &run)
    run.exchange(&frame)
    defer {
      run.exchange(&frame)
      run.leave(height: height)
    }
    scope.enter(&run)
    for parameter in parameters {
      guard case .missing = run.slots[parameter.slot] else { continue }
      run.slots[parameter.slot] =
        try parameter.value?.evaluate(&run)
        ?? run.undefined(.missing("parameter '\(parameter.name)' was not provided"))
    }
    let text = try run.capture(body).text
    run.line = line
    return text
  }

  private func bind(
    _ arguments: TemplateCallArguments, to frame: TemplateFrame, _ run: inout TemplateRun
  ) throws(TemplateError) {
    let given = arguments.positional.count
    var rest = arguments.keywords
    var takesOwnCaller = false
    for (place, parameter) in parameters.enumerated() {
      if place < given {
        frame.slots[parameter.slot] = arguments.positional[place]
      } else if let at = rest.firstIndex(where: { $0.name == parameter.name }) {
        frame.slots[parameter.slot] = rest.remove(at: at).value
      }
      if parameter.name == "caller" { takesOwnCaller = true }
    }
    if takesCaller, !takesOwnCaller, let callerSlot {
      let at = rest.firstIndex { $0.name == "caller" }
      let caller = at.map { rest.remove(at: $0).value } ?? .none
      frame.slots[callerSlot] =
        caller.isNone ? run.undefined(.missing("No caller defined")) : caller
    }
    if let namedSlot {
      var members = TemplateMembers()
      for (name, value) in rest { members.set(name, to: value) }
      frame.slots[namedSlot] = try run.dict(members)
    } else if let first = rest.first {
      throw run.fail(.type, "macro '\(name)' takes no keyword argument '\(first.name)'")
    }
    if let moreSlot {
      frame.slots[moreSlot] = try run.tuple(Array(arguments.positional.dropFirst(parameters.count)))
    } else if given > parameters.count {
      throw run.fail(
        .type, "macro '\(name)' takes not more than \(parameters.count) argument(s)")
    }
  }

  /// The macro as a value, with the frame around it.
  func value(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue {
    try run.step()
    run.keep(run.frame)
    return try run.callable(.macro(self, run.frame, isMarkup: run.escapes))
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
    try run.emit(try unit.call(TemplateCallArguments(), in: run.frame, &run))
    return .normal
  }
}

/// `{% block %}`: it sees the context and what the template's root has set, no variables around it.
final class BlockNode: TemplateStatementNode {
  private let slots: Int
  private let height: Int
  private let scope: TemplateScopeNodes
  private let body: [any TemplateStatementNode]
  /// What a scoped block sees besides.
  private let locals: [(symbol: Int, variable: TemplateVariable)]

  init(
    slots: Int, height: Int, _ scope: TemplateScopeNodes, _ body: [any TemplateStatementNode],
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
    var frame = TemplateFrame(slots: slots, parent: nil)
    run.exchange(&frame)
    scope.enter(&run)
    let flow = try run.execute(body)
    run.exchange(&frame)
    run.exports = exports
    run.leave(height: height)
    return flow
  }
}
