import ApusEngine
import ApusPipelines
import Testing

/// What happens when pages run out, with pages of 4 tokens.
struct PreemptionTests {
  private func prompt(_ number: Int32, _ count: Int32) -> [Int32] {
    (0..<count).map { number * 100 + $0 }
  }

  @Test func theNewestGivesItsPagesToTheOldest() throws {
    let it = Driven(tokens: 32, pages: 5)
    try it.submit(0, prompt(1, 7), new: 10)
    try it.submit(1, prompt(2, 7), new: 4)
    it.commit(it.schedule())
    try it.submit(2, prompt(3, 1), new: 4)
    it.commit(it.schedule(), drawing: 8)
    // The fifth page goes to the oldest; the newer one waits with what it has.
    let third = it.schedule()
    #expect(third?.positions == [0: [8]] && it.scheduler.preemptions == 0)
    it.commit(third)
    for _ in 0..<3 { it.commit(it.schedule()) }
    // The oldest begins its fourth page at position 12.
    let last = it.schedule()
    #expect(last?.positions == [0: [12]] && it.scheduler.preemptions == 1)
    #expect(it.scheduler.runningCount == 1 && it.scheduler.waitingCount == 2)
    it.commit(last)
    while let step = it.schedule(), step.positions[1] == nil { it.commit(step) }
    #expect(it.scheduler.checkInvariants() == nil)
  }

  @Test func aPreemptedRequestGoesOnWithTheTokensItHas() throws {
    let it = Driven(tokens: 32, pages: 4, keepsPrefixes: false)
    try it.submit(0, prompt(1, 6), new: 9)
    try it.submit(1, prompt(2, 3), new: 5)
    for token: Int32 in 50..<53 { it.commit(it.schedule(), drawing: token) }
    // Position 8 of the oldest needs a third page.
    let fourth = it.schedule()
    #expect(fourth?.positions == [0: [8]] && it.scheduler.preemptions == 1)
    #expect(it.commit(fourth).map(\.id.number) == [0])
    #expect(it.end(0))
    let resumed = it.schedule()
    #expect(resumed?.batch.tokenIDs == prompt(2, 3) + [50, 51, 52])
    #expect(it.commit(resumed).first?.tokens == [9])
    #expect(it.commit(it.schedule()).first?.finish == .length)
    #expect(it.scheduler.isIdle && it.scheduler.freePages == 4)
  }

  @Test func theTokenThatWasInFlightIsKept() throws {
    let it = Driven(tokens: 32, pages: 4, stepsInFlight: 2, keepsPrefixes: false)
    try it.submit(0, prompt(1, 6), new: 9)
    try it.submit(1, prompt(2, 3), new: 5)
    var out = [it.schedule(), it.schedule()]
    for token: Int32 in 50..<52 {
      it.commit(out.removeFirst(), drawing: token)
      out.append(it.schedule())
    }
    // The other's third token was in flight when it was preempted.
    #expect(out[1]?.positions == [0: [8]] && it.scheduler.preemptions == 1)
    #expect(it.commit(out.removeFirst(), drawing: 52).map(\.tokens) == [[52], [52]])
    #expect(it.end(0))
    let resumed = it.schedule()
    #expect(resumed?.batch.tokenIDs == prompt(2, 3) + [50, 51, 52])
  }

  @Test func aStepOfItsFormerRunPublishesNothing() throws {
    let it = Driven(tokens: 17, pages: 10, stepsInFlight: 3)
    try it.submit(0, prompt(1, 7), new: 4)
    try it.submit(1, prompt(2, 7), new: 4)
    try it.submit(2, prompt(3, 20), new: 1)
    let first = it.schedule()
    let second = it.schedule()
    #expect(second?.positions == [0: [7], 1: [7], 2: (3..<18).map { $0 }])
    it.commit(first)
    let third = it.schedule()
    #expect(third?.positions == [0: [8], 1: [8]] && it.scheduler.preemptions == 1)
    #expect(it.end(0) && it.end(1))
    let again = it.schedule()
    #expect(again?.positions == [2: (0..<17).map { $0 }])
    // Its pages are others now, and the step that fills them is still out.
    it.commit(second)
    #expect(it.scheduler.inspect().running.map(\.published) == [0])
    it.commit(third)
    it.commit(again)
    #expect(it.scheduler.inspect().running.map(\.published) == [4])
    #expect(it.scheduler.checkInvariants() == nil)
  }

