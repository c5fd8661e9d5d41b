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
    let frame = TemplateFrame(parent: outer)
    frame.slots = Array(repeating: .missing, count: slots)
    // Not before the first item is asked for, as in a generator.
    var source: TemplateCursor?
    let filter = self
    return try run.iterator(over: value.size) { run throws(TemplateError) in
      var values: [TemplateValue] = []
      swap(&values, &frame.slots)
      var outer = run.begin(&values, in: frame.parent, frame: frame)
      defer { run.end(&outer, of: filter.slots) }
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
  let body: TemplateBody
  let elseScope: TemplateScopeNodes
  let otherwise: TemplateBody
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
      source = try filter.items(of: value, in: recursion?.frame ?? run.ownFrame(), &run)
    }
    if isIdleForTexts, case .text(let text) = source {
      try run.step(text.string.utf8Count / 16)
      return .normal
    }
    let isEmpty = try rounds(over: source, depth: depth, recursion, &run)
    scope.leave(&run)
    guard isEmpty, !otherwise.isEmpty else { return .normal }
    elseScope.enter(&run)
    let flow = try otherwise.execute(&run)
    elseScope.leave(&run)
    return flow
  }

  /// Tells whether the body never ran to its end.
  private func rounds(
    over source: TemplateValue, depth: Int,
    _ recursion: (unit: TemplateRecursiveUnit, frame: TemplateFrame)?, _ run: inout TemplateRun
  ) throws(TemplateError) -> Bool {
    var isEmpty = true
    if let stateSlot {
      let state = TemplateLoopState(
        source, try run.cursor(source), depth: depth, recursion: recursion)
      while let item = try state.next(&run) {
        try assign(item, &run)
        run.slots[stateSlot] = .loop(state)
        if try isLast(round(&run), &isEmpty) { break }
      }
      return isEmpty
    }
    switch source {
    case .list(let list):
      var at = 0
      while at < list.elements.count {
        try run.step()
        try assign(list.elements[at], &run)
        if try isLast(round(&run), &isEmpty) { break }
        at += 1
      }
    case .range(let range):
      var at = 0
      while at < range.count {
        try run.step()
        try assign(.int(range[at]), &run)
        if try isLast(round(&run), &isEmpty) { break }
        at += 1
      }
    default:
      var cursor = try run.cursor(source)
      while let item = try cursor.next(&run) {
        try assign(item, &run)
        if try isLast(round(&run), &isEmpty) { break }
      }
    }
    return isEmpty
  }

  @inline(__always)
  private func assign(
    _ item: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) {
    if case .variable(let slot, _) = target {
      run.slots[slot] = item
    } else {
      try target.assign(item, &run)
    }
  }

  @inline(__always)
  private func round(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    scope.enter(&run)
    return try body.execute(&run)
  }

  /// As in the reference, a round that was left early does not count.
  @inline(__always)
  private func isLast(_ flow: TemplateRun.Flow, _ isEmpty: inout Bool) -> Bool {
    if flow == .normal { isEmpty = false }
    return flow == .breakLoop
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
    var values = run.takeSlots(slots)
    var outer = run.begin(&values, in: parent)
    defer {
      run.end(&outer, of: slots)
      run.leave(height: height)
    }
    var (text, _) = try run.capture { run throws(TemplateError) in
      try parts.run(over: value, depth: depth, (self, parent), &run)
    }
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
    try run.emit(try unit.text(over: value, depth: 0, in: run.ownFrame(), &run))
    return .normal
  }
}
