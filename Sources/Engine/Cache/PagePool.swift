/// The pages of a cache: which are free, and how often each other is referred to.
///
/// Pages are conserved: each is free or referred to. A reservation is a promise that a page can be
/// had later; it keeps others from taking the last ones, so that whoever was admitted can grow to
/// its end.
public struct PagePool: Sendable {
  /// All of them.
  public let count: Int
  /// Promised to requests that have not taken them yet.
  public private(set) var reserved = 0
  private var free: [Int32]
  private var references: [Int32]

  public init(count: Int) {
    precondition(count >= 0 && count <= Int(Int32.max), "a cache cannot have \(count) pages")
    self.count = count
    // Taken from the end: low pages first, so that a small load stays in little memory.
    free = (0..<Int32(count)).reversed()
    references = [Int32](repeating: 0, count: count)
  }

  public var freeCount: Int { free.count }

  /// Free pages that are not promised to anybody.
  public var availableCount: Int { free.count - reserved }

  /// Promises `pages` pages; false, and no promise, where there are not so many.
  public mutating func reserve(_ pages: Int) -> Bool {
    guard pages <= availableCount else { return false }
    reserved += pages
    return true
  }

  /// Takes back a promise of `pages` pages.
  public mutating func cancelReservation(_ pages: Int) {
    precondition(pages >= 0 && pages <= reserved, "more promises taken back than were given")
    reserved -= pages
  }

  /// A page that was promised, with one reference.
  public mutating func takeReserved() -> Int32 {
    precondition(reserved > 0, "a page is taken that was not reserved")
    guard let page = free.popLast() else { preconditionFailure("a promised page is missing") }
    reserved -= 1
    references[Int(page)] = 1
    return page
  }

  /// One more reference to a page that has some.
  public mutating func retain(_ page: Int32) {
    precondition(references[Int(page)] > 0, "page \(page) is free and cannot be shared")
    references[Int(page)] += 1
  }

  /// One reference less; without any the page is free.
  public mutating func release(_ page: Int32) {
    precondition(references[Int(page)] > 0, "page \(page) is released twice")
    references[Int(page)] -= 1
    if references[Int(page)] == 0 { free.append(page) }
  }

  public func references(to page: Int32) -> Int { Int(references[Int(page)]) }

  /// What is wrong with the pool, nil where nothing is.
  ///
  /// - Complexity: O(pages); for tests
  public func checkInvariants() -> String? {
    var isFree = [Bool](repeating: false, count: count)
    for page in free {
      if isFree[Int(page)] { return "page \(page) is free twice" }
      isFree[Int(page)] = true
    }
    for page in 0..<count where isFree[page] != (references[page] == 0) {
      return "page \(page) has \(references[page]) references and is free: \(isFree[page])"
    }
    if reserved < 0 || reserved > free.count {
      return "\(reserved) pages are promised, \(free.count) are free"
    }
    return nil
  }
}