  @Test func whatItHadIsFoundAgainWhereNobodyTookIt() throws {
    let it = Driven(tokens: 32, pages: 5)
    try it.submit(0, prompt(1, 4), new: 12)
    try it.submit(1, prompt(2, 8), new: 8)
    while it.scheduler.preemptions == 0, let step = it.schedule() { it.commit(step) }
    #expect(it.end(0))
    let step = it.schedule()
    #expect((step?.positions[1]?.first ?? 0) > 0)
    // Hits after a preemption are no gift of others.
    #expect(it.commit(step).first?.cachedTokens == 0)
  }

  @Test func pagesThatAHitTakesAreNoRoomForTheRest() throws {
    let it = Driven(tokens: 32, pages: 6)
    try it.submit(0, prompt(1, 9), new: 1)
    it.commit(it.schedule())
    #expect(it.scheduler.isIdle && it.scheduler.inspect().cache.tree.idleCount == 2)
    try it.submit(1, prompt(2, 7), new: 4)
    it.commit(it.schedule())
    // Two of its five pages are in the tree, and beside these two are left.
    try it.submit(2, prompt(1, 17), new: 1)
    let step = it.schedule()
    #expect(step?.positions == [1: [7]] && it.scheduler.waitingCount == 1)
    it.commit(step)
    #expect(it.end(1))
    #expect(it.schedule()?.positions == [2: (8..<17).map { $0 }])
    #expect(it.scheduler.preemptions == 0 && it.scheduler.checkInvariants() == nil)
  }

  @Test func aPreemptedRequestCanBeCancelled() throws {
    let it = Driven(tokens: 32, pages: 5)
    try it.submit(0, prompt(1, 4), new: 12)
    try it.submit(1, prompt(2, 8), new: 8)
    while it.scheduler.preemptions == 0, let step = it.schedule() { it.commit(step) }
    #expect(it.scheduler.waitingCount == 1)
    #expect(it.end(1))
    #expect(it.scheduler.waitingCount == 0 && it.scheduler.checkInvariants() == nil)
    while let step = it.schedule() { it.commit(step) }
    #expect(it.scheduler.isIdle && it.scheduler.freePages == 5)
  }

  /// So that the oldest has a row in each step, and those that wait for it hold back newer ones.
  @Test func noMoreRunThanAStepHasTokens() throws {
    let it = Driven(tokens: 2, stepsInFlight: 2)
    for number: UInt64 in 0..<3 { try it.submit(number, prompt(1, 9)) }
    var out = [it.schedule()]
    for _ in 0..<4 {
      out.append(it.schedule())
      it.commit(out.removeFirst())
    }
    // A row was left, and the second request waits for a page of the first.
    #expect(out[0]?.positions == [0: [8]])
    #expect(it.scheduler.runningCount == 2 && it.scheduler.waitingCount == 1)
  }

  @Test("nobody starves behind a stream of others", arguments: [1, 2])
  func starvationIsBounded(stepsInFlight: Int) throws {
    let it = Driven(
      tokens: 6, requests: 6, context: 64, pages: 17, stepsInFlight: stepsInFlight)
    // Each may have 64 tokens, and the cache holds 68.
    var bound: [RequestID: (step: Int, limit: Int)] = [:]
    var (steps, submitted, finished) = (0, 0, 0)
    var out: [Step] = []
    while finished < 20 {
      while bound.count < 8 {
        let length = Int32(1 + submitted * 7 % 40)
        try it.submit(UInt64(submitted), prompt(Int32(submitted + 1), length), new: 64)
        let limit = (bound.count + 1) * (64 + stepsInFlight)
        bound[RequestID(number: UInt64(submitted))] = (steps, limit)
        submitted += 1
      }
      while let step = it.schedule() {
        out.append(step)
        steps += 1
      }
      for update in it.commit(out.removeFirst()) where update.finish != nil {
        let (start, limit) = try #require(bound[update.id])
        bound[update.id] = nil
        #expect(steps - start <= limit)
        finished += 1
      }
    }
    #expect(it.scheduler.preemptions > 20)
  }
}
