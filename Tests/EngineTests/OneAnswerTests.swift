import ApusDevices
import ApusEngine
import ApusPipelines
import Synchronization
import TestSupport
import Testing

/// A request's logits and tokens are the same bits whatever happens around it: on a trained model,
/// in every format that is computed as it is stored, on every instruction set that runs here.
@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct OneAnswerTests {
  static let formats = ["f32", "bf16", "f16", "q8_0", "q4_0"]

  /// Page sizes and threads in all combinations for two formats, each of them for all; another
  /// device, and the other instruction sets.
  static let setups = formats.flatMap { format in
    let pairs =
      ["f32", "q8_0"].contains(format)
      ? [(1, 1), (1, 16), (1, 128), (2, 1), (2, 16), (2, 128)] : [(2, 1), (1, 16), (2, 128)]
    var found = pairs.map { threads, pageSize in
      RealModel.Setup(format: format, threads: threads, pageSize: pageSize)
    }
    found.append(.init(format: format, threads: 2, isDeferred: true))
    for isa in CPUISA.allCases where isa.runsHere && isa != .best {
      found.append(.init(format: format, isa: isa, threads: 2))
    }
    return found
  }

  private static let newTokens = 11

  /// Six requests; four begin with the same 37 tokens, and two of these are the same throughout.
  private static let requests: [ScheduledRequest] = {
    var generator = SeededGenerator(seed: 77)
    let shared = generator.tokens(37, below: 105)
    return (0..<6).map { index in
      let prompt =
        (index < 4 ? shared : []) + generator.tokens([9, 20, 0, 0, 60, 1][index], below: 105)
      var sampling = SamplingParameters()
      sampling.temperature = index % 2 == 0 ? 0 : 0.8
      sampling.seed = UInt64(index)
      return ScheduledRequest(
        id: RequestID(number: UInt64(index)), promptIDs: prompt, sampling: sampling,
        maxNewTokens: newTokens, ignoreEnd: true)
    }
  }()

  private static let answers = Mutex([String: [RequestID: RealModel.Trace]]())

  /// What each gets alone, from a model that was loaded in the plainest way.
  private func alone(_ setup: RealModel.Setup) throws -> [RequestID: RealModel.Trace] {
    let key = "\(setup.format) \(setup.isa.name)"
    if let known = Self.answers.withLock({ $0[key] }) { return known }
    let plain = RealModel.Setup(format: setup.format, isa: setup.isa)
    let traces = try RealModel(plain).runAlone(Self.requests)
    #expect(traces.count == Self.requests.count)
    #expect(
      traces.values.allSatisfy {
        $0.tokens.count == Self.newTokens && $0.logits.count == Self.newTokens
      })
    Self.answers.withLock { $0[key] = traces }
    return traces
  }

  @Test(arguments: setups) func everythingAround(_ setup: RealModel.Setup) throws {
    let alone = try alone(setup)
    let real = try RealModel(setup)
    var together = real.scheduler(keepsPrefixes: false)
    #expect(try real.run(Self.requests, &together) == alone, "together")
    var chunked = real.scheduler(stepTokens: 11)
    #expect(try real.run(Self.requests, &chunked) == alone, "chunks, shared while computed")
    #expect(chunked.prefixHitTokens >= (setup.pageSize == 128 ? 0 : 3 * 32))
    #expect(try real.run(Self.requests.reversed(), &chunked) == alone, "found in the cache")
    try churn(real, setup, alone)
  }

  /// Pages for the largest request and little more: it is preempted and evicted all the time.
  private func churn(
    _ real: RealModel, _ setup: RealModel.Setup, _ alone: [RequestID: RealModel.Trace]
  ) throws {
    let pages = (71 + setup.pageSize - 1) / setup.pageSize + 16 / setup.pageSize
    var short = real.scheduler(stepTokens: 24, pages: pages)
    #expect(try real.run(Self.requests, &short) == alone, "short of pages")
    #expect(try real.run(Self.requests.reversed(), &short) == alone, "short of pages again")
    #expect(short.freePages == pages)
    if setup.pageSize < 128 {
      #expect(short.preemptions > 0 && short.evictions > 0 && short.prefixHitTokens > 0)
    }
  }

  @Test("a prompt in chunks of every size", arguments: formats)
  func everyChunkSize(format: String) throws {
    let real = try RealModel(.init(format: format, threads: 2))
    let prompt = Array(Self.requests[0].promptIDs.prefix(24))
    let request = ScheduledRequest(
      id: RequestID(number: 0), promptIDs: prompt, sampling: SamplingParameters(), maxNewTokens: 4,
      ignoreEnd: true)
    let alone = try real.runAlone([request])
    for size in 1...prompt.count {
      var scheduler = real.scheduler(stepTokens: size, keepsPrefixes: false)
      #expect(try real.run([request], &scheduler) == alone, "chunks of \(size)")
    }
  }

  /// The comparison can fail: one other token in the prompt changes the logits.
  @Test func theBitsDependOnThePrompt() throws {
    let real = try RealModel(.init(format: "f32"))
    let request = Self.requests[0]
    var prompt = request.promptIDs
    prompt[0] = (prompt[0] + 1) % 105
    let other = ScheduledRequest(
      id: request.id, promptIDs: prompt, sampling: request.sampling, maxNewTokens: 2,
      ignoreEnd: true)
    #expect(
      try real.runAlone([request])[request.id]?.logits[0]
        != real.runAlone([other])[request.id]?.logits[0])
  }
}
