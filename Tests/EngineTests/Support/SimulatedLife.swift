import ApusEngine
import ApusPipelines

/// What happened in simulated lives.
struct SimulationTally {
  var seconds = 0.0
  /// Seconds in which a step was running.
  var busySeconds = 0.0
  var steps = 0
  var rows = 0
  var requests = 0
  var ends: [FinishReason: Int] = [:]
  /// Cancels by where the request was.
  var cancelledWaiting = 0
  var cancelledPrefilling = 0
  var cancelledDecoding = 0
  var prefixHitTokens = 0
  var evictions = 0
  var preemptions = 0
  /// Steps that had rows left, while a running request waited: for pages that an older one was
  /// computing, or for a free page.
  var waits = 0
  /// Most requests of one step.
  var largestStep = 0
  /// The greatest part of the starvation bound that a request needed.
  var closestToBound = 0.0

  static func + (a: SimulationTally, b: SimulationTally) -> SimulationTally {
    var sum = a
    sum.seconds += b.seconds
    sum.busySeconds += b.busySeconds
    sum.steps += b.steps
    sum.rows += b.rows
    sum.requests += b.requests
    sum.ends.merge(b.ends) { $0 + $1 }
    sum.cancelledWaiting += b.cancelledWaiting
    sum.cancelledPrefilling += b.cancelledPrefilling
    sum.cancelledDecoding += b.cancelledDecoding
    sum.prefixHitTokens += b.prefixHitTokens
    sum.evictions += b.evictions
    sum.preemptions += b.preemptions
    sum.waits += b.waits
    sum.largestStep = max(sum.largestStep, b.largestStep)
    sum.closestToBound = max(sum.closestToBound, b.closestToBound)
    return sum
  }
}

/// One life of a scheduler and its cache under random load, in simulated time: a step takes a time
/// for itself and for each of its rows, requests come by a Poisson process with bursts, and some
/// are given up wherever they are.
///
/// After each step pages and references are counted again; at the end every answer is compared with
/// what the request gets alone.
struct SimulatedLife {
  private struct Asked {
    let request: ScheduledRequest
    let cancelsAt: Double
    /// Steps until it must have ended.
    let bound: Int
    let submittedAtStep: Int
    var got: [Int32] = []
    var finish: FinishReason?
  }

  let setting: SimulationSetting
  private(set) var tally = SimulationTally()
  private(set) var problems: [String] = []
  private let model: FakeModel
  private var generator: SeededGenerator
  private var prompts: SimulatedPrompts
  private var scheduler: Scheduler
  private var asked: [RequestID: Asked] = [:]
  /// Those that have not ended, first come first.
  private var live: [RequestID] = []
  private var out: [Step] = []
  private var clock = 0.0
  private var nextArrival: Double
  /// Pages that were spoilt, and not used since.
  private var spoilt: Set<Int32> = []
  private var largestLimit = 0

  init(seed: UInt64, seconds: Double) {
    var generator = SeededGenerator(seed: seed)
    setting = SimulationSetting(seconds: seconds, &generator)
    model = FakeModel(
      vocabularySize: setting.vocabulary, pages: setting.pages, pageSize: setting.pageSize,
      limits: setting.limits, stepsInFlight: setting.stepsInFlight)
    model.runsLate = setting.runsLate
    scheduler = Scheduler(
      limits: setting.limits, cache: model.cache, stepsInFlight: setting.stepsInFlight,
      endTokens: setting.endTokens, keepsPrefixes: setting.keepsPrefixes,
      pageHash: setting.pageHash)
    prompts = SimulatedPrompts(setting, &generator)
    nextArrival = generator.wait(mean: setting.meanGap)
    self.generator = generator
  }

  mutating func run() throws {
    while problems.isEmpty, nextArrival < setting.seconds || !scheduler.isIdle {
      while nextArrival <= clock, nextArrival < setting.seconds { try arrive() }
      cancelTheImpatient()
      while out.count < setting.stepsInFlight, let step = scheduler.schedule() {
        try model.enqueue(step.batch)
        count(step)
        check()
      }
      if !out.isEmpty {
        try land()
        check()
      } else if scheduler.isIdle {
        clock = max(clock, min(nextArrival, setting.seconds))
      } else {
        problems.append("nothing runs, and \(scheduler.waitingCount) wait")
      }
    }
    finish()
  }

  private mutating func finish() {
    tally.seconds = clock
    tally.requests = asked.count
    tally.prefixHitTokens = scheduler.prefixHitTokens
    tally.evictions = scheduler.evictions
    tally.preemptions = scheduler.preemptions
    problems += model.log.problems.prefix(3)
    guard problems.isEmpty else { return }
    if scheduler.freePages != setting.pages { problems.append("pages are missing") }
    if scheduler.inspect().pageClaims != 0 { problems.append("claims are left") }
    for one in asked.values { judge(one) }
  }

  // MARK: Requests

  private mutating func arrive() throws {
    let burst = generator.chance(1, in: 6) ? Int.random(in: 2...8, using: &generator) : 1
    for _ in 0..<burst { try submit() }
    nextArrival += generator.wait(mean: setting.meanGap)
  }

