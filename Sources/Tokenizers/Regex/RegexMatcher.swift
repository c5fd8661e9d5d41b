/// Finds the matches of a program in one piece of text.
///
/// It backtracks as Oniguruma does, and remembers what failed once a piece has cost much: then the
/// work is at most the program's size times the length of the text, whatever the pattern. Where
/// there is not enough memory for that it may be more, up to a limit at which the search gives up:
/// it finds no more matches. The engines that patterns are written for end with an error before.
struct RegexMatcher {
  private let program: RegexProgram
  private let text: [UInt8]
  /// The piece; nothing outside it is seen.
  private let range: Range<Int>

  private enum Frame {
    case alternative(pc: Int, at: Int)
    /// A greedy run that may be shortened down to `low`.
    case run(pc: Int, low: Int, high: Int)
    /// A lazy run that may take one more.
    case lazyRun(pc: Int, at: Int, left: Int)
    case slot(Int, old: Int)
    /// Everything after this was tried in vain.
    case failed(pc: Int, at: Int)
  }

  private var stack: [Frame] = []
  private var slots: [Int]
  private(set) var steps = 0
  /// Empty until a piece has cost much.
  private(set) var memory = RegexMemory()
  private var isRemembering = false
  private let memoryLimit: Int
  /// Where the search gives up.
  private var stepLimit = Int.max
  private(set) var hasGivenUp = false
  private var lookDepth = 0
  /// Inside a look-behind a state fails for one end only, so that nothing is remembered.
  private var behindEnd: Int?

  init(
    _ program: RegexProgram, text: [UInt8], range: Range<Int>,
    memoryLimit: Int = RegexMemory.limit
  ) {
    self.program = program
    self.text = text
    self.range = range
    self.memoryLimit = memoryLimit
    slots = Array(repeating: -1, count: program.slotCount)
  }

  /// The leftmost match that begins at `start` or later.
  mutating func firstMatch(from start: Int) -> Range<Int>? {
    var at = start
    while at <= range.upperBound {
      if let first = program.firstScalars {
        while at < range.upperBound, !first.contains(text.scalar(at: at).value) {
          at += UTF8Text.length(lead: text[at])
        }
        guard at < range.upperBound else { return nil }
      }
      if let end = run(0, at: at) { return at..<end }
      guard !hasGivenUp else { return nil }
      guard at < range.upperBound else { return nil }
      at += UTF8Text.length(lead: text[at])
    }
    return nil
  }

  /// Runs from an instruction until the end of its part; returns where the match ends.
  private mutating func run(_ entry: Int, at begin: Int) -> Int? {
    let base = stack.count
    var pc = entry
    var at = begin
    while true {
      if let end = advance(&pc, &at) {
        finish(base)
        return end
      }
      guard !hasGivenUp, backtrack(&pc, &at, base) else { return nil }
    }
  }

  /// Success: what is left of this part on the stack led here.
  private mutating func finish(_ base: Int) {
    while stack.count > base {
      switch stack.removeLast() {
      case .failed(let pc, let at) where lookDepth > 0: markSucceeded(pc, at)
      case .slot(let slot, let old): slots[slot] = old
      default: break
      }
    }
  }

  /// Goes on until the part ends or something does not match; nil where it does not.
  private mutating func advance(_ pc: inout Int, _ at: inout Int) -> Int? {
    while true {
      steps += 1
      guard steps < stepLimit else {
        hasGivenUp = true
        return nil
      }
      if let known = remembered(pc, at) { return known ? at : nil }
      switch program.instructions[pc] {
      case .accept:
        if let behindEnd, at != behindEnd { return nil }
        return at
      case .set(let set):
        guard at < range.upperBound else { return nil }
        let scalar = text.scalar(at: at)
        guard program.sets[set].contains(scalar.value) else { return nil }
        at += scalar.length
        pc += 1
      case .setLoop(let set, let maximum, let greed):
        takeRun(&pc, &at, set, maximum, greed)
      case .split(let first, let second):
        stack.append(.alternative(pc: second, at: at))
        pc = first
      case .jump(let target): pc = target
      case .loopStart(let slot):
        stack.append(.slot(slot, old: slots[slot]))
        slots[slot] = at
        pc += 1
      case .loopCheck(let slot):
        guard slots[slot] != at else { return nil }
        pc += 1
      case .look(let start, let next, let lengths, let ahead, let isNegated):
        let found = ahead ? looksAhead(start, at) : looksBehind(start, at, lengths)
        guard found != isNegated else { return nil }
        pc = next
      case .atomic(let start, let next):
        let outer = (lookDepth, behindEnd)
        (lookDepth, behindEnd) = (0, nil)
        let end = run(start, at: at)
        (lookDepth, behindEnd) = outer
        guard let end else { return nil }
        at = end
        pc = next
      case .anchor(let anchor):
        guard holds(anchor, at) else { return nil }
        pc += 1
      }
    }
  }

  private mutating func takeRun(
    _ pc: inout Int, _ at: inout Int, _ set: Int, _ maximum: Int, _ greed: RegexNode.Greed
  ) {
    if greed == .lazy {
      stack.append(.lazyRun(pc: pc, at: at, left: maximum))
      pc += 1
      return
    }
    let low = at
    var left = maximum
    let members = program.sets[set]
    // Where the same run failed from further on, it need not go there again.
    let asksMemory =
      isRemembering && behindEnd == nil && greed == .greedy && maximum == Int.max
    while at < range.upperBound, left > 0 {
      let scalar = text.scalar(at: at)
      guard members.contains(scalar.value),
        !(asksMemory && hasFailed(pc, at + scalar.length))
      else { break }
      at += scalar.length
      left -= 1
    }
    steps += (at - low) / 8
    if greed == .greedy, at > low { stack.append(.run(pc: pc, low: low, high: at)) }
    pc += 1
  }

