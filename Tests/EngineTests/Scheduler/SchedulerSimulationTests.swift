import ApusEngine
import ApusPipelines
import Testing

/// Seeded lives of a scheduler with a model that answers with a hash of what it finds in the cache.
struct SchedulerSimulationTests {
  @Test("every request gets what it gets alone, pages are conserved", arguments: [1, 2, 3])
  func simulate(stepsInFlight: Int) throws {
    var reasons: [FinishReason: Int] = [:]
    for seed in 0..<100 {
      var life = Life(seed: UInt64(seed * 3 + stepsInFlight), stepsInFlight: stepsInFlight)
      try life.run()
      #expect(life.problems == [], "seed \(seed)")
      #expect(life.model.log.problems == [], "seed \(seed)")
      reasons.merge(life.reasons) { $0 + $1 }
    }
    // The lives are rich enough: every end happened often.
    #expect(reasons[.stop, default: 0] > 50)
    #expect(reasons[.length, default: 0] > 200)
    #expect(reasons[.cancelled, default: 0] > 200)
    #expect(reasons[.failed("x"), default: 0] > 50)
  }
}

/// One run: random sizes, arrivals, cancels, failures and empty draws.
private struct Life {
  private struct Asked {
    let request: ScheduledRequest
    var got: [Int32] = []
    var finish: FinishReason?
  }

  var problems: [String] = []
  var reasons: [FinishReason: Int] = [:]
  let model: FakeModel
  private var generator: SeededGenerator
  private var scheduler: Scheduler
  private let endTokens: Set<Int32> = [7, 11, 13]
  private let vocabulary = 97
  private var asked: [RequestID: Asked] = [:]
  private var out: [Step] = []
  private var toSubmit: Int

  init(seed: UInt64, stepsInFlight: Int) {
    var generator = SeededGenerator(seed: seed)
    let context = Int.random(in: 8...64, using: &generator)
    let pageSize = [1, 2, 3, 4, 8, 16].randomElement(using: &generator) ?? 1
    let perRequest = (context + pageSize - 1) / pageSize
    let limits = StepLimits(
      tokens: Int.random(in: 1...24, using: &generator),
      requests: Int.random(in: 1...8, using: &generator), contextLength: context)
    model = FakeModel(
      vocabularySize: vocabulary, pages: perRequest + Int.random(in: 0...20, using: &generator),
      pageSize: pageSize, limits: limits, stepsInFlight: stepsInFlight)
    scheduler = Scheduler(
      limits: limits, cache: model.cache, stepsInFlight: stepsInFlight, endTokens: endTokens)
    toSubmit = Int.random(in: 1...20, using: &generator)
    self.generator = generator
  }

  mutating func run() throws {
    var rounds = 0
    while toSubmit > 0 || !scheduler.isIdle {
      rounds += 1
      guard rounds < 3_000 else { return problems.append("it does not end") }
      if toSubmit > 0, generator.chance(1, in: 3) { try submit() }
      // Not for ever: a request that hangs must not be saved by it.
      if rounds < 200, generator.chance(1, in: 10) { cancel() }
      while out.count < model.stepsInFlight, let step = scheduler.schedule() {
        try model.enqueue(step.batch)
        out.append(step)
        check()
        if generator.chance(1, in: 6) { break }
      }
      try land()
      check()
    }
    if scheduler.freePages != model.cache.pages { problems.append("pages are missing") }
    for one in asked.values { judge(one) }
  }

  private mutating func submit() throws {
    toSubmit -= 1
    let length = Int.random(in: 1..<model.limits.contextLength, using: &generator)
    var sampling = SamplingParameters()
    sampling.seed = generator.next()
    let request = ScheduledRequest(
      id: RequestID(number: UInt64(asked.count)),
      promptIDs: (0..<length).map { _ in Int32.random(in: 0..<97, using: &generator) },
      sampling: sampling, maxNewTokens: Int.random(in: 1...30, using: &generator),
      ignoreEnd: generator.chance(1, in: 2))
    try scheduler.submit(request)
    asked[request.id] = Asked(request: request)
  }

  private mutating func cancel() {
    let number = UInt64.random(in: 0...UInt64(asked.count), using: &generator)
    let id = RequestID(number: number)
    if scheduler.end(id) { finish(id, .cancelled) }
  }

  /// Commits the oldest step, or loses it, or pretends that nothing was drawn for some outputs.
  private mutating func land() throws {
    guard !out.isEmpty else { return }
    let step = out.removeFirst()
    let tokens = try model.collect()
    let updates: [RequestUpdate]
    if generator.chance(1, in: 60) {
      updates = scheduler.fail(step: step.number, message: "x")
    } else if model.stepsInFlight == 1, generator.chance(1, in: 10) {
      var kept: [Int32] = []
      var offsets = [0]
      for token in tokens {
        if generator.chance(1, in: 2) { kept.append(token) }
        offsets.append(kept.count)
      }
      updates = scheduler.commit(
        StepResult(number: step.number, tokens: kept, offsets: offsets))
    } else {
      updates = scheduler.commit(StepResult(number: step.number, tokens: tokens))
    }
    for update in updates {
      asked[update.id]?.got += update.tokens
      if let reason = update.finish { finish(update.id, reason) }
    }
  }

  private mutating func finish(_ id: RequestID, _ reason: FinishReason) {
    if asked[id]?.finish != nil { problems.append("\(id) finished twice") }
    asked[id]?.finish = reason
    reasons[reason, default: 0] += 1
  }

  private mutating func check() {
    if let wrong = scheduler.checkInvariants() { problems.append(wrong) }
  }

  private mutating func judge(_ one: Asked) {
    let expected = FakeModel.alone(
      one.request.promptIDs, seed: one.request.sampling.seed,
      maxNewTokens: one.request.maxNewTokens, contextLength: model.limits.contextLength,
      endTokens: one.request.ignoreEnd ? [] : endTokens, vocabularySize: vocabulary)
    switch one.finish {
    case .stop, .length:
      if one.got != expected.tokens || one.finish != expected.finish {
        problems.append("\(one.request.id) differs from what it gets alone")
      }
    case .cancelled, .failed:
      if one.got != Array(expected.tokens.prefix(one.got.count)) {
        problems.append("\(one.request.id) differs before its end")
      }
    case nil: problems.append("\(one.request.id) never finished")
    }
  }
}
