import ApusEngine
import ApusPipelines
import Foundation
import Synchronization

/// A seeded generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func chance(_ one: Int, in total: Int) -> Bool {
    Int.random(in: 0..<total, using: &self) < one
  }
}

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
/// page table. A wrong page, slot or position changes the answer. It also checks that batches are
/// well-formed.
final class FakeModel: PipelineModelWithKVCache {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let vocabularySize: Int
  let cache: CacheGeometry
  let limits: StepLimits
  let stepsInFlight: Int
  let log = FakeModelLog()
  /// Microseconds that a step takes.
  var stepMicroseconds: UInt32 = 0
  /// Steps, counted from 0, whose enqueue or collect throws.
  var failsToEnqueue: Set<Int> = []
  var failsToCollect: Set<Int> = []
  /// From this step on the weights are damaged.
  var isDamagedFrom = Int.max
  private(set) var damage: String?
  private var cells: [Int32]
  private var outstanding: [(number: Int, drawn: [Int32])] = []
  private var lastDrawn: [Int32] = []
  private var number = 0

  init(
    vocabularySize: Int = 997, pages: Int, pageSize: Int, limits: StepLimits,
    stepsInFlight: Int = 1
  ) {
    self.vocabularySize = vocabularySize
    cache = CacheGeometry(pages: pages, pageSize: pageSize, bytesPerPage: pageSize * 4)
    self.limits = limits
    self.stepsInFlight = stepsInFlight
    cells = [Int32](repeating: -1, count: pages * pageSize)
  }

  func enqueue(_ batch: StepBatch) throws {
    let step = number
    number += 1
    if failsToEnqueue.contains(step) { throw Failure(description: "no room for step \(step)") }
    if stepMicroseconds > 0 { Thread.sleep(forTimeInterval: Double(stepMicroseconds) * 1e-6) }
    check(batch)
    log.step(requests: batch.requestCount)
    var tokens = batch.tokenIDs
    for (destination, source) in batch.carried {
      tokens[Int(destination)] = lastDrawn[Int(source)]
    }
    for (token, slot) in zip(tokens, batch.slots) { cells[Int(slot)] = token }
    lastDrawn = zip(batch.outputRows, batch.sampling).map { row, sampling in
      let request = Int(batch.requestOfToken[Int(row)])
      let context = (0...Int(batch.positions[Int(row)])).map { position in
        let entry = request * batch.pagesPerRequest + position / cache.pageSize
        let page = Int(batch.pageTable[entry])
        return cells[page * cache.pageSize + position % cache.pageSize]
      }
      return FakeModel.next(after: context, seed: sampling.seed, vocabularySize)
    }
    outstanding.append((step, lastDrawn))
    if outstanding.count > stepsInFlight { log.problem("\(outstanding.count) steps are out") }
  }

  func collect() throws -> [Int32] {
    let (step, drawn) = outstanding.removeFirst()
    if step >= isDamagedFrom { damage = "the weights' file was cut" }
    if failsToCollect.contains(step) { throw Failure(description: "step \(step) was lost") }
    return drawn
  }

  static func next(after context: [Int32], seed: UInt64, _ vocabularySize: Int) -> Int32 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
    for token in context { hash = (hash ^ UInt64(bitPattern: Int64(token))) &* 0x100_0000_01B3 }
    return Int32((hash >> 20) % UInt64(vocabularySize))
  }

  /// What a request gets when it is alone in the world.
  static func alone(
    _ prompt: [Int32], seed: UInt64, maxNewTokens: Int, contextLength: Int, endTokens: Set<Int32>,
    vocabularySize: Int = 997
  ) -> (tokens: [Int32], finish: FinishReason) {
    var context = prompt
    while context.count < min(prompt.count + maxNewTokens, contextLength) {
      context.append(next(after: context, seed: seed, vocabularySize))
      if endTokens.contains(context[context.count - 1]) {
        return (Array(context[prompt.count...]), .stop)
      }
    }
    return (Array(context[prompt.count...]), .length)
  }

  private func check(_ batch: StepBatch) {
    let (tokens, requests) = (batch.tokenIDs.count, batch.requestCount)
    func demand(_ holds: Bool, _ text: String) { if !holds { log.problem(text) } }
    demand(tokens > 0 && tokens <= limits.tokens, "\(tokens) tokens in a step")
    demand(requests > 0 && requests <= limits.requests, "\(requests) requests in a step")
    demand(batch.positions.count == tokens && batch.slots.count == tokens, "ragged columns")
    demand(batch.pageTable.count == requests * batch.pagesPerRequest, "size of the page table")
    demand(batch.outputRows.count == batch.sampling.count, "sampling of each output")
    demand(batch.outputRows == batch.outputRows.sorted(), "outputs ascend")
    demand(Set(batch.slots).count == tokens, "a slot is stored to twice")
    demand(Int(batch.rowOffsets[requests]) == tokens, "row offsets")
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
