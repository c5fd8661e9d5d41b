/// The pages of a cache: which are free, and how often each other is referred to.
///
/// Pages are conserved: each is free, referred to, or kept. A kept page has no reference and is not
/// free either: the prefix tree holds what is in it, until its room is wanted.
public struct PagePool: Sendable {
  /// All of them.
  public let count: Int
  private var free: [Int32]
  /// References to each page; `freeMark` for a free one.
  private var references: [Int32]
  private static let freeMark: Int32 = -1

  public init(count: Int) {
    precondition(count >= 0 && count <= Int(Int32.max), "a cache cannot have \(count) pages")
    self.count = count
    // Taken from the end: low pages first, so that a small load stays in little memory.
    free = (0..<Int32(count)).reversed()
    references = [Int32](repeating: Self.freeMark, count: count)
  }

  public var freeCount: Int { free.count }

  /// A free page, with one reference; nil where there is none.
  public mutating func take() -> Int32? {
    guard let page = free.popLast() else { return nil }
    references[Int(page)] = 1
    return page
  }

  /// One more reference to a page that is not free.
  public mutating func retain(_ page: Int32) {
    precondition(references[Int(page)] >= 0, "page \(page) is free and cannot be shared")
    references[Int(page)] += 1
  }

  /// One reference less.
  ///
  /// - Returns: whether it was the last: the page is kept then, until it is freed
  public mutating func release(_ page: Int32) -> Bool {
    precondition(references[Int(page)] > 0, "page \(page) is released without a reference")
    references[Int(page)] -= 1
    return references[Int(page)] == 0
  }

  /// Makes a kept page free.
  public mutating func reclaim(_ page: Int32) {
    precondition(references[Int(page)] == 0, "page \(page) is in use or free already")
    references[Int(page)] = Self.freeMark
    free.append(page)
  }

  public func isFree(_ page: Int32) -> Bool { references[Int(page)] == Self.freeMark }

  /// 0 for a free page.
  public func references(to page: Int32) -> Int { max(0, Int(references[Int(page)])) }

  /// What is wrong with the pool, nil where nothing is.
  ///
  /// - Complexity: O(pages); for tests
  public func checkInvariants() -> String? {
    var isListed = [Bool](repeating: false, count: count)
    for page in free {
      if isListed[Int(page)] { return "page \(page) is free twice" }
      isListed[Int(page)] = true
    }
    for page in 0..<count where isListed[page] != (references[page] == Self.freeMark) {
      return "page \(page) has \(references[page]) references and is free: \(isListed[page])"
    }
    return nil
  }
}
