/// The pages of a cache and what the full ones hold: the pool and the prefix tree as one.
///
/// A page without references goes back to the pool, unless it is in the tree: there it stays until
/// its room is wanted. So what can be had is what is free and what is idle in the tree.
public struct PageCache: Sendable {
  public let pageSize: Int
  /// Whether full pages are kept for others.
  public let keepsPrefixes: Bool
  public let hash: PageHash
  public private(set) var pool: PagePool
  public private(set) var tree: PrefixTree
  /// Pages that were taken out of the tree for their room.
  public private(set) var evictions = 0

  public init(
    pages: Int, pageSize: Int, keepsPrefixes: Bool = true, hash: PageHash = .standard
  ) {
    self.pageSize = pageSize
    self.keepsPrefixes = keepsPrefixes
    self.hash = hash
    pool = PagePool(count: pages)
    tree = PrefixTree(pages: keepsPrefixes ? pages : 0, pageSize: pageSize)
  }

  /// Pages that can be taken: free ones, and those that only the tree holds.
  public var availableCount: Int { pool.freeCount + tree.idleCount }

  /// A page for new tokens, with one reference; nil where all are in use.
  public mutating func take() -> Int32? {
    if pool.freeCount == 0, let evicted = tree.evict() {
      pool.reclaim(evicted)
      evictions += 1
    }
    return pool.take()
  }

  /// One reference less to each. The last goes first, as the tree's order of eviction asks.
  public mutating func release(_ pages: [Int32]) {
    for page in pages.reversed() { release(page) }
  }

  private mutating func release(_ page: Int32) {
    guard pool.release(page) else { return }
    if keepsPrefixes && tree.contains(page) {
      tree.becomeIdle(page)
    } else {
      pool.reclaim(page)
    }
  }

  // MARK: Prefixes

  /// A full page of a request, as the tree looks for it.
  public struct FullPage {
    /// Chained.
    public let hash: UInt64
    /// The page before it, in the tree; or `PrefixTree.root`.
    public let parent: Int32
    /// `[pageSize]`
    public let tokens: ArraySlice<Int32>
    public let scope: CacheScope

    public init(hash: UInt64, parent: Int32, tokens: ArraySlice<Int32>, scope: CacheScope) {
      self.hash = hash
      self.parent = parent
      self.tokens = tokens
      self.scope = scope
    }
  }

  /// The page of the tree that holds the same, nil where there is none.
  public func find(_ wanted: FullPage) -> Int32? {
    guard keepsPrefixes, case .page(let page) = entry(wanted) else { return nil }
    return page
  }

  /// One more reference to a page of the tree.
  public mutating func retain(_ page: Int32) {
    if tree.isIdle(page) { tree.becomeUsed(page) }
    pool.retain(page)
  }

  /// What became of a page that was offered to the tree.
  public enum Publication: Sendable, Hashable {
    case inserted
    /// The tree has the same already, in the page that is given. The caller's reference moved
    /// there.
    case merged(Int32)
    /// Something else has its hash.
    case refused
  }

  /// Offers to the tree a full page that the caller refers to and that nobody writes to any more.
  ///
  /// - Precondition: the caller also refers to the page before
  public mutating func publish(_ page: Int32, as content: FullPage) -> Publication {
    switch entry(content) {
    case .absent:
      tree.insert(
        page, content.hash, after: content.parent, content.tokens, scope: content.scope)
      return .inserted
    case .page(let same):
      retain(same)
      release(page)
      return .merged(same)
    case .other: return .refused
    }
  }

  private func entry(_ page: FullPage) -> PrefixTree.Entry {
    tree.entry(page.hash, after: page.parent, page.tokens, scope: page.scope)
  }

  /// What is wrong, nil where nothing is.
  ///
  /// - Complexity: O(pages); for tests
  package func checkInvariants() -> String? {
    if let wrong = pool.checkInvariants() ?? tree.checkInvariants() { return wrong }
    for page in 0..<Int32(pool.count) {
      let isKept = keepsPrefixes && tree.contains(page)
      if pool.isFree(page) && isKept { return "page \(page) is free and in the tree" }
      let isUnused = !pool.isFree(page) && pool.references(to: page) == 0
      if isUnused != (isKept && tree.isIdle(page)) {
        return "page \(page) has \(pool.references(to: page)) references and is idle: \(!isUnused)"
      }
    }
    return nil
  }
}
