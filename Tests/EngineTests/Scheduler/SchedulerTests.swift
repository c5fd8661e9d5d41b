import ApusEngine
import ApusPipelines
import Testing

struct SchedulerTests {
  /// Without the prefix tree: the prompts here begin alike.
  private func scheduler(
    tokens: Int = 8, requests: Int = 4, context: Int = 32, pages: Int = 100, pageSize: Int = 4,
    stepsInFlight: Int = 1, endTokens: Set<Int32> = []
  ) -> Driven {
    Driven(
      tokens: tokens, requests: requests, context: context, pages: pages, pageSize: pageSize,
      stepsInFlight: stepsInFlight, endTokens: endTokens, keepsPrefixes: false)
  }

  private func request(
    _ number: UInt64, prompt: Int, new: Int = 4, ignoreEnd: Bool = false
  ) -> ScheduledRequest {
    ScheduledRequest(
      id: RequestID(number: number), promptIDs: (0..<prompt).map { Int32($0 + 1) },
      sampling: SamplingParameters(), maxNewTokens: new, ignoreEnd: ignoreEnd)
  }

  private func ids(_ numbers: UInt64...) -> [RequestID] { numbers.map(RequestID.init) }

  @Test func decodesComeFirstAndPromptsFillTheRest() throws {
    let it = scheduler(tokens: 6)
    try it.submit(request(0, prompt: 3))
    let first = try #require(it.schedule())
    #expect(first.batch.tokenIDs == [1, 2, 3] && first.batch.outputRows == [2])
    _ = it.commit(StepResult(number: 0, tokens: [50]))
    try it.submit(request(1, prompt: 9))
    let second = try #require(it.schedule())
    #expect(second.requests == ids(0, 1))
    #expect(second.batch.tokenIDs == [50, 1, 2, 3, 4, 5])
    #expect(second.batch.positions == [3, 0, 1, 2, 3, 4])
    #expect(second.batch.rowOffsets == [0, 1, 6] && second.batch.outputRows == [0])
    #expect(second.unfinishedChunks == 1 && second.promptTokens == 5)
    _ = it.commit(StepResult(number: 1, tokens: [51]))
    let third = try #require(it.schedule())
    #expect(third.batch.tokenIDs == [51, 6, 7, 8, 9])
    #expect(third.batch.outputRows == [0, 4] && third.unfinishedChunks == 0)
  }

  @Test func aRequestThatDoesNotFitWaitsAndHoldsBackThoseBehind() throws {
    let it = scheduler(tokens: 30, pages: 5)
    try it.submit(request(0, prompt: 9, new: 4))  // 3 pages
    try it.submit(request(1, prompt: 10, new: 4))  // 3 pages, and 2 are left
    try it.submit(request(2, prompt: 1, new: 1))  // 1 page, but it came later
    #expect(it.schedule()?.requests == ids(0))
    _ = it.commit(StepResult(number: 0, tokens: [1]))
    #expect(it.schedule()?.requests == ids(0))
    #expect(it.scheduler.waitingCount == 2)
    it.end(RequestID(number: 0))
    _ = it.commit(StepResult(number: 1, tokens: [1]))
    #expect(it.schedule()?.requests == ids(1, 2))
  }

