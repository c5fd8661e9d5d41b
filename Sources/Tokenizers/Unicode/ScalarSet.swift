/// A set of scalars as ascending ranges with gaps between them.
struct ScalarSet: Sendable, Hashable {
  private(set) var ranges: [ClosedRange<UInt32>] = []

  static let all = ScalarSet(ranges: [0...0x10FFFF])

  init() {}

  init(ranges: [ClosedRange<UInt32>]) {
    let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
    for range in sorted {
      if let last = self.ranges.last, range.lowerBound <= last.upperBound + 1 {
        self.ranges[self.ranges.count - 1] =
          last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        self.ranges.append(range)
      }
    }
  }

  init(_ scalars: [UInt32]) { self.init(ranges: scalars.map { $0...$0 }) }

  /// From a generated table: alternating lengths outside and inside.
  init(members: String) {
    var reader = TableReader(members)
    var at: UInt32 = 0
    while !reader.isAtEnd {
      at += UInt32(reader.number())
      let end = at + UInt32(reader.number())
      if end > at { ranges.append(at...end - 1) }
      at = end
    }
  }

  var isEmpty: Bool { ranges.isEmpty }

  func contains(_ scalar: UInt32) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= scalar
  }

  mutating func formUnion(_ other: ScalarSet) { self = ScalarSet(ranges: ranges + other.ranges) }

  var inverted: ScalarSet {
    var result = ScalarSet()
    var next: UInt32 = 0
    for range in ranges {
      if range.lowerBound > next { result.ranges.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= 0x10FFFF { result.ranges.append(next...0x10FFFF) }
    return result
  }

  func intersection(_ other: ScalarSet) -> ScalarSet {
    var union = inverted
    union.formUnion(other.inverted)
    return union.inverted
  }

  /// With everything that equals a member without regard to case.
  var caseClosed: ScalarSet {
    var more: [UInt32] = []
    for (scalar, group) in UnicodeTables.caseGroup where contains(scalar) { more += group }
    var result = self
    result.formUnion(ScalarSet(more))
    return result
  }

  var bitmap: ScalarBitmap { ScalarBitmap(self) }
}

/// A set of scalars for quick questions: a bit each, in pages of 256 that are shared.
struct ScalarBitmap: Sendable {
  private var pageOf: [UInt16] = []
  private var words: [UInt64] = []
  private let ascii: (UInt64, UInt64)

  init(_ set: ScalarSet) {
    // Nearly all pages are full or empty.
    words = [0, 0, 0, 0, ~0, ~0, ~0, ~0]
    pageOf.reserveCapacity(0x1100)
    var known: [[UInt64]: UInt16] = [:]
    var at = 0
    let ranges = set.ranges
    for page in 0..<UInt32(0x1100) {
      let first = page << 8
      let last = first + 255
      while at < ranges.count, ranges[at].upperBound < first { at += 1 }
      if at == ranges.count || ranges[at].lowerBound > last {
        pageOf.append(0)
        continue
      }
      if ranges[at].lowerBound <= first, ranges[at].upperBound >= last {
        pageOf.append(1)
        continue
      }
      var bits: [UInt64] = [0, 0, 0, 0]
      var i = at
      while i < ranges.count, ranges[i].lowerBound <= last {
        let low = max(ranges[i].lowerBound, first)
        let high = min(ranges[i].upperBound, last)
        for scalar in low...high { bits[Int(scalar & 255) >> 6] |= 1 << UInt64(scalar & 63) }
        i += 1
      }
      if let index = known[bits] {
        pageOf.append(index)
      } else {
        let index = UInt16(words.count / 4)
        known[bits] = index
        words.append(contentsOf: bits)
        pageOf.append(index)
      }
    }
    let firstPage = Int(pageOf[0]) * 4
    ascii = (words[firstPage], words[firstPage + 1])
  }

  @inline(__always)
  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return ascii.0 >> UInt64(scalar) & 1 != 0 }
    if scalar < 128 { return ascii.1 >> UInt64(scalar & 63) & 1 != 0 }
    guard scalar < 0x110000 else { return false }
    let word = Int(pageOf[Int(scalar >> 8)]) << 2 | Int(scalar >> 6 & 3)
    return words[word] >> UInt64(scalar & 63) & 1 != 0
  }
}
