import ApusEngine
import Testing

struct PagePoolTests {
  @Test func pagesAreConservedUnderRandomUse() {
    var generator = SeededGenerator(seed: 1)
    var pool = PagePool(count: 20)
    var held: [Int32] = []
    var kept: [Int32] = []
    for _ in 0..<3000 {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        let page = pool.take()
        #expect((page == nil) == (Set(held).count + kept.count == 20))
        if let page { held.append(page) }
      case 1:
        if let page = held.randomElement(using: &generator) {
          pool.retain(page)
          held.append(page)
        }
      case 2 where !kept.isEmpty:
        pool.reclaim(kept.remove(at: Int.random(in: 0..<kept.count, using: &generator)))
      default:
        if !held.isEmpty {
          let page = held.remove(at: Int.random(in: 0..<held.count, using: &generator))
          let isLast = pool.release(page)
          #expect(isLast == !held.contains(page))
          if isLast { kept.append(page) }
        }
      }
      #expect(pool.checkInvariants() == nil)
      #expect(Set(held).count + kept.count + pool.freeCount == 20)
      for page in Set(held) { #expect(pool.references(to: page) == held.count { $0 == page }) }
    }
  }

  @Test func aKeptPageCanBeSharedAgain() {
    var pool = PagePool(count: 1)
    #expect(take(&pool) == 0)
    #expect(release(&pool, 0) && !pool.isFree(0) && pool.freeCount == 0)
    pool.retain(0)
    #expect(pool.references(to: 0) == 1)
    #expect(release(&pool, 0))
    pool.reclaim(0)
    #expect(pool.isFree(0) && take(&pool) == 0 && take(&pool) == nil)
  }

  // The test macros take no mutating calls.
  private func take(_ pool: inout PagePool) -> Int32? { pool.take() }
  private func release(_ pool: inout PagePool, _ page: Int32) -> Bool { pool.release(page) }
}
