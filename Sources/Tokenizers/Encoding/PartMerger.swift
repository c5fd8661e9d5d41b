/// Merges symbols that remember which part of the text they stand for: the earliest merge there is,
/// the leftmost of equals, in O(n log n).
enum PartMerger {
  static func merge(_ parts: inout [TokenPart], by table: MergePairs) {
    guard parts.count > 1 else { return }
    var merger = Merging(parts: parts, table: table)
    merger.run()
    parts = merger.remaining
  }

  private struct Merging {
    var parts: [TokenPart]
    let table: MergePairs
    /// The neighbours of each part, -1 where there is none; a part that was merged away has the
    /// next -2.
    private var next: [Int]
    private var previous: [Int]
    /// Of each part with its next one.
    private var ranks: [Int32]
    private var merged: [Int32]
    private var heap: [UInt64] = []

    init(parts: [TokenPart], table: MergePairs) {
      self.parts = parts
      self.table = table
      next = parts.indices.map { $0 + 1 < parts.count ? $0 + 1 : -1 }
      previous = parts.indices.map { $0 - 1 }
      ranks = Array(repeating: MergePairs.never, count: parts.count)
      merged = Array(repeating: -1, count: parts.count)
    }

    mutating func run() {
      for i in 0..<parts.count - 1 { rank(i) }
      while let top = pop() {
        let at = Int(UInt32(truncatingIfNeeded: top))
        // An entry is out of date where its pair has changed since it was pushed.
        guard next[at] >= 0, ranks[at] == Int32(truncatingIfNeeded: top >> 32) else { continue }
        let gone = next[at]
        parts[at] = TokenPart(id: merged[at], start: parts[at].start, end: parts[gone].end)
        next[at] = next[gone]
        if next[gone] >= 0 { previous[next[gone]] = at }
        next[gone] = -2
        ranks[gone] = MergePairs.never
        rank(at)
        if previous[at] >= 0 { rank(previous[at]) }
      }
    }

    var remaining: [TokenPart] { parts.indices.compactMap { next[$0] == -2 ? nil : parts[$0] } }

    private mutating func rank(_ at: Int) {
      ranks[at] = MergePairs.never
      guard next[at] >= 0 else { return }
      let found = table.merge(parts[at].id, parts[next[at]].id)
      guard found.rank != MergePairs.never else { return }
      ranks[at] = found.rank
      merged[at] = found.id
      push(UInt64(UInt32(bitPattern: found.rank)) << 32 | UInt64(at))
    }

    private mutating func push(_ entry: UInt64) {
      var at = heap.count
      heap.append(entry)
      while at > 0, heap[(at - 1) / 2] > entry {
        heap[at] = heap[(at - 1) / 2]
        at = (at - 1) / 2
      }
      heap[at] = entry
    }

    private mutating func pop() -> UInt64? {
      guard let top = heap.first, let last = heap.popLast() else { return nil }
      guard !heap.isEmpty else { return top }
      var at = 0
      while true {
        var child = 2 * at + 1
        guard child < heap.count else { break }
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        guard heap[child] < last else { break }
        heap[at] = heap[child]
        at = child
      }
      heap[at] = last
      return top
    }
  }
}

extension BytePairModel {
  /// The tokens of `text[range]` with the parts of text that they stand for; the ids are those of
  /// `encode`.
  func trace(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, into result: inout [TokenPart]
  ) {
    if prefersWholeTokens, let id = wholeToken(text, range, vocabulary) {
      result.append(TokenPart(id: id, start: range.lowerBound, end: range.upperBound))
      return
    }
    var parts: [TokenPart] = []
    switch symbols {
    case .bytes(let byByte):
      for i in range where byByte[Int(text[i])] >= 0 {
        parts.append(TokenPart(id: byByte[Int(text[i])], start: i, end: i + 1))
      }
    case .characters(let ascii, let fallback, let unknown, let fuses):
      let symbols = CharacterSymbols(
        ascii: ascii, fallback: fallback, unknown: unknown, fuses: fuses)
      symbols.append(text, range, vocabulary, to: &parts)
    }
    PartMerger.merge(&parts, by: merges.pairs)
    result.append(contentsOf: parts)
  }
}

/// The symbols of a model whose symbols are characters, with the parts that they stand for.
private struct CharacterSymbols {
  let ascii: [Int32]
  let fallback: [Int32]?
  let unknown: Int32?
  let fuses: Bool

  func append(
    _ text: [UInt8], _ range: Range<Int>, _ vocabulary: Vocabulary, to parts: inout [TokenPart]
  ) {
    var at = range.lowerBound
    var followsUnknown = false
    while at < range.upperBound {
      let end = min(at + UTF8Text.length(lead: text[at]), range.upperBound)
      let known = text[at] < 0x80 ? ascii[Int(text[at])] : vocabulary.id(of: text, at, end) ?? -1
      if known >= 0 {
        parts.append(TokenPart(id: known, start: at, end: end))
        followsUnknown = false
      } else if let fallback, text[at..<end].allSatisfy({ fallback[Int($0)] >= 0 }) {
        for i in at..<end {
          parts.append(TokenPart(id: fallback[Int(text[i])], start: i, end: i + 1))
        }
        followsUnknown = false
      } else if let unknown {
        if fuses, followsUnknown {
          parts[parts.count - 1].end = end
        } else {
          parts.append(TokenPart(id: unknown, start: at, end: end))
        }
        followsUnknown = true
      }
      at = end
    }
  }
}
