/// Words that were encoded before, with their tokens. Text repeats its words; a look-up is a tenth
/// of a merge.
struct WordCache: Sendable {
  private struct Entry: Sendable {
    var hash: UInt32
    var key: UInt32
    var keyLength: UInt16
    var idCount: UInt16
    var ids: UInt32
  }

  /// Longer words hardly repeat.
  static let longestWord = 48
  private static let capacity = 1 << 15

  /// Open addressing; a key length of 0 is free. Grows up to twice the capacity, then starts anew.
  private var entries = [Entry](
    repeating: Entry(hash: 0, key: 0, keyLength: 0, idCount: 0, ids: 0), count: 1 << 10)
  private var count = 0
  private var keys: [UInt8] = []
  private var ids: [Int32] = []

  /// Appends the tokens of the word and returns true where it is known.
  func append(_ word: [UInt8], _ lower: Int, _ upper: Int, to result: inout [Int32]) -> Bool {
    let entry = entries[slot(word, lower, upper, ByteHash.of(word, lower, upper))]
    guard entry.keyLength > 0 else { return false }
    for i in Int(entry.ids)..<Int(entry.ids) + Int(entry.idCount) { result.append(ids[i]) }
    return true
  }

  /// Remembers a word that is not known yet.
  mutating func insert(_ word: [UInt8], _ lower: Int, _ upper: Int, _ tokens: [Int32]) {
    guard upper > lower, upper - lower <= WordCache.longestWord else { return }
    if count * 2 >= entries.count { makeRoom() }
    let hash = ByteHash.of(word, lower, upper)
    entries[slot(word, lower, upper, hash)] = Entry(
      hash: UInt32(truncatingIfNeeded: hash), key: UInt32(keys.count),
      keyLength: UInt16(upper - lower), idCount: UInt16(tokens.count), ids: UInt32(ids.count))
    keys.append(contentsOf: word[lower..<upper])
    ids.append(contentsOf: tokens)
    count += 1
  }

  private mutating func makeRoom() {
    let free = Entry(hash: 0, key: 0, keyLength: 0, idCount: 0, ids: 0)
    guard count < WordCache.capacity else {
      for i in entries.indices { entries[i] = free }
      keys.removeAll(keepingCapacity: true)
      ids.removeAll(keepingCapacity: true)
      count = 0
      return
    }
    let old = entries
    entries = Array(repeating: free, count: old.count * 4)
    let mask = entries.count - 1
    for entry in old where entry.keyLength > 0 {
      var at = Int(entry.hash) & mask
      while entries[at].keyLength > 0 { at = (at + 1) & mask }
      entries[at] = entry
    }
  }

  @inline(__always)
  private func slot(_ word: [UInt8], _ lower: Int, _ upper: Int, _ hash: UInt64) -> Int {
    let mask = entries.count - 1
    let short = UInt32(truncatingIfNeeded: hash)
    var at = Int(short) & mask
    while entries[at].keyLength > 0 {
      if entries[at].hash == short, isKey(entries[at], word, lower, upper) { break }
      at = (at + 1) & mask
    }
    return at
  }

  @inline(__always)
  private func isKey(_ entry: Entry, _ word: [UInt8], _ lower: Int, _ upper: Int) -> Bool {
    guard Int(entry.keyLength) == upper - lower else { return false }
    let key = Int(entry.key)
    for i in 0..<upper - lower where keys[key + i] != word[lower + i] { return false }
    return true
  }
}
