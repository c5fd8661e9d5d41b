/// Which pages hold the keys and values of which tokens.
///
/// ```
/// scope -> [the cat sat] -> [on the mat.] -> [It purred .]
///                        -> [in the hat,]
/// ```
///
/// A node is a full page: its tokens, and the page before it. Nodes are found by a hash that is
/// chained along the path, and what is found is compared: scope or page before, and tokens. Since
/// the page before was compared in the same way, a hit means that all tokens from the first on are
/// equal. One node has each hash; a page whose hash is taken by another is not inserted.
///
/// **Eviction.** Whoever refers to a page refers to all pages before it, and lets go of the last
/// first. A node without references is therefore idle no earlier than those behind it, and the
/// least recently used idle node never has any behind it: taking it breaks no path, and every idle
/// node can be taken in its turn.
///
/// Everything is found through arrays by page and one dictionary; nothing is searched.
public struct PrefixTree: Sendable {
  /// Where a page's path begins.
  public static let root: Int32 = -1
  private static let none: Int32 = -2

  private struct Node {
    var hash: UInt64 = 0
    /// The page before it, or `root`.
    var parent = PrefixTree.root
    var isPresent = false
    var isIdle = false
    /// Neighbours in the order of last use, where it is idle.
    var older = PrefixTree.none
    var newer = PrefixTree.none
  }

  public let pageSize: Int
  private var nodes: [Node]
  /// Of each page, `[pages, pageSize]`.
  private var tokens: [Int32]
  /// Of first pages that have another than the usual.
  private var scopes: [Int32: CacheScope] = [:]
  private var pageOfHash: [UInt64: Int32] = [:]
  private var oldest = PrefixTree.none
  private var newest = PrefixTree.none
  /// Nodes that nothing refers to.
  public private(set) var idleCount = 0

  public init(pages: Int, pageSize: Int) {
    self.pageSize = pageSize
    nodes = [Node](repeating: Node(), count: pages)
    tokens = [Int32](repeating: 0, count: pages * pageSize)
  }

  /// Nodes.
  public var count: Int { pageOfHash.count }

  public func contains(_ page: Int32) -> Bool { nodes[Int(page)].isPresent }
  public func isIdle(_ page: Int32) -> Bool { nodes[Int(page)].isIdle }

  /// What a hash names.
  public enum Entry: Sendable, Hashable {
    case absent
    case page(Int32)
    /// Something else has this hash.
    case other
  }

  /// Looks for the page that holds `tokens` behind `parent`.
  ///
  /// - Parameters:
  ///   - hash: chained, as it was given to `insert`
  ///   - parent: the page before, or `root`
  ///   - tokens: `[pageSize]`
  public func entry(
    _ hash: UInt64, after parent: Int32, _ tokens: ArraySlice<Int32>, scope: CacheScope
  ) -> Entry {
    guard let page = pageOfHash[hash] else { return .absent }
    guard nodes[Int(page)].parent == parent, self.tokens(of: page).elementsEqual(tokens) else {
      return .other
    }
    if parent == Self.root, (scopes[page] ?? CacheScope()) != scope { return .other }
    return .page(page)
  }

  /// Enters a page that is in use.
  ///
  /// - Precondition: its hash is absent, the page before it is present and in use
  public mutating func insert(
    _ page: Int32, _ hash: UInt64, after parent: Int32, _ tokens: ArraySlice<Int32>,
    scope: CacheScope
  ) {
    precondition(
      pageOfHash[hash] == nil && !contains(page) && tokens.count == pageSize,
      "page \(page) cannot be inserted")
    precondition(
      parent == Self.root || contains(parent) && !isIdle(parent),
      "the page before page \(page) is not in use")
    nodes[Int(page)] = Node(hash: hash, parent: parent, isPresent: true)
    pageOfHash[hash] = page
    let first = Int(page) * pageSize
    for (place, token) in tokens.enumerated() { self.tokens[first + place] = token }
    if parent == Self.root, scope != CacheScope() { scopes[page] = scope }
  }

  /// The last reference to a node is gone: it is now the most recently used of the idle ones.
  public mutating func becomeIdle(_ page: Int32) {
    precondition(contains(page) && !isIdle(page), "page \(page) cannot become idle")
    nodes[Int(page)].isIdle = true
    nodes[Int(page)].older = newest
    nodes[Int(page)].newer = Self.none
    if newest == Self.none { oldest = page } else { nodes[Int(newest)].newer = page }
    newest = page
    idleCount += 1
  }

  /// A node is used again.
  public mutating func becomeUsed(_ page: Int32) {
    precondition(isIdle(page), "page \(page) is not idle")
    let (older, newer) = (nodes[Int(page)].older, nodes[Int(page)].newer)
    if older == Self.none { oldest = newer } else { nodes[Int(older)].newer = newer }
    if newer == Self.none { newest = older } else { nodes[Int(newer)].older = older }
    nodes[Int(page)].isIdle = false
    idleCount -= 1
  }

  /// Removes the least recently used of the idle nodes, and returns its page.
  public mutating func evict() -> Int32? {
    guard oldest != Self.none else { return nil }
    let page = oldest
    becomeUsed(page)
    pageOfHash[nodes[Int(page)].hash] = nil
    scopes[page] = nil
    nodes[Int(page)] = Node()
    return page
  }

  private func tokens(of page: Int32) -> ArraySlice<Int32> {
    let first = Int(page) * pageSize
    return tokens[first..<first + pageSize]
  }
}

extension PrefixTree {
  /// The tokens from the first on up to the end of a page, with the scope they belong to.
  ///
  /// - Complexity: O(tokens); for tests
  package func path(to page: Int32) -> (tokens: [Int32], scope: CacheScope) {
    var pages = [page]
    while let last = pages.last, nodes[Int(last)].parent != Self.root {
      pages.append(nodes[Int(last)].parent)
    }
    let scope = scopes[pages[pages.count - 1]] ?? CacheScope()
    return (pages.reversed().flatMap { tokens(of: $0) }, scope)
  }

  /// What is wrong with the tree, nil where nothing is.
  ///
  /// - Complexity: O(pages); for tests
  package func checkInvariants() -> String? {
    // Places in the order of eviction.
    var places = [Int?](repeating: nil, count: nodes.count)
    var (page, before, idle) = (oldest, Self.none, 0)
    while page != Self.none {
      if !isIdle(page) { return "page \(page) is in the list and not idle" }
      if nodes[Int(page)].older != before { return "the list is broken at page \(page)" }
      places[Int(page)] = idle
      idle += 1
      (before, page) = (page, nodes[Int(page)].newer)
    }
    if before != newest || idle != idleCount { return "\(idle) idle nodes are not \(idleCount)" }
    for (page, node) in nodes.enumerated() {
      if node.isIdle != (places[page] != nil) { return "page \(page) is idle and not in the list" }
      guard node.isPresent else { continue }
      if pageOfHash[node.hash] != Int32(page) { return "page \(page) is not found by its hash" }
      guard node.parent != Self.root else { continue }
      if !contains(node.parent) { return "page \(page) has no parent" }
      if let place = places[Int(node.parent)], places[page] ?? .max > place {
        return "page \(node.parent) would be evicted before page \(page)"
      }
    }
    let present = nodes.count { $0.isPresent }
    return present == count ? nil : "\(present) nodes are not \(count)"
  }
}
