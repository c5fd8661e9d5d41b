import ApusEngine
import ApusPipelines
import Foundation
import Synchronization

/// What a fake model tells the test while the engine thread owns it.
final class FakeModelLog: Sendable {
  private let state = Mutex((problems: [String](), steps: 0, largest: 0))

  func problem(_ text: String) { state.withLock { $0.problems.append(text) } }
  func step(requests: Int) {
    state.withLock {
      $0.steps += 1
      $0.largest = max($0.largest, requests)
    }
  }
  var problems: [String] { state.withLock { $0.problems } }
  var steps: Int { state.withLock { $0.steps } }
  var largest: Int { state.withLock { $0.largest } }
}

/// A model whose next token is a hash of its request's tokens, read back from the cache through the
/// page table. Each slot keeps token, position and a hash of all up to it, so that a wrong page, a
/// stale one or a slot that was never written changes the answer and is told. It also checks that
/// batches are well-formed.
final class FakeModel: PipelineModelWithKVCache {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// What a slot of the cache holds.
  struct Cell: Hashable {
    var token: Int32
    var position: Int32
    /// Of the tokens from the first on.
    var chain: UInt64

    static let poison = Cell(token: -1, position: -1, chain: 0xDEAD)
    /// Of a step that was lost. A later step that was already out may read it, for a request that
    /// has ended: what is drawn there is worth nothing, and nobody is to blame.
    static let lost = Cell(token: -2, position: -2, chain: 0xDEAD)
  }

  /// What the device does, in the order in which it was enqueued.
  private enum Work {
    case step(Int, StepBatch)
    case poison([Int32])
  }

  let vocabularySize: Int
  let cache: CacheGeometry
  let limits: StepLimits
  let stepsInFlight: Int
  let log = FakeModelLog()
  /// Nothing is computed before it is collected, as on a device that runs behind the host.
  var runsLate = false
  /// Microseconds that a step takes.
  var stepMicroseconds: UInt32 = 0
  /// Steps, counted from 0, whose enqueue or collect throws.
  var failsToEnqueue: Set<Int> = []
  var failsToCollect: Set<Int> = []
  /// From this step on the weights are damaged.
  var isDamagedFrom = Int.max
  private(set) var damage: String?
  private(set) var cells: [Cell]
  private var work: [Work] = []
  private var outstanding = 0
  /// Of steps that are done and not collected.
  private var drawn: [(number: Int, tokens: [Int32])] = []
  private var lastDrawn: [Int32] = []
  private var number = 0
  /// The step that stored to each slot last.
  private var storedBy: [Int]

  init(
    vocabularySize: Int = 997, pages: Int, pageSize: Int, limits: StepLimits,
    stepsInFlight: Int = 1
  ) {
    self.vocabularySize = vocabularySize
    cache = CacheGeometry(pages: pages, pageSize: pageSize, bytesPerPage: pageSize * 4)
    self.limits = limits
    self.stepsInFlight = stepsInFlight
    cells = [Cell](repeating: .poison, count: pages * pageSize)
    storedBy = [Int](repeating: -1, count: pages * pageSize)
  }

  func enqueue(_ batch: StepBatch) throws {
    let step = number
    number += 1
    if failsToEnqueue.contains(step) { throw Failure(description: "no room for step \(step)") }
    if stepMicroseconds > 0 { Thread.sleep(forTimeInterval: Double(stepMicroseconds) * 1e-6) }
    check(batch, step)
    log.step(requests: batch.requestCount)
    work.append(.step(step, batch))
    if !runsLate { catchUp(to: step) }
    outstanding += 1
    if outstanding > stepsInFlight { log.problem("\(outstanding) steps are out") }
  }

  func collect() throws -> [Int32] {
    catchUp(to: number - outstanding)
    outstanding -= 1
    let (step, tokens) = drawn.removeFirst()
    if step >= isDamagedFrom { damage = "the weights' file was cut" }
    if failsToCollect.contains(step) { throw Failure(description: "step \(step) was lost") }
    return tokens
  }

  /// Gives up the oldest outstanding step; what it stored is worth nothing.
  func lose() {
    let step = number - outstanding
    if runsLate {
      catchUp(to: step - 1)
      if let place = work.firstIndex(where: { if case .step = $0 { true } else { false } }),
        case .step(_, let batch) = work.remove(at: place)
      {
        for slot in batch.slots { cells[Int(slot)] = .lost }
        lastDrawn = batch.outputRows.map { _ in 0 }
      }
    } else {
      drawn.removeFirst()
    }
    outstanding -= 1
  }

  /// Spoils pages that nobody uses, when the device gets there.
  func poison(_ pages: [Int32]) {
    work.append(.poison(pages))
    if !runsLate { catchUp(to: number - 1) }
  }

  /// Does the work up to a step.
  private func catchUp(to last: Int) {
    var done = 0
    for item in work {
      switch item {
      case .step(let step, let batch):
        if step > last { work.removeFirst(done); return }
        run(batch)
        drawn.append((step, lastDrawn))
      case .poison(let pages):
        for page in pages { spoil(page, from: 0) }
      }
      done += 1
    }
    work.removeAll(keepingCapacity: true)
  }

  private func spoil(_ page: Int32, from place: Int) {
    for place in place..<cache.pageSize { cells[Int(page) * cache.pageSize + place] = .poison }
  }

