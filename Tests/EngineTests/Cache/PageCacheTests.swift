import ApusEngine
import Testing

struct PageCacheTests {
  /// A cache by reference, with a prompt's pages entered one after another.
  private final class Held {
    var cache: PageCache

    init(pages: Int, hash: PageHash = .standard) {
      cache = PageCache(pages: pages, pageSize: 2, hash: hash)
    }

    func content(_ tokens: [Int32], after parent: Int32) -> PageCache.FullPage {
      var chain = cache.hash.root(of: CacheScope())
      for index in 0..<tokens.count / 2 {
        chain = cache.hash.page(after: chain, tokens[index * 2..<index * 2 + 2])
      }
      return PageCache.FullPage(
        hash: chain, parent: parent, tokens: tokens.suffix(2), scope: CacheScope())
    }

    func take() -> Int32? { cache.take() }
    func release(_ pages: Int32...) { cache.release(pages) }
    func retain(_ page: Int32) { cache.retain(page) }

    func publish(_ page: Int32, _ tokens: [Int32], after parent: Int32) -> PageCache.Publication {
      cache.publish(page, as: content(tokens, after: parent))
    }

    func find(_ tokens: [Int32], after parent: Int32) -> Int32? {
      cache.find(content(tokens, after: parent))
    }
  }

  private let root = PrefixTree.root

  @Test func whatIsOnlyKeptIsAvailableAndGivenUpLast() {
    let it = Held(pages: 3)
    #expect(it.take() == 0 && it.take() == 1)
    #expect(it.publish(0, [1, 2], after: root) == .inserted)
    #expect(it.publish(1, [1, 2, 3, 4], after: 0) == .inserted)
    it.release(0, 1)
    #expect(it.cache.availableCount == 3 && it.cache.pool.freeCount == 1)
    #expect(it.take() == 2 && it.cache.evictions == 0)
    // The end of the path goes before its beginning.
    #expect(it.take() == 1 && it.cache.evictions == 1)
    #expect(it.find([1, 2], after: root) == 0)
    it.retain(0)
    #expect(it.take() == nil && it.cache.availableCount == 0)
    #expect(it.cache.checkInvariants() == nil)
  }

  @Test func equalPagesBecomeOne() {
    let it = Held(pages: 4)
    #expect(it.take() == 0 && it.take() == 1)
    #expect(it.publish(0, [1, 2], after: root) == .inserted)
    #expect(it.publish(1, [1, 2], after: root) == .merged(0))
    #expect(it.cache.pool.references(to: 0) == 2 && it.cache.pool.isFree(1))
    it.release(0)
    it.release(0)
    #expect(it.cache.availableCount == 4 && it.cache.checkInvariants() == nil)
  }

  @Test func aPageWithATakenHashStaysAlone() {
    let it = Held(pages: 2, hash: .weak(bits: 0))
    #expect(it.take() == 0 && it.take() == 1)
    #expect(it.publish(0, [1, 2], after: root) == .inserted)
    #expect(it.publish(1, [3, 4], after: root) == .refused)
    #expect(it.find([3, 4], after: root) == nil)
    it.release(1)
    #expect(it.cache.pool.isFree(1) && it.cache.checkInvariants() == nil)
  }
}
