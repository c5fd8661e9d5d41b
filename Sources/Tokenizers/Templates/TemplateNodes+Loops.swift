/// The condition of a loop: a function of its own that lets items through.
struct TemplateLoopFilter: Sendable {
  let slots: Int
  let scope: TemplateScopeNodes
  let target: TemplateTargetNode
  let condition: any TemplateNode

  /// - Parameter outer: the frame of the function that the loop stands in.
  func items(
    of value: TemplateValue, in outer: TemplateFrame, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    let frame = TemplateFrame(slots: slots, parent: outer)
    // Not before the first item is asked for, as in a generator.
    var source: TemplateCursor?
    let filter = self
    return try run.iterator(over: value.size) { run throws(TemplateError) in
      var other = frame
      run.exchange(&other)
      defer { run.exchange(&other) }
      if source == nil {
        filter.scope.enter(&run)
        source = try run.cursor(value)
      }
      while let item = try source?.next(&run) {
        try filter.target.assign(item, &run)
        if try filter.condition.isTrue(&run) { return try filter.target.value(&run) }
      }
      return nil
    }
  }
}

/// What the two kinds of loops have in common.
struct TemplateLoopParts: Sendable {
  let target: TemplateTargetNode
  let filter: TemplateLoopFilter?
  /// Where `loop` is, if the body asks for it.
  let stateSlot: Int?
  let scope: TemplateScopeNodes
  let body: [any TemplateStatementNode]
  let elseScope: TemplateScopeNodes
  let otherwise: [any TemplateStatementNode]
  let line: Int
  /// Whether the loop does nothing with the characters of a text, as those do nothing that look for
  /// parts of a content.
  let isIdleForTexts: Bool

  func run(
    over value: TemplateValue, depth: Int,
    _ recursion: (unit: TemplateRecursiveUnit, frame: TemplateFrame)?,
    _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateRun.Flow {
    run.line = line
    var source = value
    if let filter {
      source = try filter.items(of: value, in: recursion?.frame ?? run.frame, &run)
    }
    if isIdleForTexts, case .text(let text) = source {
      try run.step(text.string.utf8Count / 16)
      return .normal
    }
    var cursor = try run.cursor(source)
    var state: TemplateLoopState?
    if stateSlot != nil {
      state = TemplateLoopState(source, cursor, depth: depth, recursion: recursion)
    }
    var isEmpty = true
    while true {
      let next: TemplateValue?
      if let state { next = try state.next(&run) } else { next = try cursor.next(&run) }
      guard let item = next else { break }
      if case .variable(let slot, _) = target {
        run.slots[slot] = item
      } else {
        try target.assign(item, &run)
      }
      if let stateSlot, let state { run.slots[stateSlot] = .loop(state) }
      scope.enter(&run)
      let flow = try run.execute(body)
      if flow == .breakLoop { break }
      // As in the reference, a round that was left early does not count.
      if flow == .normal { isEmpty = false }
    }
    scope.leave(&run)
    guard isEmpty, !otherwise.isEmpty else { return .normal }
    elseScope.enter(&run)
    let flow = try run.execute(otherwise)
    elseScope.leave(&run)
    return flow
  }
}

final class LoopNode: TemplateStatementNode {
  private let sequence: any TemplateNode
  private let parts: TemplateLoopParts

  init(_ sequence: any TemplateNode, _ parts: TemplateLoopParts) {
    self.sequence = sequence
    self.parts = parts
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    run.line = parts.line
    try run.step()
    return try parts.run(over: try sequence.evaluate(&run), depth: 0, nil, &run)
  }
}

/// The body of a recursive loop, which has frames of its own.
final class TemplateRecursiveUnit: Sendable {
  let slots: Int
  let height: Int
  let parts: TemplateLoopParts

  init(slots: Int, height: Int, _ parts: TemplateLoopParts) {
    self.slots = slots
    self.height = height
    self.parts = parts
  }

  func text(
    over value: TemplateValue, depth: Int, in parent: TemplateFrame, _ run: inout TemplateRun
  ) throws(TemplateError) -> MarkedString {
    try run.enter(height: height)
    var frame = TemplateFrame(slots: slots, parent: parent)
    var text = MarkedString()
    run.exchange(&frame)
    swap(&text, &run.output)
    defer {
      run.exchange(&frame)
      run.leave(height: height)
    }
    do throws(TemplateError) {
      _ = try parts.run(over: value, depth: depth, (self, parent), &run)
    } catch {
      swap(&text, &run.output)
      throw error
    }
    swap(&text, &run.output)
    text.isMarkup = run.escapes
    return text
  }
}

final class RecursiveLoopNode: TemplateStatementNode {
  private let sequence: any TemplateNode
  private let unit: TemplateRecursiveUnit

  init(_ sequence: any TemplateNode, _ unit: TemplateRecursiveUnit) {
    self.sequence = sequence
    self.unit = unit
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    run.line = unit.parts.line
    let value = try sequence.evaluate(&run)
    try run.emit(try unit.text(over: value, depth: 0, in: run.frame, &run))
    return .normal
  }
}