  @Test func whatCanNeverFitIsRefusedWithBothNumbers() {
    let it = scheduler(context: 32, pages: 5)
    #expect(throws: AdmissionError.promptTooLong(tokens: 32, contextLength: 32)) {
      try it.submit(request(0, prompt: 32))
    }
    #expect(throws: AdmissionError.cacheTooSmall(pagesNeeded: 6, pages: 5)) {
      try it.submit(request(0, prompt: 20, new: 2))
    }
    #expect(throws: AdmissionError.emptyPrompt) { try it.submit(request(0, prompt: 0)) }
    #expect(throws: Never.self) { try it.submit(request(0, prompt: 20, new: 1)) }
    #expect(it.scheduler.waitingCount == 1)
  }

  @Test func generationEndsWithTheContext() throws {
    let it = scheduler(context: 5)
    try it.submit(request(0, prompt: 3, new: .max))
    _ = it.schedule()
    #expect(it.commit(StepResult(number: 0, tokens: [9])).first?.finish == nil)
    _ = it.schedule()
    #expect(it.commit(StepResult(number: 1, tokens: [9])).first?.finish == .length)
    #expect(it.scheduler.isIdle && it.scheduler.freePages == 100)
  }

  @Test func endTokensEndUnlessIgnored() throws {
    let it = scheduler(endTokens: [9])
    try it.submit(request(0, prompt: 2, new: 2))
    try it.submit(request(1, prompt: 2, new: 2, ignoreEnd: true))
    _ = it.schedule()
    let updates = it.commit(StepResult(number: 0, tokens: [9, 9]))
    #expect(updates.map(\.finish) == [.stop, nil])
    #expect(updates.map(\.tokens) == [[9], [9]])
  }

  @Test func cancellingFreesThePagesWhereverTheRequestIs() throws {
    let it = scheduler(tokens: 4, requests: 2)
    for number in 0..<3 { try it.submit(request(UInt64(number), prompt: 6)) }
    #expect(it.end(RequestID(number: 2)))  // in the queue
    _ = it.schedule()
    _ = it.commit(StepResult(number: 0, tokens: []))
    #expect(it.end(RequestID(number: 0)))  // in its prompt
    #expect(it.scheduler.freePages == 100)
    while it.schedule()?.outputs.isEmpty == true {
      _ = it.commit(StepResult(number: 1, tokens: []))
    }
    _ = it.commit(StepResult(number: 2, tokens: [5]))
    #expect(it.scheduler.freePages == 98)
    #expect(it.end(RequestID(number: 1)))  // in its answer
    #expect(it.scheduler.freePages == 100 && it.scheduler.isIdle)
    #expect(!it.end(RequestID(number: 1)))
  }

  @Test func aTokenNotKnownYetIsCarried() throws {
    let it = scheduler(stepsInFlight: 2)
    try it.submit(request(0, prompt: 2, new: 3))
    try it.submit(request(1, prompt: 3, new: 3))
    #expect(try #require(it.schedule()).batch.carried.isEmpty)
    let second = try #require(it.schedule())
    #expect(second.batch.carried.map(\.destination) == [0, 1])
    #expect(second.batch.carried.map(\.source) == [0, 1])
    #expect(second.batch.positions == [2, 3])
    #expect(it.schedule() == nil)
    // Its page is free at once: whoever gets it stores to it in a later step.
    it.end(RequestID(number: 0))
    #expect(it.scheduler.freePages == 99)
    #expect(it.commit(StepResult(number: 0, tokens: [5, 6])).map(\.id) == ids(1))
    _ = it.commit(StepResult(number: 1, tokens: [5, 6]))
    #expect(it.scheduler.freePages == 99)
  }

  @Test func severalTokensOfOneStepAreRunTogetherInTheNext() throws {
    let it = scheduler()
    try it.submit(request(0, prompt: 2, new: 5))
    _ = it.schedule()
    let result = StepResult(number: 0, tokens: [7, 8, 9], offsets: [0, 3])
    #expect(it.commit(result).first?.tokens == [7, 8, 9])
    let next = try #require(it.schedule())
    #expect(next.batch.tokenIDs == [7, 8, 9] && next.batch.positions == [2, 3, 4])
    #expect(next.batch.outputRows == [2])
  }

  @Test func aFailedStepEndsItsRequestsOnly() throws {
    let it = scheduler(tokens: 4, stepsInFlight: 2)
    try it.submit(request(0, prompt: 4))
    try it.submit(request(1, prompt: 3))
    #expect(it.schedule()?.requests == ids(0))
    #expect(it.schedule()?.requests == ids(0, 1))
    let updates = it.fail(step: 0, message: "lost")
    #expect(updates.map(\.id) == ids(0) && updates.map(\.finish) == [.failed("lost")])
    #expect(it.commit(StepResult(number: 1, tokens: [1, 2])).map(\.id) == ids(1))
    #expect(it.scheduler.checkInvariants() == nil && it.scheduler.runningCount == 1)
  }
}