  private mutating func submit() throws {
    let limits = setting.limits
    let promptIDs = prompts.next(&generator)
    let room = min(limits.contextLength, setting.pages * setting.pageSize + 1) - promptIDs.count
    var sampling = SamplingParameters()
    sampling.seed = generator.chance(1, in: 2) ? 0 : generator.next()
    let request = ScheduledRequest(
      id: RequestID(number: UInt64(asked.count)), promptIDs: promptIDs, sampling: sampling,
      maxNewTokens: Int.random(in: 1...min(room, setting.longestAnswer), using: &generator),
      ignoreEnd: generator.chance(1, in: 2), scope: prompts.scope(&generator))
    try scheduler.submit(request)
    var bound = promptIDs.count + request.maxNewTokens + setting.stepsInFlight
    for id in live {
      guard let other = asked[id]?.request else { continue }
      bound += other.promptIDs.count + other.maxNewTokens + setting.stepsInFlight
    }
    let patience = generator.wait(mean: setting.meanPatience)
    asked[request.id] = Asked(
      request: request,
      cancelsAt: generator.chance(setting.percentImpatient, in: 100) ? clock + patience : .infinity,
      bound: bound, submittedAtStep: tally.steps)
    live.append(request.id)
  }

  private mutating func cancelTheImpatient() {
    for id in live where (asked[id]?.cancelsAt ?? .infinity) <= clock {
      let running = scheduler.inspect().running.first { $0.id == id }
      let isPrefilling = running.map { $0.computed < (asked[id]?.request.promptIDs.count ?? 0) }
      switch isPrefilling {
      case nil: tally.cancelledWaiting += 1
      case true?: tally.cancelledPrefilling += 1
      case false?: tally.cancelledDecoding += 1
      }
      if scheduler.end(id) { end(id, .cancelled) } else { problems.append("\(id) is lost") }
    }
  }

  private mutating func end(_ id: RequestID, _ reason: FinishReason) {
    guard var one = asked[id] else { return problems.append("\(id) is unknown") }
    if one.finish != nil { problems.append("\(id) finished twice") }
    one.finish = reason
    asked[id] = one
    live.removeAll { $0 == id }
    tally.ends[reason, default: 0] += 1
    if reason == .stop || reason == .length {
      let steps = tally.steps - one.submittedAtStep
      // Rows that are taken back are not promised.
      if !setting.drawsUnevenly {
        if steps > one.bound { problems.append("\(id) took \(steps) steps, not \(one.bound)") }
        tally.closestToBound = max(tally.closestToBound, Double(steps) / Double(one.bound))
      }
      prompts.note(one.request.promptIDs + one.got)
    }
  }

  private mutating func judge(_ one: Asked) {
    let expected = FakeModel.alone(
      one.request.promptIDs, seed: one.request.sampling.seed,
      maxNewTokens: one.request.maxNewTokens, contextLength: setting.limits.contextLength,
      endTokens: one.request.ignoreEnd ? [] : setting.endTokens,
      vocabularySize: setting.vocabulary)
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

  // MARK: Steps

  private mutating func count(_ step: Step) {
    out.append(step)
    tally.steps += 1
    tally.rows += step.batch.tokenIDs.count
    tally.largestStep = max(tally.largestStep, step.requests.count)
    if step.batch.tokenIDs.count < setting.limits.tokens,
      scheduler.runningCount > step.requests.count
    {
      tally.waits += 1
    }
  }

  /// Commits the oldest step, or loses it, or draws none or several tokens for some outputs.
  private mutating func land() throws {
    let step = out.removeFirst()
    let seconds =
      setting.stepSeconds + setting.rowSeconds * Double(step.batch.tokenIDs.count)
    clock += seconds
    tally.busySeconds += seconds
    let updates: [RequestUpdate]
    if setting.losesSteps, generator.chance(1, in: 60) {
      model.lose()
      updates = scheduler.fail(step: step.number, message: "x")
    } else {
      let tokens = try model.collect()
      updates = scheduler.commit(
        setting.drawsUnevenly
          ? uneven(step, tokens) : StepResult(number: step.number, tokens: tokens))
    }
    for update in updates {
      asked[update.id]?.got += update.tokens
      if let reason = update.finish { end(update.id, reason) }
    }
  }

  /// Some outputs without a token, some with the one after it as well.
  private mutating func uneven(_ step: Step, _ tokens: [Int32]) -> StepResult {
    var drawn: [Int32] = []
    var offsets = [0]
    for (token, output) in zip(tokens, step.outputs) {
      let choice = Int.random(in: 0..<6, using: &generator)
      if choice > 0 { drawn.append(token) }
      if choice > 3, let one = asked[step.requests[Int(output)]] {
        let context = one.request.promptIDs + one.got + [token]
        drawn.append(
          FakeModel.next(
            context.reduce(FakeModel.emptyChain, FakeModel.chained),
            seed: one.request.sampling.seed, setting.vocabulary))
      }
      offsets.append(drawn.count)
    }
    return StepResult(number: step.number, tokens: drawn, offsets: offsets)
  }

  private mutating func check() {
    let recount = Recount(
      inspection: scheduler.inspect(), freePages: scheduler.freePages, model: model)
    let isDeep = generator.chance(1, in: setting.stepsPerDeepCheck)
    if let wrong = recount.problem(deep: isDeep) { problems.append(wrong) }
    if isDeep, let wrong = scheduler.checkInvariants() { problems.append(wrong) }
    let unused = Set(recount.unused)
    let fresh = unused.subtracting(spoilt)
    if !fresh.isEmpty { model.poison(Array(fresh)) }
    spoilt = unused
    problems += model.log.problems.prefix(3)
  }
}
