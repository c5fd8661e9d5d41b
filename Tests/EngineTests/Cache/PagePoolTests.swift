import ApusEngine
import Testing

struct PagePoolTests {
  @Test func pagesAreConservedUnderRandomUse() {
    var generator = SeededGenerator(seed: 1)
    var pool = PagePool(count: 20)
    var held: [Int32] = []
    for _ in 0..<3000 {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: _ = pool.reserve(Int.random(in: 1...3, using: &generator))
      case 1 where pool.reserved > 0: held.append(pool.takeReserved())
      case 2:
        if let page = held.randomElement(using: &generator) {
          pool.retain(page)
          held.append(page)
        }
      default:
        if !held.isEmpty {
          pool.release(held.remove(at: Int.random(in: 0..<held.count, using: &generator)))
        } else {
          pool.cancelReservation(pool.reserved)
        }
      }
      #expect(pool.checkInvariants() == nil)
      #expect(Set(held).count + pool.freeCount == 20)
      for page in Set(held) { #expect(pool.references(to: page) == held.count { $0 == page }) }
    }
  }

  @Test func aPromiseKeepsOthersOut() {
    var pool = PagePool(count: 4)
    let promises = [pool.reserve(3), pool.reserve(2)]
    #expect(promises == [true, false])
    #expect(pool.availableCount == 1 && pool.freeCount == 4)
    let first = pool.takeReserved()
    #expect(first == 0)
    #expect(pool.availableCount == 1 && pool.freeCount == 3)
    pool.cancelReservation(2)
    let later = pool.reserve(3)
    #expect(later)
  }
}
