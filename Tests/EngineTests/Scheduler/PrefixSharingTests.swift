import ApusEngine
import ApusPipelines
import Testing

/// What requests share, with pages of 4 tokens.
struct PrefixSharingTests {
  private func tokens(_ range: Range<Int32>) -> [Int32] { Array(range) }

  /// Runs one request alone to its end.
  private func run(_ it: Driven, _ number: UInt64, _ prompt: [Int32], new: Int = 1) throws {
    try it.submit(number, prompt, new: new)
    while let step = it.schedule() { it.commit(step) }
  }

  @Test func aHitComputesOnlyTheRest() throws {
    let it = Driven(tokens: 32)
    try run(it, 0, tokens(100..<110))
    #expect(it.scheduler.freePages == 100)
    try it.submit(1, tokens(100..<112))
    let step = it.schedule()
    #expect(step?.positions == [1: [8, 9, 10, 11]] && step?.promptTokens == 4)
    #expect(it.commit(step).first?.cachedTokens == 8)
    #expect(it.scheduler.prefixHitTokens == 8)
  }

  @Test func theLastTokenIsAlwaysComputed() throws {
    let it = Driven(tokens: 32)
    try run(it, 0, tokens(100..<108))
    try it.submit(1, tokens(100..<108))
    let step = it.schedule()
    #expect(step?.positions == [1: [4, 5, 6, 7]])
    #expect(it.commit(step).first?.cachedTokens == 4)
    // Its own copy of the second page became the tree's.
    #expect(it.scheduler.freePages == 98 && it.scheduler.checkInvariants() == nil)
    it.end(1)
    #expect(it.scheduler.freePages == 100 && it.scheduler.inspect().cache.tree.count == 2)
  }

  @Test func answersArePartOfTheNextPrompt() throws {
    let it = Driven(tokens: 32)
    try run(it, 0, tokens(100..<106), new: 7)
    // 6 of the prompt and 6 of the answer are in the cache.
    try it.submit(1, tokens(100..<106) + [Int32](repeating: 9, count: 7) + [50])
    #expect(it.schedule()?.positions == [1: [12, 13]])
  }

  @Test func saltsKeepRequestsApart() throws {
    let it = Driven(tokens: 32)
    try it.submit(0, tokens(100..<110), salt: "a")
    it.commit(it.schedule())
    try it.submit(1, tokens(100..<110), salt: "b")
    try it.submit(2, tokens(100..<110))
    let step = it.schedule()
    #expect(step?.positions[1]?.count == 10 && step?.positions[2]?.count == 10)
    #expect(it.commit(step).map(\.cachedTokens) == [0, 0, 0])
    try it.submit(3, tokens(100..<110), salt: "a")
    #expect(it.schedule()?.positions[3] == [8, 9])
  }

  @Test func aCollisionIsAMiss() throws {
    let it = Driven(tokens: 32, pageHash: .weak(bits: 0))
    try run(it, 0, tokens(100..<110))
    try it.submit(1, tokens(200..<210))
    let step = it.schedule()
    #expect(step?.positions[1]?.count == 10)
    #expect(it.commit(step).first?.cachedTokens == 0)
    #expect(it.scheduler.inspect().cache.tree.count == 1)
  }

