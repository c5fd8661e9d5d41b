import Synchronization

/// Which neighbouring pair of tokens becomes which token, and how early.
struct MergeTable: Sendable {
  /// `left` and `right` become `merged`. The layout is that of `apus_text_merge`.
  struct Rule: Sendable, Hashable {
    var left: Int32
    var right: Int32
    var merged: Int32
    var rank: Int32
  }

  /// In the order in which they were added.
  private(set) var rules: [Rule]
  private let made = Made()

  /// Copies share it, and none changes once it was made.
  private final class Made: Sendable {
    let pairs = Mutex<MergePairs?>(nil)
  }

  init(capacity: Int) {
    rules = []
    rules.reserveCapacity(capacity)
  }

  init(_ rules: [Rule]) { self.rules = rules }

  /// Adds a merge; of two for one pair the first counts.
  ///
  /// - Precondition: `pairs` was not looked at.
  mutating func add(_ left: Int32, _ right: Int32, rank: Int32, id: Int32) {
    rules.append(Rule(left: left, right: right, merged: id, rank: rank))
  }

  /// The merges by pair, made when they are first asked for: most tokenizers encode elsewhere.
  var pairs: MergePairs {
    made.pairs.withLock { pairs in
      if let pairs { return pairs }
      let new = MergePairs(rules)
      pairs = new
      return new
    }
  }
}

/// The merges by pair.
struct MergePairs: Sendable {
  /// No merge: later than every rank.
  static let never = Int32.max

  /// `left << 32 | right`; `free` marks an empty slot.
  private var keys: [UInt64]
  /// `rank << 32 | id`.
  private var values: [UInt64]
  private static let free = UInt64.max

  /// - Parameter rules: of two for one pair the first counts.
  init(_ rules: [MergeTable.Rule]) {
    var size = 16
    while size * 5 < rules.count * 8 { size *= 2 }
    keys = Array(repeating: MergePairs.free, count: size)
    values = Array(repeating: 0, count: size)
    for rule in rules {
      let key = MergePairs.key(rule.left, rule.right)
      let at = slot(of: key)
      guard keys[at] == MergePairs.free else { continue }
      keys[at] = key
      values[at] =
        UInt64(UInt32(bitPattern: rule.rank)) << 32 | UInt64(UInt32(bitPattern: rule.merged))
    }
  }

  /// The rank and the result of merging two tokens; the rank is `never` where they do not merge.
  @inline(__always)
  func merge(_ left: Int32, _ right: Int32) -> (rank: Int32, id: Int32) {
    let at = slot(of: MergePairs.key(left, right))
    guard keys[at] != MergePairs.free else { return (MergePairs.never, -1) }
    let value = values[at]
    return (Int32(truncatingIfNeeded: value >> 32), Int32(truncatingIfNeeded: value))
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    let mask = keys.count - 1
    let hash = key &* 0x9E37_79B9_7F4A_7C15
    var at = Int(truncatingIfNeeded: hash >> 32) & mask
    while keys[at] != key, keys[at] != MergePairs.free { at = (at + 1) & mask }
    return at
  }
}
