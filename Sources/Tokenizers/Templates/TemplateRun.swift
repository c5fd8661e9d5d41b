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
  /// The variables of the function that runs.
  var slots: [TemplateValue]
  /// The frame of these variables, once something holds on to it.
  private var frame: TemplateFrame?
  /// The frame around the function.
  private var parent: TemplateFrame?
  /// The members of each namespace, which are here and not in its value, as it may hold itself.
  var namespaces: [TemplateMembers] = []
  /// Where the evaluation is, for errors.
  var line = 1
  /// Whether what is written is escaped for HTML.
  var escapes = false
  private var stepsLeft: Int
  private var nextLook: Int
  private var calls = 0
  private var stack = 0
  private let end: ContinuousClock.Instant?
  /// All of these, because they may hold themselves: emptied one by one at the end.
  private var frames: [TemplateFrame] = []
  /// Of functions that have ended, for the next ones.
  private var spareSlots: [[TemplateValue]] = []

  /// Levels of nodes that may be evaluated one inside the other, far from the end of a thread's
  /// stack.
  private static let stackLimit = 1500
  /// Bytes that the output has room for from the start.
  private static let firstCapacity = 2048
  /// Steps between two looks at the clock.
  private static let stepsBetweenLooks = 20_000

  init(
    globals: [TemplateValue], slots: Int, limits: TemplateLimits, clock: TemplateClock?
  ) {
    self.globals = globals
    self.limits = limits
    self.clock = clock
    output.reserveCapacity(TemplateRun.firstCapacity)
    self.slots = Array(repeating: .missing, count: slots)
    stepsLeft = limits.steps
    nextLook = limits.steps - TemplateRun.stepsBetweenLooks
    end = limits.seconds.map { ContinuousClock.now.advanced(by: .seconds($0)) }
  }

  /// Lets go of everything that may hold itself.
  func dismantle() {
    for frame in frames { frame.slots.removeAll() }
  }

  // MARK: Variables

  @inline(__always)
  func value(of variable: TemplateVariable) -> TemplateValue {
    if variable.hops == 0 { return slots[variable.slot] }
    // There is a frame around every function that has variables further out.
    return parent?.outer(variable.hops - 1).slots[variable.slot] ?? .missing
  }

  // What a variable is asked most, without a copy of it.

  /// A member of the namespace that a variable holds; nil where there is none.
  @inline(__always)
  func value(_ member: TemplateMember, inNamespace slot: Int) -> TemplateValue? {
    if case .namespace(let place) = slots[slot] { return namespaces[place][member] }
    return nil
  }

  /// Whether that member is true; nil where there is none.
  @inline(__always)
  func isTrue(_ member: TemplateMember, inNamespace slot: Int) -> Bool? {
    if case .namespace(let place) = slots[slot] { return namespaces[place].isTrue(member) }
    return nil
  }

  /// A member of the dictionary that a variable holds; nil where there is none.
  @inline(__always)
  func member(_ member: TemplateMember, in slot: Int) -> TemplateValue? {
    if case .dict(let dictionary) = slots[slot] { return dictionary.value(member) }
    return nil
  }

  /// Whether that member is true; nil where there is none.
  @inline(__always)
  func isTrue(_ member: TemplateMember, in slot: Int) -> Bool? {
    if case .dict(let dictionary) = slots[slot] { return dictionary.isTrue(member) }
    return nil
  }

  /// Whether that member is this text; nil where there is none.
  @inline(__always)
  func isText(_ member: TemplateMember, _ text: TemplateText, in slot: Int) -> Bool? {
    if case .dict(let dictionary) = slots[slot] { return dictionary.isText(member, text) }
    return nil
  }

  @inline(__always)
  func isDictionary(_ slot: Int) -> Bool {
    if case .dict = slots[slot] { return true }
    return false
  }

  /// Places for the variables of a function, all of them empty.
  mutating func takeSlots(_ count: Int) -> [TemplateValue] {
    guard var spare = spareSlots.popLast() else {
      return Array(repeating: .missing, count: count)
    }
    while spare.count < count { spare.append(.missing) }
    return spare
  }

  /// The frame of the function that runs, for what holds on to it.
  mutating func ownFrame() -> TemplateFrame {
    if let frame { return frame }
    let own = TemplateFrame(parent: parent)
    frame = own
    return own
  }

  /// The frame of the function that runs, for a macro in it: they hold each other.
  mutating func keptFrame() -> TemplateFrame {
    let own = ownFrame()
    if frames.last !== own { frames.append(own) }
    return own
  }

  /// Another function that goes on later.
  struct Suspended {
    fileprivate var slots: [TemplateValue]
    fileprivate var frame: TemplateFrame?
    fileprivate var parent: TemplateFrame?
  }

  /// Goes on in a function with these variables.
  ///
  /// - Parameters:
  ///   - values: empty afterwards.
  ///   - frame: that of the variables, where there is one.
  @inline(never)
  mutating func begin(
    _ values: inout [TemplateValue], in parent: TemplateFrame?, frame own: TemplateFrame? = nil
  ) -> Suspended {
    var outer = Suspended(slots: [], frame: own, parent: parent)
    swap(&outer.slots, &values)
    swap(&outer.slots, &slots)
    swap(&outer.frame, &frame)
    swap(&outer.parent, &self.parent)
    if let frame = outer.frame { swap(&frame.slots, &outer.slots) }
    return outer
  }

  /// Goes back.
  ///
  /// - Parameter count: how many variables the function had.
  @inline(never)
  mutating func end(_ outer: inout Suspended, of count: Int) {
    if let frame = outer.frame { swap(&frame.slots, &outer.slots) }
    swap(&outer.slots, &slots)
    swap(&outer.frame, &frame)
    swap(&outer.parent, &parent)
    if let frame = outer.frame {
      swap(&frame.slots, &outer.slots)
      return
    }
    var ended: [TemplateValue] = []
    swap(&ended, &outer.slots)
    var at = 0
    while at < count {
      if case .missing = ended[at] {} else { ended[at] = .missing }
      at += 1
    }
    spareSlots.append(ended)
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

  mutating func callable(_ content: TemplateCallable.Kind) throws(TemplateError) -> TemplateValue {
    let callable = TemplateCallable(content)
    try check(callable.size)
    return .callable(callable)
  }

  func check(_ size: TemplateSize) throws(TemplateError) {
    guard size.height <= TemplateSize.heightLimit else {
      throw fail(.limit, "values nested more than \(TemplateSize.heightLimit) deep")
    }
  }

  /// `namespace(name=value)`.
  mutating func namespace(
    _ keywords: [TemplateKeywordNode], line: Int
  ) throws(TemplateError) -> TemplateValue {
    var members = TemplateMembers()
    members.reserveCapacity(keywords.count)
    var isAllowed = true
    var at = 0
    while at < keywords.count {
      members.append(keywords[at].member.text, try keywords[at].value.evaluate(&self))
      if keywords[at].member.isPrivate { isAllowed = false }
      at += 1
    }
    self.line = line
    try step()
    guard isAllowed else { throw privateNamespaceMember }
    return try namespace(members)
  }

  mutating func namespace(_ members: TemplateMembers) throws(TemplateError) -> TemplateValue {
    try step(members.count + 1)
    namespaces.append(members)
    return .namespace(namespaces.count - 1)
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

  mutating func emit(_ text: TemplateText) throws(TemplateError) {
    let count = text.string.utf8Count
    try pay(forOutput: count)
    output.append(text.string)
  }

  mutating func emit(_ text: MarkedString) throws(TemplateError) {
    try pay(forOutput: text.utf8Count)
    output.append(text)
  }

  @inline(__always)
  private mutating func pay(forOutput count: Int) throws(TemplateError) {
    guard output.utf8Count + count <= limits.outputBytes else {
      throw fail(.limit, "more than \(limits.outputBytes) bytes of text")
    }
    try step(1 + count / 16)
  }

  /// Writes the text of a value.
  mutating func emit(_ value: TemplateValue) throws(TemplateError) {
    if case .text(let text) = value {
      try emit(text)
    } else {
      try emit(try text(of: value))
    }
  }

  /// Writes what a block's call or filter gave, which must be a text.
  mutating func emit(_ value: TemplateValue, of block: String) throws(TemplateError) {
    guard case .text(let text) = value else {
      throw fail(.type, "a \(block) block must give a text, not \(value.kind)")
    }
    try emit(text.string)
  }

  /// What statements write, as a text of its own.
  @inline(__always)
  mutating func capture(
    _ body: (inout TemplateRun) throws(TemplateError) -> Flow
  ) throws(TemplateError) -> (text: MarkedString, flow: Flow) {
    var text = MarkedString()
    swap(&text, &output)
    let flow: Flow
    do throws(TemplateError) {
      flow = try body(&self)
    } catch {
      swap(&text, &output)
      throw error
    }
    swap(&text, &output)
    return (text, flow)
  }
}
