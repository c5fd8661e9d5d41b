/// A regular expression as instructions for a backtracking matcher.
struct RegexProgram: Sendable {
  enum Instruction: Sendable {
    /// One scalar of a set, by its number.
    case set(Int)
    /// Any number of scalars of a set, up to `maximum`.
    case setLoop(set: Int, maximum: Int, greed: RegexNode.Greed)
    /// Goes on at `first` and, when that fails, at `second`.
    case split(first: Int, second: Int)
    case jump(Int)
    /// Notes where an iteration of a loop begins.
    case loopStart(slot: Int)
    /// Fails where the iteration took nothing: it would go on forever.
    case loopCheck(slot: Int)
    /// A part that is tried on its own, from `start`; then on at `next`.
    case look(start: Int, next: Int, lengths: ClosedRange<Int>, ahead: Bool, isNegated: Bool)
    case atomic(start: Int, next: Int)
    case anchor(RegexNode.Anchor)
    /// The end of the whole or of a part.
    case accept
  }

  private(set) var instructions: [Instruction] = []
  private(set) var sets: [ScalarBitmap] = []
  private(set) var slotCount = 0
  /// The number of each place that several ways lead to, -1 elsewhere: what failed there once
  /// need not be tried again.
  private(set) var memo: [Int32] = []
  private(set) var memoCount = 0
  /// Whether a part may be looked at and left again.
  private(set) var hasLooks = false
  let wordSet: ScalarBitmap
  /// What a match can begin with; nil where it may be anything.
  let firstScalars: ScalarBitmap?

  private var setNumbers: [ScalarSet: Int] = [:]
  private static let instructionLimit = 1 << 13

  init(_ root: RegexNode, dialect: RegexDialect) throws(RegexError) {
    wordSet = RegexSets.word(dialect).bitmap
    firstScalars = root.firstScalars?.bitmap
    try emit(root)
    append(.accept)
    setNumbers = [:]
    numberMemos()
  }

  /// A sequence of sets.
  init(literal nodes: [RegexNode]) {
    wordSet = ScalarSet().bitmap
    firstScalars = nodes.first?.firstScalars?.bitmap
    for case .set(let set) in nodes { append(.set(number(set))) }
    append(.accept)
    numberMemos()
  }

  private mutating func append(_ instruction: Instruction) { instructions.append(instruction) }

  private mutating func number(_ set: ScalarSet) -> Int {
    if let known = setNumbers[set] { return known }
    sets.append(set.bitmap)
    setNumbers[set] = sets.count - 1
    return sets.count - 1
  }

  private mutating func emit(_ node: RegexNode) throws(RegexError) {
    guard instructions.count < RegexProgram.instructionLimit else {
      throw RegexError(message: "the pattern is too large", position: 0)
    }
    switch node {
    case .sequence(let nodes): for node in nodes { try emit(node) }
    case .alternatives(let nodes): try emitAlternatives(nodes)
    case .set(let set): append(.set(number(set)))
    case .loop(let body, let minimum, let maximum, let greed):
      try emitLoop(body, minimum, maximum, greed)
    case .look(let body, let ahead, let isNegated):
      let lengths = body.length
      hasLooks = true
      let at = instructions.count
      append(.accept)
      try emit(body)
      append(.accept)
      instructions[at] = .look(
        start: at + 1, next: instructions.count,
        lengths: lengths.minimum...(lengths.maximum ?? lengths.minimum), ahead: ahead,
        isNegated: isNegated)
    case .atomic(let body):
      let at = instructions.count
      append(.accept)
      try emit(body)
      append(.accept)
      instructions[at] = .atomic(start: at + 1, next: instructions.count)
    case .anchor(let anchor): append(.anchor(anchor))
    }
  }

  private mutating func emitAlternatives(_ nodes: [RegexNode]) throws(RegexError) {
    var jumps: [Int] = []
    for node in nodes.dropLast() {
      let split = instructions.count
      append(.accept)
      try emit(node)
      jumps.append(instructions.count)
      append(.accept)
      instructions[split] = .split(first: split + 1, second: instructions.count)
    }
    if let last = nodes.last { try emit(last) }
    for jump in jumps { instructions[jump] = .jump(instructions.count) }
  }

  private mutating func emitLoop(
    _ body: RegexNode, _ minimum: Int, _ maximum: Int?, _ greed: RegexNode.Greed
  ) throws(RegexError) {
    if case .set(let set) = body {
      let index = number(set)
      for _ in 0..<minimum { append(.set(index)) }
      let left = maximum.map { $0 - minimum } ?? Int.max
      if left > 0 { append(.setLoop(set: index, maximum: left, greed: greed)) }
      return
    }
    if greed == .possessive {
      return try emit(
        .atomic(.loop(body, minimum: minimum, maximum: maximum, greed: .greedy)))
    }
    for _ in 0..<minimum { try emit(body) }
    guard let maximum else { return try emitEndlessLoop(body, greed) }
    var splits: [Int] = []
    for _ in 0..<max(0, maximum - minimum) {
      splits.append(instructions.count)
      append(.accept)
      try emit(body)
    }
    for split in splits { setSplit(split, body: split + 1, exit: instructions.count, greed) }
  }

  private mutating func emitEndlessLoop(
    _ body: RegexNode, _ greed: RegexNode.Greed
  ) throws(RegexError) {
    let mayBeEmpty = body.length.minimum == 0
    let split = instructions.count
    append(.accept)
    let slot = slotCount
    if mayBeEmpty {
      slotCount += 1
      append(.loopStart(slot: slot))
    }
    try emit(body)
    if mayBeEmpty { append(.loopCheck(slot: slot)) }
    append(.jump(split))
    setSplit(split, body: split + 1, exit: instructions.count, greed)
  }

  private mutating func setSplit(
    _ at: Int, body: Int, exit: Int, _ greed: RegexNode.Greed
  ) {
    instructions[at] =
      greed == .lazy ? .split(first: exit, second: body) : .split(first: body, second: exit)
  }

  /// Splits, loops and what they lead to are the places worth remembering.
  private mutating func numberMemos() {
    var isPoint = [Bool](repeating: false, count: instructions.count)
    for (at, instruction) in instructions.enumerated() {
      switch instruction {
      case .split(let first, let second):
        isPoint[at] = true
        isPoint[first] = true
        isPoint[second] = true
      case .setLoop:
        isPoint[at] = true
        isPoint[at + 1] = true
      case .jump(let target): isPoint[target] = true
      case .look(let start, let next, _, let ahead, _):
        isPoint[start] = ahead
        isPoint[next] = true
      case .atomic(let start, _): isPoint[start] = true
      case .set, .loopStart, .loopCheck, .anchor, .accept: break
      }
    }
    memo = isPoint.map { isPoint in
      guard isPoint else { return -1 }
      memoCount += 1
      return Int32(memoCount - 1)
    }
  }
}
