import ApusEngine
import ApusPipelines
import Testing

/// Text of a fake vocabulary: a letter for each id; half of a character for ids of 900 and above.
private struct FakeText: TokenTextSource {
  struct Text: TokenTextDecoder {
    var half = false

    static func letter(_ id: Int32) -> String {
      String(UnicodeScalar(UInt8(97 + id % 26)))
    }

    mutating func append(_ id: Int32) -> String {
      if id >= 900, !half {
        half = true
        return ""
      }
      defer { half = false }
      return (half ? "é" : "") + Text.letter(id)
    }

    mutating func finish() -> String { half ? "\u{FFFD}" : "" }
  }

  func makeTextDecoder(
    after prompt: [Int32], skipSpecialTokens: Bool
  ) -> any TokenTextDecoder { Text() }

  static func text(_ ids: [Int32]) -> String {
    var text = Text()
    return ids.map { text.append($0) }.joined() + text.finish()
  }
}

@Suite(.serialized) struct EngineThreadTests {
  private struct Answer {
    var ids: [Int32] = []
    var text = ""
    var finish: FinishReason?
    var usage: TokenUsage?
  }

  private let limits = StepLimits(tokens: 24, requests: 16, contextLength: 64)
  private let endTokens: Set<Int32> = [3, 5, 7]

  private func model(stepsInFlight: Int = 1, pages: Int = 200, tokens: Int = 24) -> FakeModel {
    FakeModel(
      pages: pages, pageSize: 4,
      limits: StepLimits(
        tokens: tokens, requests: limits.requests, contextLength: limits.contextLength),
      stepsInFlight: stepsInFlight)
  }

  private func engine(_ model: sending FakeModel) async -> EngineThread {
    let engine = EngineThread(model: model, text: FakeText(), endTokens: endTokens)
    #expect(await engine.waitUntilStarted() == nil)
    return engine
  }

  private func request(_ generator: inout SeededGenerator) -> GenerationRequest {
    let length = Int.random(in: 1...40, using: &generator)
    var request = GenerationRequest(
      promptIDs: (0..<length).map { _ in Int32.random(in: 0..<997, using: &generator) })
    request.sampling.seed = generator.next()
    request.maxNewTokens = Int.random(in: 1...40, using: &generator)
    request.ignoreEnd = generator.chance(1, in: 2)
    return request
  }

  private func read(_ handle: RequestHandle) async -> Answer {
    var answer = Answer()
    for await event in handle.events {
      switch event {
      case .tokens(let ids, let text):
        answer.ids += ids
        answer.text += text
      case .finished(let reason, let usage):
        answer.finish = reason
        answer.usage = usage
      }
    }
    return answer
  }

  private func alone(_ request: GenerationRequest) -> (tokens: [Int32], finish: FinishReason) {
    FakeModel.alone(
      request.promptIDs, seed: request.sampling.seed, maxNewTokens: request.maxNewTokens,
      contextLength: limits.contextLength, endTokens: request.ignoreEnd ? [] : endTokens)
  }

