/// Which neighbouring pair of tokens becomes which token, and how early.
struct MergeTable: Sendable {
  /// No merge: later than every rank.
  static let never = Int32.max

  /// `left` and `right` become `merged`. The layout is that of `apus_text_merge`.
  struct Rule: Sendable, Hashable {
    var left: Int32
    var right: Int32
    var merged: Int32
    var rank: Int32
  }

  /// In the order in which they were added.
  private(set) var rules: [Rule] = []
  /// `left << 32 | right`; `free` marks an empty slot.
  private var keys: [UInt64] = []
  /// `rank << 32 | id`.
  private var values: [UInt64] = []
  private static let free = UInt64.max

  init(capacity: Int) { rules.reserveCapacity(capacity) }

  /// Adds a merge; of two for one pair the first counts.
  mutating func add(_ left: Int32, _ right: Int32, rank: Int32, id: Int32) {
    rules.append(Rule(left: left, right: right, merged: id, rank: rank))
  }

  /// Makes the table that `merge` looks into, out of the rules.
  mutating func prepare() {
    var size = 16
    while size * 5 < rules.count * 8 { size *= 2 }
    keys = Array(repeating: MergeTable.free, count: size)
    values = Array(repeating: 0, count: size)
    for rule in rules {
      let key = MergeTable.key(rule.left, rule.right)
      let at = slot(of: key)
      guard keys[at] == MergeTable.free else { continue }
      keys[at] = key
      values[at] =
        UInt64(UInt32(bitPattern: rule.rank)) << 32 | UInt64(UInt32(bitPattern: rule.merged))
    }
    rules = []
  }

  /// The rank and the result of merging two tokens; the rank is `never` where they do not merge.
  ///
  /// - Precondition: `prepare` was called.
  @inline(__always)
  func merge(_ left: Int32, _ right: Int32) -> (rank: Int32, id: Int32) {
    let at = slot(of: MergeTable.key(left, right))
    guard keys[at] != MergeTable.free else { return (MergeTable.never, -1) }
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
    while keys[at] != key, keys[at] != MergeTable.free { at = (at + 1) & mask }
    return at
  }
}
