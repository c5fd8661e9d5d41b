/// Names that resemble another, for messages.
enum NearestNames {
  /// Up to `count` of `names`, nearest to `name` first; names that have little in common are left
  /// out.
  static func of(_ name: String, among names: some Sequence<String>, count: Int = 3) -> [String] {
    let wanted = Array(name.utf8)
    let limit = max(3, wanted.count / 2)
    let close = names.compactMap { candidate -> (distance: Int, name: String)? in
      let distance = distance(wanted, Array(candidate.utf8), limit: limit)
      return distance <= limit ? (distance, candidate) : nil
    }
    return close.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
      .prefix(count).map(\.name)
  }

  /// Insertions, deletions and replacements that turn `a` into `b`; any number above `limit` where
  /// there are more than `limit`.
  ///
  /// - Source: Levenshtein 1966, "Binary codes capable of correcting deletions, insertions and
  ///   reversals".
  static func distance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
    if abs(a.count - b.count) > limit { return limit + 1 }
    var previous = Array(0...b.count)
    var current = previous
    for (i, x) in a.enumerated() {
      current[0] = i + 1
      var least = i + 1
      for (j, y) in b.enumerated() {
        let replaced = previous[j] + (x == y ? 0 : 1)
        current[j + 1] = min(replaced, previous[j + 1] + 1, current[j] + 1)
        least = min(least, current[j + 1])
      }
      if least > limit { return limit + 1 }
      swap(&previous, &current)
    }
    return previous[b.count]
  }
}