  @Test("16 together get what each gets alone", arguments: [1, 2])
  func together(stepsInFlight: Int) async throws {
    let model = model(stepsInFlight: stepsInFlight)
    model.stepMicroseconds = 300
    let log = model.log
    let engine = await engine(model)
    var generator = SeededGenerator(seed: 5)
    try await withThrowingTaskGroup(of: (GenerationRequest, Answer).self) { group in
      for _ in 0..<16 {
        let request = request(&generator)
        let handle = try engine.submit(request)
        group.addTask { (request, await self.read(handle)) }
      }
      for try await (request, answer) in group {
        let expected = alone(request)
        #expect(answer.ids == expected.tokens && answer.finish == expected.finish)
        let spoken = expected.finish == .stop ? expected.tokens.dropLast() : expected.tokens[...]
        #expect(answer.text == FakeText.text(Array(spoken)))
        #expect(
          answer.usage
            == TokenUsage(
              promptTokens: request.promptIDs.count, completionTokens: answer.ids.count))
      }
    }
    await engine.drain()
    #expect(log.problems == [])
    #expect(log.largest > 4)
    let metrics = engine.metrics
    #expect(metrics.cachePagesFree == 200 && metrics.cachePages == 200)
    #expect(metrics.batchSize.peak == log.largest && metrics.steps == log.steps - 1)
    #expect(metrics.requestsRunning == 0 && metrics.requestsWaiting == 0)
    #expect(metrics.prefillChunks > 0)
  }

  @Test("after cancels at random moments every page is free", arguments: [1, 2])
  func cancels(stepsInFlight: Int) async throws {
    let model = model(stepsInFlight: stepsInFlight)
    // Slow enough that the cancels of a busy machine still find something running.
    model.stepMicroseconds = 3000
    let log = model.log
    let engine = await engine(model)
    var generator = SeededGenerator(seed: 9)
    var cancelled = 0
    try await withThrowingTaskGroup(of: (GenerationRequest, Answer).self) { group in
      for index in 0..<60 {
        var request = request(&generator)
        request.ignoreEnd = true
        request.maxNewTokens = 40
        let handle = try engine.submit(request)
        let delay = UInt64.random(in: 0...4000, using: &generator)
        let abandons = index % 3 == 0
        group.addTask {
          let reading = Task { await self.read(handle) }
          try await Task.sleep(nanoseconds: delay * 1000)
          if abandons { reading.cancel() } else { engine.cancel(handle.id) }
          return (request, await reading.value)
        }
      }
      for try await (request, answer) in group {
        if answer.finish != .length { cancelled += 1 }
        #expect(answer.ids == Array(alone(request).tokens.prefix(answer.ids.count)))
      }
    }
    await engine.drain()
    #expect(log.problems == [])
    #expect(cancelled > 10)
    #expect(engine.metrics.cachePagesFree == 200)
  }

  /// Where a request is when it is cancelled.
  enum Moment: CaseIterable { case queue, prefill, decode }

  @Test("a cancel takes effect within a step", arguments: Moment.allCases, [1, 2])
  func cancelled(in moment: Moment, stepsInFlight: Int) async throws {
    // One token a step, one request at a time.
    let model = model(stepsInFlight: stepsInFlight, tokens: 1)
    // In the queue: what runs before it would end long after, however busy the machine is.
    model.stepMicroseconds = moment == .queue ? 200_000 : 20_000
    let log = model.log
    let engine = await engine(model)
    let long = GenerationRequest(promptIDs: [1], maxNewTokens: 60, ignoreEnd: true)
    var before: RequestHandle?
    if moment == .queue {
      before = try engine.submit(long)
      while engine.metrics.requestsRunning == 0 { await Task.yield() }
    }
    let prompt = [Int32](repeating: 2, count: 60)
    let handle = try engine.submit(
      moment == .prefill ? GenerationRequest(promptIDs: prompt, maxNewTokens: 3) : long)
    switch moment {
    case .queue: while engine.metrics.requestsWaiting == 0 { await Task.yield() }
    case .prefill: while engine.metrics.prefillChunks == 0 { await Task.yield() }
    case .decode: while handle.times.first == nil { await Task.yield() }
    }
    engine.cancel(handle.id)
    let steps = log.steps
    let answer = await read(handle)
    #expect(answer.finish == .cancelled)
    #expect((answer.ids == []) == (moment != .decode))
    if let before {
      #expect(engine.metrics.requestsRunning == 1)
      engine.cancel(before.id)
      _ = await read(before)
    } else {
      // Those that were out, and one that was being scheduled.
      #expect(log.steps - steps <= stepsInFlight + 1)
    }
    await engine.drain()
    #expect(engine.metrics.cachePagesFree == 200 && log.problems == [])
  }

  @Test("a pool of a quarter gives each what it gets alone", arguments: [1, 2])
  func shortOfPages(stepsInFlight: Int) async throws {
    // 16 requests of 40 to 64 tokens need up to 256 pages.
    let model = model(stepsInFlight: stepsInFlight, pages: 40)
    model.stepMicroseconds = 200
    let log = model.log
    let engine = await engine(model)
    var generator = SeededGenerator(seed: 21)
    let shared = (0..<20).map { _ in Int32.random(in: 0..<997, using: &generator) }
    try await withThrowingTaskGroup(of: (GenerationRequest, Answer).self) { group in
      for index in 0..<16 {
        var request = request(&generator)
        request.promptIDs = (index % 3 == 0 ? [] : shared) + request.promptIDs.prefix(12)
        request.maxNewTokens = 30
        request.ignoreEnd = true
        let handle = try engine.submit(request)
        let sent = request
        group.addTask { (sent, await self.read(handle)) }
      }
      for try await (request, answer) in group { #expect(answer.ids == alone(request).tokens) }
    }
    await engine.drain()
    #expect(log.problems == [])
    let metrics = engine.metrics
    #expect(metrics.preemptions > 0 && metrics.cacheEvictions > 0 && metrics.prefixHitTokens > 0)
    #expect(metrics.cachePagesFree == 40)
  }

  @Test func aStopStringEndsTheTextBeforeIt() async throws {
    let model = model()
    let log = model.log
    let engine = await engine(model)
    var request = GenerationRequest(promptIDs: [1, 2, 3], maxNewTokens: 30, ignoreEnd: true)
    let whole = alone(request)
    let text = FakeText.text(whole.tokens)
    let from = text.index(text.startIndex, offsetBy: 9)
    let stop = String(text[from..<text.index(from, offsetBy: 3)])
    request.stopStrings = [stop, "never there"]
    let answer = await read(try engine.submit(request))
    #expect(answer.finish == .stop)
    #expect(answer.text == String(text[..<(try #require(text.firstRange(of: stop))).lowerBound]))
    #expect(answer.ids.count < 30 && answer.ids == Array(whole.tokens.prefix(answer.ids.count)))
    #expect(engine.metrics.cachePagesFree == 200)
    await engine.drain()
    // The warm-up, and a step for each token that was told: it did not run on in silence.
    #expect(log.steps == 1 + answer.ids.count)
  }

  @Test func whatCannotBeServedIsRefusedAtOnce() async throws {
    let engine = await engine(model())
    #expect(throws: AdmissionError.emptyPrompt) {
      try engine.submit(GenerationRequest(promptIDs: []))
    }
    #expect(throws: AdmissionError.promptTooLong(tokens: 64, contextLength: 64)) {
      try engine.submit(GenerationRequest(promptIDs: [Int32](repeating: 1, count: 64)))
    }
    #expect(throws: AdmissionError.unknownToken(id: 997, vocabularySize: 997)) {
      try engine.submit(GenerationRequest(promptIDs: [1, 997]))
    }
    let nothing = await read(
      try engine.submit(GenerationRequest(promptIDs: [1], maxNewTokens: 0)))
    #expect(nothing.finish == .length && nothing.ids == [])
    await engine.drain()
    #expect(throws: AdmissionError.draining) {
      try engine.submit(GenerationRequest(promptIDs: [1]))
    }
  }

  @Test func drainingFinishesWhatRunsAndTakesNoMore() async throws {
    let model = model()
    model.stepMicroseconds = 500
    let engine = await engine(model)
    #expect(engine.isReady && engine.isHealthy)
    let request = GenerationRequest(promptIDs: [4, 5], maxNewTokens: 30, ignoreEnd: true)
    let handle = try engine.submit(request)
    async let answer = read(handle)
    async let drained: Void = engine.drain()
    while engine.isReady { await Task.yield() }
    #expect(throws: AdmissionError.draining) { try engine.submit(request) }
    #expect(await answer.ids == alone(request).tokens)
    await drained
    #expect(!engine.isReady)
  }

  @Test("a step that fails ends its requests and nothing else", arguments: [1, 2])
  func failures(stepsInFlight: Int) async throws {
    let model = model(stepsInFlight: stepsInFlight)
    model.failsToEnqueue = [3]
    model.failsToCollect = [6]
    let engine = await engine(model)
    let request = GenerationRequest(promptIDs: [9, 9], maxNewTokens: 12, ignoreEnd: true)
    let first = await read(try engine.submit(request))
    #expect(first.finish == .failed("no room for step 3"))
    let second = await read(try engine.submit(request))
    #expect(second.finish == .failed("step 6 was lost"))
    let third = await read(try engine.submit(request))
    #expect(third.finish == .length && third.ids == alone(request).tokens)
    #expect(engine.isHealthy && engine.metrics.failedSteps == 2)
    await engine.drain()
    #expect(engine.metrics.cachePagesFree == 200)
  }

  @Test("damaged weights: nothing of the step is told, all requests fail, the engine lives")
  func damage() async throws {
    for stepsInFlight in [1, 2] {
      let model = model(stepsInFlight: stepsInFlight)
      model.isDamagedFrom = 5
      model.stepMicroseconds = 300
      let engine = await engine(model)
      let reason = FinishReason.failed("the weights' file was cut")
      let request = GenerationRequest(promptIDs: [9, 9], maxNewTokens: 40, ignoreEnd: true)
      let handles = try (0..<20).map { _ in try engine.submit(request) }
      for handle in handles {
        let answer = await read(handle)
        #expect(answer.finish == reason)
        // Step 0 was the warm-up, and each step gives at most one token.
        #expect(answer.ids.count <= 4)
        #expect(answer.ids == Array(alone(request).tokens.prefix(answer.ids.count)))
      }
      #expect(!engine.isReady && !engine.isHealthy)
      let late = await read(try engine.submit(request))
      #expect(late.finish == reason && late.ids == [])
      await engine.drain()
      #expect(engine.metrics.cachePagesFree == 200)
    }
  }

  @Test func damageInTheWarmUpIsAFailedStart() async {
    let model = model()
    model.isDamagedFrom = 0
    let engine = EngineThread(model: model, text: FakeText(), endTokens: [])
    #expect(await engine.waitUntilStarted() == "the weights' file was cut")
    #expect(!engine.isReady)
    await engine.drain()
  }

  @Test func aFailedWarmUpIsToldAndNotReady() async {
    let model = model()
    model.failsToCollect = [0]
    let engine = EngineThread(model: model, text: FakeText(), endTokens: [])
    #expect(await engine.waitUntilStarted() == "step 0 was lost")
    #expect(!engine.isReady && !engine.isHealthy)
    await engine.drain()
  }

  @Test func timesAreThoseOfTheEngineAndNotOfTheReader() async throws {
    let model = model()
    model.stepMicroseconds = 2000
    let engine = await engine(model)
    let start = ContinuousClock.now
    let handle = try engine.submit(
      GenerationRequest(promptIDs: [1, 2], maxNewTokens: 20, ignoreEnd: true))
    #expect(handle.times.first == nil || handle.times.last != nil)
    // Nothing is read until all is done.
    await engine.drain()
    let first = try #require(handle.times.first)
    let last = try #require(handle.times.last)
    #expect(start < first && first < last && last < .now)
    #expect(last - first >= .milliseconds(19 * 2))
    #expect(await read(handle).ids.count == 20)
  }

  @Test func aStalledEngineIsUnhealthy() async throws {
    let model = model()
    model.stepMicroseconds = 500_000
    var options = EngineOptions()
    options.stallLimit = .milliseconds(30)
    options.warmsUp = false
    let engine = EngineThread(model: model, text: FakeText(), endTokens: [], options: options)
    #expect(engine.isHealthy)
    let handle = try engine.submit(GenerationRequest(promptIDs: [1], maxNewTokens: 2))
    // On a busy machine a sleep may last much longer than it was asked to.
    var wasHealthy = true
    for _ in 0..<50 where wasHealthy {
      try await Task.sleep(nanoseconds: 10_000_000)
      wasHealthy = engine.isHealthy
    }
    #expect(!wasHealthy)
    _ = await read(handle)
    #expect(engine.isHealthy)
    await engine.drain()
  }

  @Test func lettingGoOfTheEngineEndsItsRequests() async throws {
    let model = model(stepsInFlight: 2)
    model.stepMicroseconds = 1000
    var engine: EngineThread? = await engine(model)
    let handle = try engine?.submit(
      GenerationRequest(promptIDs: [1], maxNewTokens: 60, ignoreEnd: true))
    engine = nil
    let answer = await read(try #require(handle))
    #expect(answer.finish == .cancelled)
    #expect(answer.ids.count < 60)
  }
}
