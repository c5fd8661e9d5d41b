import ApusEngine
import Testing

struct PrefixTreeTests {
  /// A tree whose pages are entered by their tokens.
  private final class Grown {
    var tree: PrefixTree
    let hash: PageHash
    let scope: CacheScope

    init(pages: Int = 8, hash: PageHash = .standard, scope: CacheScope = CacheScope()) {
      tree = PrefixTree(pages: pages, pageSize: 2)
      self.hash = hash
      self.scope = scope
    }

    func hashes(_ tokens: [Int32], _ scope: CacheScope? = nil) -> [UInt64] {
      var hashes = [hash.root(of: scope ?? self.scope)]
      for index in 0..<tokens.count / 2 {
        hashes.append(hash.page(after: hashes[index], tokens[index * 2..<index * 2 + 2]))
      }
      return Array(hashes.dropFirst())
    }

    /// What the tree knows of the last page of `tokens`, all before it being in `pages`.
    func entry(
      _ tokens: [Int32], after parent: Int32, _ scope: CacheScope? = nil
    ) -> PrefixTree.Entry {
      let hashes = hashes(tokens, scope)
      return tree.entry(
        hashes[hashes.count - 1], after: parent, tokens.suffix(2), scope: scope ?? self.scope)
    }

    func insert(
      _ page: Int32, _ tokens: [Int32], after parent: Int32, _ scope: CacheScope? = nil
    ) {
      let hashes = hashes(tokens, scope)
      tree.insert(
        page, hashes[hashes.count - 1], after: parent, tokens.suffix(2), scope: scope ?? self.scope)
    }

    func becomeIdle(_ pages: Int32...) { pages.forEach { tree.becomeIdle($0) } }
    func evict() -> Int32? { tree.evict() }
  }

  private let root = PrefixTree.root

  @Test func aPathIsFoundPageByPage() {
    let it = Grown()
    it.insert(4, [1, 2], after: root)
    it.insert(7, [1, 2, 3, 4], after: 4)
    #expect(it.entry([1, 2], after: root) == .page(4))
    #expect(it.entry([1, 2, 3, 4], after: 4) == .page(7))
    #expect(it.entry([1, 3], after: root) == .absent)
    #expect(it.entry([3, 4], after: root) == .absent)
    #expect(it.entry([1, 2, 3, 5], after: 4) == .absent)
    #expect(it.tree.path(to: 7).tokens == [1, 2, 3, 4])
    #expect(it.tree.count == 2 && it.tree.checkInvariants() == nil)
  }

  @Test func aCollisionIsAMissWhateverDiffers() {
    let it = Grown(hash: .weak(bits: 0), scope: CacheScope(salt: "a"))
    it.insert(0, [1, 2], after: root)
    #expect(it.entry([1, 2], after: root) == .page(0))
    #expect(it.entry([1, 3], after: root) == .other)
    #expect(it.entry([1, 2, 1, 2], after: 0) == .other)
    #expect(it.entry([1, 2], after: root, CacheScope(salt: "b")) == .other)
    #expect(it.entry([1, 2], after: root, CacheScope()) == .other)
  }

  @Test func scopesDoNotMeet() {
    let it = Grown(scope: CacheScope(salt: "a"))
    it.insert(0, [1, 2], after: root)
    #expect(it.entry([1, 2], after: root, CacheScope()) == .absent)
    #expect(it.entry([1, 2], after: root, CacheScope(salt: "")) == .absent)
    #expect(it.tree.path(to: 0).scope == CacheScope(salt: "a"))
    it.becomeIdle(0)
    #expect(it.evict() == 0 && it.entry([1, 2], after: root) == .absent)
    // The page's next tenant has not inherited the scope.
    it.insert(0, [1, 2], after: root, CacheScope())
    #expect(it.entry([1, 2], after: root, CacheScope()) == .page(0))
    #expect(it.tree.path(to: 0).scope == CacheScope())
  }

  @Test func theLeastRecentlyUsedGoesFirst() {
    let it = Grown()
    for page in 0..<4 { it.insert(Int32(page), [Int32(page), 0], after: root) }
    it.becomeIdle(2, 0, 3)
    #expect(it.tree.idleCount == 3)
    it.tree.becomeUsed(0)
    it.becomeIdle(1, 0)
    #expect([it.evict(), it.evict(), it.evict(), it.evict()] == [2, 3, 1, 0])
    #expect(it.evict() == nil && it.tree.count == 0 && it.tree.checkInvariants() == nil)
  }

  @Test func aHundredThousandPagesAreNothing() {
    let count: Int32 = 100_000
    var tree = PrefixTree(pages: Int(count), pageSize: 16)
    let hash = PageHash.standard
    let tokens = (0..<Int32(16)).map { $0 }
    let start = ContinuousClock.now
    var hashes: [UInt64] = [0]
    for page in 0..<count {
      hashes.append(hash.page(after: hashes[Int(page)], tokens[...]))
      tree.insert(page, hashes[Int(page) + 1], after: page - 1, tokens[...], scope: CacheScope())
    }
    for page in (0..<count).reversed() { tree.becomeIdle(page) }
    var evicted: [Int32] = []
    while let page = tree.evict() { evicted.append(page) }
    // Told as a whole: the differences of two such lists would take an hour.
    let isLastFirst = evicted == (0..<count).reversed()
    #expect(isLastFirst)
    // A scan for each page would take minutes.
    #expect(ContinuousClock.now - start < .seconds(5))
  }
}
