/// Merges the symbols of one word: always the earliest merge there is, the leftmost of equals.
///
/// Short words are searched through, which is fastest; long ones use a queue, so that a word of n
/// symbols takes O(n log n). Both give the same tokens. The buffers are kept between words.
struct WordMerger: Sendable {
  /// The symbols of the word; after `merge` the tokens.
  var ids: [Int32] = []
  /// Of symbol i and the one after it.
  private var ranks: [Int32] = []
  private var merged: [Int32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var queue = MergeQueue()

  /// Up to this many symbols, searching for the least rank is cheaper than keeping a queue.
  private static let searchLimit = 40

  mutating func merge(by table: MergePairs) {
    guard ids.count > 1 else { return }
    rankPairs(table)
    if ids.count <= WordMerger.searchLimit {
      mergeBySearch(table)
    } else {
      mergeByQueue(table)
    }
  }

  private mutating func rankPairs(_ table: MergePairs) {
    ranks.removeAll(keepingCapacity: true)
    merged.removeAll(keepingCapacity: true)
    for i in 0..<ids.count - 1 {
      let found = table.merge(ids[i], ids[i + 1])
      ranks.append(found.rank)
      merged.append(found.id)
    }
    ranks.append(MergePairs.never)
    merged.append(-1)
  }

  private mutating func mergeBySearch(_ table: MergePairs) {
    while true {
      var best = MergePairs.never
      var at = 0
      for i in 0..<ranks.count where ranks[i] < best {
        best = ranks[i]
        at = i
      }
      guard best != MergePairs.never else { return }
      ids[at] = merged[at]
      ids.remove(at: at + 1)
      ranks.remove(at: at + 1)
      merged.remove(at: at + 1)
      rank(at, at + 1 < ids.count ? at + 1 : nil, table)
      if at > 0 { rank(at - 1, at, table) }
    }
  }

  private mutating func rank(_ left: Int, _ right: Int?, _ table: MergePairs) {
    let found = right.map { table.merge(ids[left], ids[$0]) }
    ranks[left] = found?.rank ?? MergePairs.never
    merged[left] = found?.id ?? -1
  }

  private mutating func mergeByQueue(_ table: MergePairs) {
    let count = ids.count
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    queue.removeAll()
    for i in 0..<count {
      next.append(i + 1 < count ? Int32(i + 1) : -1)
      previous.append(Int32(i - 1))
      if ranks[i] != MergePairs.never { queue.push(rank: ranks[i], position: i) }
    }
    while let top = queue.pop() {
      // An entry is out of date where its pair has changed since it was pushed.
      guard ranks[top.position] == top.rank, next[top.position] >= 0 else { continue }
      mergePair(at: top.position, table)
    }
    var kept = 0
    var at = 0
    while at >= 0 {
      ids[kept] = ids[at]
      kept += 1
      at = Int(next[at])
    }
    ids.removeLast(count - kept)
  }

  private mutating func mergePair(at left: Int, _ table: MergePairs) {
    let right = Int(next[left])
    ids[left] = merged[left]
    ranks[right] = MergePairs.never
    next[left] = next[right]
    if next[left] >= 0 { previous[Int(next[left])] = Int32(left) }
    rank(left, next[left] >= 0 ? Int(next[left]) : nil, table)
    if ranks[left] != MergePairs.never { queue.push(rank: ranks[left], position: left) }
    let before = Int(previous[left])
    guard before >= 0 else { return }
    rank(before, left, table)
    if ranks[before] != MergePairs.never { queue.push(rank: ranks[before], position: before) }
  }
}

/// A binary heap of merges: least rank first, then leftmost.
private struct MergeQueue: Sendable {
  private var heap: [UInt64] = []

  mutating func removeAll() { heap.removeAll(keepingCapacity: true) }

  /// - Precondition: `rank >= 0`, `position < 2^32`.
  mutating func push(rank: Int32, position: Int) {
    let entry = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(position)
    var at = heap.count
    heap.append(entry)
    while at > 0, heap[(at - 1) / 2] > entry {
      heap[at] = heap[(at - 1) / 2]
      at = (at - 1) / 2
    }
    heap[at] = entry
  }

  mutating func pop() -> (rank: Int32, position: Int)? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    let count = heap.count
    if count > 0 {
      var at = 0
      while true {
        var child = 2 * at + 1
        guard child < count else { break }
        if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
        guard heap[child] < last else { break }
        heap[at] = heap[child]
        at = child
      }
      heap[at] = last
    }
    return (Int32(truncatingIfNeeded: top >> 32), Int(UInt32(truncatingIfNeeded: top)))
  }
}