  @Test func whoIsRefusedByTheTreeHoldsNobodyBack() throws {
    let hash = PageHash.weak(bits: 3)
    func hashes(_ tokens: [Int32]) -> [UInt64] {
      let first = hash.page(after: 0, tokens[..<4])
      return [first, hash.page(after: first, tokens[4..<8])]
    }
    let it = Driven(pageHash: hash)
    try run(it, 0, tokens(100..<108))
    let taken = hashes(tokens(100..<108))
    // Its first page collides with one of the tree, and its second does not.
    let prompt = try #require(
      (20..<100).lazy.map { tokens($0 * 10..<$0 * 10 + 9) }
        .first { hashes($0)[0] == taken[0] && !taken.contains(hashes($0)[1]) })
    try it.submit(1, prompt)
    try it.submit(2, prompt)
    let first = it.schedule()
    #expect(first?.positions == [1: tokens(0..<8)])
    it.commit(first)
    // The second page will not be shared either, so nobody waits for it.
    #expect(it.schedule()?.positions == [1: [8], 2: tokens(0..<7)])
    #expect(it.scheduler.checkInvariants() == nil)
  }

  @Test func withoutTheTreeNothingIsShared() throws {
    let it = Driven(tokens: 32, keepsPrefixes: false)
    try run(it, 0, tokens(100..<110))
    try it.submit(1, tokens(100..<110))
    try it.submit(2, tokens(100..<110))
    let step = it.schedule()
    #expect(step?.positions.mapValues(\.count) == [1: 10, 2: 10])
    #expect(it.scheduler.prefixHitTokens == 0)
  }

  @Test func aPrefixThatIsBeingComputedIsNotComputedTwice() throws {
    let it = Driven()
    try it.submit(0, tokens(100..<120))
    try it.submit(1, tokens(100..<120) + [1, 2, 3])
    var positions: [[UInt64: [Int32]]] = []
    for _ in 0..<4 {
      let step = it.schedule()
      positions.append(step?.positions ?? [:])
      it.commit(step)
    }
    #expect(positions[0] == [0: tokens(0..<8)])
    #expect(positions[1] == [0: tokens(8..<16)])
    #expect(positions[2] == [0: tokens(16..<20)])
    #expect(positions[3] == [0: [20], 1: [20, 21, 22]])
    #expect(it.scheduler.runningCount == 2 && it.scheduler.inspect().pageClaims == 0)
    #expect(it.scheduler.freePages == 100 - 5 - 2)
  }

  @Test func whoWaitsForACancelledRequestTakesOver() throws {
    let it = Driven()
    try it.submit(0, tokens(100..<120))
    try it.submit(1, tokens(100..<120))
    try it.submit(2, tokens(100..<120))
    it.commit(it.schedule())
    #expect(it.end(0))
    let second = it.schedule()
    #expect(second?.positions == [1: tokens(8..<16)])
    // In the middle of a step as well.
    #expect(it.end(1))
    it.commit(second)
    #expect(it.schedule()?.positions == [2: tokens(8..<16)])
    #expect(it.scheduler.checkInvariants() == nil)
  }

  @Test func whoBeganAPageKeepsItsClaim() throws {
    let it = Driven(tokens: 4, stepsInFlight: 3)
    try it.submit(0, tokens(100..<108))
    try it.submit(1, tokens(100..<108))
    try it.submit(2, tokens(100..<112))
    let first = it.schedule()
    #expect(it.schedule()?.positions == [0: tokens(4..<8)])
    it.commit(first)
    // For its last token the second request computes its last page itself.
    #expect(it.schedule()?.positions == [0: [8], 1: [4, 5, 6]])
    #expect(it.end(1))
    // The third goes on waiting for the first, whose step is out.
    #expect(it.schedule()?.positions == [0: [9]] && it.scheduler.runningCount == 2)
  }

  @Test func pagesAreSharedWhenTheirStepIsCommittedAndNotBefore() throws {
    let it = Driven(stepsInFlight: 2)
    try it.submit(0, tokens(100..<120))
    try it.submit(1, tokens(100..<120))
    let first = it.schedule()
    let second = it.schedule()
    #expect(first?.positions == [0: tokens(0..<8)] && second?.positions == [0: tokens(8..<16)])
    #expect(it.scheduler.prefixHitTokens == 0)
    it.commit(first)
    let third = it.schedule()
    #expect(third?.positions == [0: tokens(16..<20)] && it.scheduler.prefixHitTokens == 8)
    // A step that is lost takes its pages with it; whoever waited for them computes them.
    #expect(it.fail(step: 1, message: "lost").map(\.id.number) == [0])
    #expect(it.schedule()?.positions == [1: tokens(8..<16)])
    #expect(it.scheduler.checkInvariants() == nil)
  }

  @Test func whatIsLeastRecentlyUsedMakesRoom() throws {
    let it = Driven(tokens: 32, pages: 6)
    try run(it, 0, tokens(100..<109))
    try run(it, 1, tokens(200..<209))
    #expect(it.scheduler.inspect().cache.tree.count == 4 && it.scheduler.evictions == 0)
    try run(it, 2, tokens(100..<109))
    try run(it, 3, tokens(300..<312))
    #expect(it.scheduler.evictions == 1)
    // The end of the second prompt is gone, its beginning is left.
    try it.submit(4, tokens(200..<209))
    #expect(it.schedule()?.positions == [4: tokens(4..<9)])
  }
}