  // MARK: Computation

  private func run(_ batch: StepBatch) {
    var tokens = batch.tokenIDs
    for (destination, source) in batch.carried {
      tokens[Int(destination)] = lastDrawn[Int(source)]
    }
    for (row, token) in tokens.enumerated() {
      let (position, slot) = (Int(batch.positions[row]), Int(batch.slots[row]))
      let before =
        position > 0
        ? cell(position - 1, ofRow: row, batch)
        : Cell(token: 0, position: -1, chain: FakeModel.emptyChain)
      // Pages are filled from their beginning: this one is new, and what it held is worth nothing.
      let (page, place) = slot.quotientAndRemainder(dividingBy: cache.pageSize)
      if place == 0 { spoil(Int32(page), from: 1) }
      cells[slot] = Cell(
        token: token, position: Int32(position), chain: FakeModel.chained(before.chain, token))
      if before == .lost {
        cells[slot] = .lost
      } else if Int(before.position) != position - 1 {
        log.problem("row at \(position) finds \(before) before it")
      }
    }
    lastDrawn = zip(batch.outputRows, batch.sampling).map { row, sampling in
      draw(Int(row), sampling, batch)
    }
  }

  /// Reads the whole context of a row.
  private func draw(_ row: Int, _ sampling: SamplingParameters, _ batch: StepBatch) -> Int32 {
    var chain = FakeModel.emptyChain
    for position in 0...Int(batch.positions[row]) {
      let cell = cell(position, ofRow: row, batch)
      if cell == .lost { return 0 }
      chain = FakeModel.chained(chain, cell.token)
      if Int(cell.position) != position || cell.chain != chain {
        log.problem("a draw reads \(cell) at \(position)")
      }
    }
    return FakeModel.next(chain, seed: sampling.seed, vocabularySize)
  }

  private func cell(_ position: Int, ofRow row: Int, _ batch: StepBatch) -> Cell {
    let request = Int(batch.requestOfToken[row])
    let (page, place) = position.quotientAndRemainder(dividingBy: cache.pageSize)
    let entry = Int(batch.pageTable[request * batch.pagesPerRequest + page])
    return cells[entry * cache.pageSize + place]
  }

  static let emptyChain: UInt64 = 0xCBF2_9CE4_8422_2325

  static func chained(_ chain: UInt64, _ token: Int32) -> UInt64 {
    let mixed = (chain ^ UInt64(UInt32(bitPattern: token))) &* 0x9FB2_1C65_1E98_DF25
    return mixed ^ (mixed >> 28)
  }

  static func next(_ chain: UInt64, seed: UInt64, _ vocabularySize: Int) -> Int32 {
    Int32((chained(chain ^ seed, 1) >> 20) % UInt64(vocabularySize))
  }

  /// What a request gets when it is alone in the world.
  static func alone(
    _ prompt: [Int32], seed: UInt64, maxNewTokens: Int, contextLength: Int, endTokens: Set<Int32>,
    vocabularySize: Int = 997
  ) -> (tokens: [Int32], finish: FinishReason) {
    var chain = prompt.reduce(emptyChain, chained)
    var tokens: [Int32] = []
    while tokens.count < min(maxNewTokens, contextLength - prompt.count) {
      let token = next(chain, seed: seed, vocabularySize)
      tokens.append(token)
      if endTokens.contains(token) { return (tokens, .stop) }
      chain = chained(chain, token)
    }
    return (tokens, .length)
  }

  // MARK: Batches

  private func check(_ batch: StepBatch, _ step: Int) {
    let (tokens, requests) = (batch.tokenIDs.count, batch.requestCount)
    func demand(_ holds: Bool, _ text: @autoclosure () -> String) {
      if !holds { log.problem(text()) }
    }
    demand(tokens > 0 && tokens <= limits.tokens, "\(tokens) tokens in a step")
    demand(requests > 0 && requests <= limits.requests, "\(requests) requests in a step")
    demand(batch.positions.count == tokens && batch.slots.count == tokens, "ragged columns")
    demand(batch.pageTable.count == requests * batch.pagesPerRequest, "size of the page table")
    demand(batch.outputRows.count == batch.sampling.count, "sampling of each output")
    demand(zip(batch.outputRows, batch.outputRows.dropFirst()).allSatisfy(<), "outputs ascend")
    demand(Int(batch.rowOffsets[requests]) == tokens, "row offsets")
    for slot in batch.slots {
      demand(storedBy[Int(slot)] != step, "a slot is stored to twice")
      storedBy[Int(slot)] = step
    }
    for request in 0..<requests {
      let rows = Int(batch.rowOffsets[request])..<Int(batch.rowOffsets[request + 1])
      demand(!rows.isEmpty, "a request without rows")
      for row in rows {
        let position = Int(batch.positions[row])
        demand(Int(batch.requestOfToken[row]) == request, "request of a row")
        demand(
          position == Int(batch.positions[rows.lowerBound]) + row - rows.lowerBound, "positions")
        demand(position < limits.contextLength, "a position past the context")
        let page = batch.pageTable[request * batch.pagesPerRequest + position / cache.pageSize]
        let slot = Int(page) * cache.pageSize + position % cache.pageSize
        demand(Int(batch.slots[row]) == slot, "a slot that is not the page table's")
      }
    }
  }
}