  /// Takes up the latest alternative of this part; false where there is none.
  private mutating func backtrack(_ pc: inout Int, _ at: inout Int, _ base: Int) -> Bool {
    while stack.count > base {
      switch stack.removeLast() {
      case .alternative(let next, let position):
        (pc, at) = (next, position)
        return true
      case .run(let loop, let low, let high):
        let shorter = text.scalarStart(before: high)
        if shorter > low { stack.append(.run(pc: loop, low: low, high: shorter)) }
        (pc, at) = (loop + 1, shorter)
        return true
      case .lazyRun(let loop, let position, let left):
        guard left > 0, position < range.upperBound,
          case .setLoop(let set, _, _) = program.instructions[loop]
        else { continue }
        let scalar = text.scalar(at: position)
        guard program.sets[set].contains(scalar.value) else { continue }
        at = position + scalar.length
        // Where the same run failed from here on, so does this one.
        if isRemembering, behindEnd == nil, left == Int.max, hasFailed(loop, at) { continue }
        stack.append(.lazyRun(pc: loop, at: at, left: left == Int.max ? left : left - 1))
        pc = loop + 1
        return true
      case .slot(let slot, let old): slots[slot] = old
      case .failed(let failedPC, let position): markFailed(failedPC, position)
      }
    }
    return false
  }

  private mutating func looksAhead(_ start: Int, _ at: Int) -> Bool {
    lookDepth += 1
    let outer = behindEnd
    behindEnd = nil
    defer {
      lookDepth -= 1
      behindEnd = outer
    }
    return run(start, at: at) != nil
  }

  private mutating func looksBehind(
    _ start: Int, _ at: Int, _ lengths: ClosedRange<Int>
  ) -> Bool {
    let outer = behindEnd
    behindEnd = at
    defer { behindEnd = outer }
    var from = at
    for length in 0...lengths.upperBound {
      if length >= lengths.lowerBound, run(start, at: from) != nil { return true }
      guard from > range.lowerBound else { return false }
      from = text.scalarStart(before: from)
    }
    return false
  }
}

// What is remembered.
extension RegexMatcher {
  /// Steps for each place in the text before anything is remembered.
  private static let stepsBefore = 64
  /// How many times as long an incomplete memory may let a search take as a complete one.
  private static let patience = 4

  /// Whether this place is known to fail (false) or, inside a look, to succeed (true).
  private mutating func remembered(_ pc: Int, _ at: Int) -> Bool? {
    guard steps > 4096, behindEnd == nil, program.memo[pc] >= 0 else { return nil }
    if !isRemembering { beginRemembering() }
    guard isRemembering else { return nil }
    let number = Int(program.memo[pc])
    if memory.holds(.failure, number, at) { return false }
    if lookDepth > 0, memory.holds(.success, number, at) { return true }
    stack.append(.failed(pc: pc, at: at))
    return nil
  }

  private mutating func beginRemembering() {
    guard steps > RegexMatcher.stepsBefore * range.count else { return }
    isRemembering = true
    memory = RegexMemory(
      program.memoCount, hasLooks: program.hasLooks, range: range, limit: memoryLimit)
    guard !memory.isComplete else { return }
    let complete = (RegexMatcher.stepsBefore + program.instructions.count) * (range.count + 1)
    stepLimit = RegexMatcher.patience * complete
  }

  private func hasFailed(_ pc: Int, _ at: Int) -> Bool {
    memory.holds(.failure, Int(program.memo[pc]), at)
  }

  private mutating func markSucceeded(_ pc: Int, _ at: Int) {
    memory.mark(.success, Int(program.memo[pc]), at)
  }

  private mutating func markFailed(_ pc: Int, _ at: Int) {
    // An iteration that has not taken anything yet may fail for that reason alone.
    let mayBeEmpty = slots.contains(at)
    let number = Int(program.memo[pc])
    guard case .setLoop(let set, let maximum, let greed) = program.instructions[pc],
      maximum == Int.max, greed != .possessive
    else {
      if !mayBeEmpty { memory.mark(.failure, number, at) }
      return
    }
    // A run that failed, whichever end it tried first, fails from each of its places on, where it
    // has taken something. Those that are near are asked for first.
    let end = min(range.upperBound, at + memory.span - 1)
    var position = at
    while true {
      if position > at, hasFailed(pc, position) { return }
      if position > at || !mayBeEmpty { memory.mark(.failure, number, position) }
      guard position < end else { return }
      let scalar = text.scalar(at: position)
      guard program.sets[set].contains(scalar.value) else { return }
      position += scalar.length
      guard position <= end else { return }
    }
  }

  private func holds(_ anchor: RegexNode.Anchor, _ at: Int) -> Bool {
    switch anchor {
    case .textStart: at == range.lowerBound
    case .textEnd: at == range.upperBound
    case .lastLineEnd:
      at == range.upperBound || (at + 1 == range.upperBound && text[at] == 0x0A)
    case .lineStart: at == range.lowerBound || text[at - 1] == 0x0A
    case .lineEnd: at == range.upperBound || text[at] == 0x0A
    case .wordBoundary: isWord(before: at) != isWord(after: at)
    case .insideWord: isWord(before: at) == isWord(after: at)
    }
  }

  private func isWord(before at: Int) -> Bool {
    at > range.lowerBound
      && program.wordSet.contains(text.scalar(at: text.scalarStart(before: at)).value)
  }

  private func isWord(after at: Int) -> Bool {
    at < range.upperBound && program.wordSet.contains(text.scalar(at: at).value)
  }
}
