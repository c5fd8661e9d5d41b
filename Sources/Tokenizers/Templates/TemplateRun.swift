/// A rendering that is under way: where it writes, its variables, and what it may still use up.
struct TemplateRun {
  /// How a run of statements ended.
  enum Flow {
    case normal, breakLoop, continueLoop
  }

  let limits: TemplateLimits
  let clock: TemplateClock?
  /// What the context and the global functions give for each symbol.
  let globals: [TemplateValue]
  /// What the template's root has set, for its blocks.
  var exports: [Int: TemplateValue] = [:]
  /// The text so far, of the template or of the block or macro that is captured.
  var output = MarkedString()
  private(set) var frame: TemplateFrame
  /// The variables of the frame that runs: here and not in the frame, which is quicker.
  var slots: [TemplateValue]
  /// Where the evaluation is, for errors.
  var line = 1
  /// Whether what is written is escaped for HTML.
  var escapes = false
  private var stepsLeft: Int
  private var nextLook: Int
  private var calls = 0
  private var stack = 0
  private let end: ContinuousClock.Instant?
  /// All of these, because they may hold each other: emptied one by one at the end.
  private var namespaces: [TemplateNamespace] = []
  private var frames: [TemplateFrame] = []

  /// Levels of nodes that may be evaluated one inside the other, far from the end of a thread's
  /// stack.
  private static let stackLimit = 1500
  /// Steps between two looks at the clock.
  private static let stepsBetweenLooks = 20_000

  init(
    globals: [TemplateValue], slots: Int, limits: TemplateLimits, clock: TemplateClock?
  ) {
    self.globals = globals
    self.limits = limits
    self.clock = clock
    frame = TemplateFrame(slots: 0, parent: nil)
    self.slots = Array(repeating: .missing, count: slots)
    stepsLeft = limits.steps
    nextLook = limits.steps - TemplateRun.stepsBetweenLooks
    end = limits.seconds.map { ContinuousClock.now.advanced(by: .seconds($0)) }
  }

  /// Lets go of everything that may hold itself.
  func dismantle() {
    for namespace in namespaces { namespace.members = TemplateMembers() }
    for frame in frames { frame.slots.removeAll() }
  }

  /// Goes on in another frame, and hands over the one before.
  mutating func exchange(_ other: inout TemplateFrame) {
    swap(&slots, &frame.slots)
    swap(&frame, &other)
    swap(&slots, &frame.slots)
  }

  @inline(__always)
  func value(of variable: TemplateVariable) -> TemplateValue {
    variable.hops == 0
      ? slots[variable.slot] : frame.outer(variable.hops).slots[variable.slot]
  }

  // MARK: Limits and errors

  func fail(_ kind: TemplateError.Kind, _ message: String) -> TemplateError {
    TemplateError(kind, message, line: line)
  }

  @inline(__always)
  mutating func step() throws(TemplateError) { try step(1) }

  @inline(__always)
  mutating func step(_ count: Int) throws(TemplateError) {
    // `count` may be as large as it gets.
    guard count <= stepsLeft else {
      throw fail(.limit, "more than \(limits.steps) steps")
    }
    stepsLeft -= count
    if stepsLeft < nextLook { try lookAtTheClock() }
  }

  private mutating func lookAtTheClock() throws(TemplateError) {
    nextLook = stepsLeft - TemplateRun.stepsBetweenLooks
    guard let end, ContinuousClock.now > end, let seconds = limits.seconds else { return }
    throw fail(.limit, "more than \(seconds) seconds")
  }

  /// Asks before a text of this length is made.
  mutating func charge(bytes: Int) throws(TemplateError) {
    guard bytes <= limits.outputBytes else {
      throw fail(.limit, "more than \(limits.outputBytes) bytes of text")
    }
    try step(bytes / 16)
  }

  /// Asks before a walk through all of a value.
  mutating func charge(walk value: TemplateValue) throws(TemplateError) {
    try step(value.size.weight)
  }

  /// Begins a macro or recursive loop that is this high.
  mutating func enter(height: Int) throws(TemplateError) {
    calls += 1
    stack += height
    guard calls <= limits.depth, stack <= TemplateRun.stackLimit else {
      throw fail(.limit, "calls nested more than \(limits.depth) deep")
    }
  }

  mutating func leave(height: Int) {
    calls -= 1
    stack -= height
  }

  // MARK: Making values

  mutating func list(_ elements: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    .list(try checked(elements))
  }

  mutating func tuple(_ elements: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    .tuple(try checked(elements))
  }

  mutating func checked(_ elements: [TemplateValue]) throws(TemplateError) -> TemplateList {
    guard !elements.isEmpty else { return TemplateList([]) }
    try step(elements.count)
    let list = TemplateList(elements)
    try check(list.size)
    return list
  }

  mutating func dict(_ members: TemplateMembers) throws(TemplateError) -> TemplateValue {
    try step(members.count)
    let dictionary = TemplateDictionary(members)
    try check(dictionary.size)
    return .dict(dictionary)
  }

  func callable(_ content: TemplateCallable.Kind) throws(TemplateError) -> TemplateValue {
    let callable = TemplateCallable(content)
    try check(callable.size)
    return .callable(callable)
  }

  func check(_ size: TemplateSize) throws(TemplateError) {
    guard size.height <= TemplateSize.heightLimit else {
      throw fail(.limit, "values nested more than \(TemplateSize.heightLimit) deep")
    }
  }

  mutating func namespace(_ members: TemplateMembers) throws(TemplateError) -> TemplateValue {
    try step(members.count + 1)
    let namespace = TemplateNamespace(members)
    namespaces.append(namespace)
    return .namespace(namespace)
  }

  /// Keeps a frame that a macro holds on to.
  mutating func keep(_ frame: TemplateFrame) {
    if let last = frames.last, last === frame { return }
    frames.append(frame)
  }

  func undefined(_ reason: TemplateUndefined.Reason) -> TemplateValue {
    .undefined(TemplateUndefined(reason))
  }

  /// An error where the value is undefined.
  @inline(__always)
  func use(_ value: TemplateValue) throws(TemplateError) {
    if case .undefined(let undefined) = value {
      throw fail(undefined.kind, undefined.message)
    }
  }

  // MARK: Output

  mutating func emit(_ text: MarkedString) throws(TemplateError) {
    guard output.utf8Count + text.utf8Count <= limits.outputBytes else {
      throw fail(.limit, "more than \(limits.outputBytes) bytes of text")
    }
    try step(1 + text.utf8Count / 16)
    output.append(text)
  }

  /// Writes what a block's call or filter gave, which must be a text.
  mutating func emit(_ value: TemplateValue, of block: String) throws(TemplateError) {
    guard case .text(let text) = value else {
      throw fail(.type, "a \(block) block must give a text, not \(value.kind)")
    }
    try emit(text.string)
  }

  /// What the statements write, as a text of its own.
  mutating func capture(
    _ body: [any TemplateStatementNode]
  ) throws(TemplateError) -> (text: MarkedString, flow: Flow) {
    var text = MarkedString()
    swap(&text, &output)
    let flow: Flow
    do throws(TemplateError) {
      flow = try execute(body)
    } catch {
      swap(&text, &output)
      throw error
    }
    swap(&text, &output)
    return (text, flow)
  }

  mutating func execute(_ body: [any TemplateStatementNode]) throws(TemplateError) -> Flow {
    var at = 0
    while at < body.count {
      let flow = try body[at].execute(&self)
      if flow != .normal { return flow }
      at += 1
    }
    return .normal
  }
}
