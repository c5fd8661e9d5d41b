/// What a matcher knows of places in the program at places in the text: that they fail or, inside
/// a look, that they succeed.
///
/// There is a row of bits for each place in the text or, where that would be too much memory, for
/// as many as fit: places that far apart share a row, which the latest has. Nothing that is
/// remembered is wrong, so that a smaller memory costs time and changes no match. A search that
/// backtracks mostly asks for what it marked last.
package struct RegexMemory {
  enum Outcome: Int {
    case failure, success
  }

  /// The most bytes of one search.
  package static let limit = 64 << 20

  /// Whether every place in the text has a row of its own.
  let isComplete: Bool
  private let start: Int
  private let rows: Int
  /// Bytes of the bits for one outcome of a row.
  private let width: Int
  private let stride: Int
  private var bits: [UInt8]
  /// Which place each row belongs to; empty where that is plain.
  private var owners: [Int]

  init() { self.init(0, hasLooks: false, range: 0..<0, limit: 0) }

  /// - Parameters:
  ///   - count: places in the program that are remembered.
  ///   - hasLooks: whether successes are remembered, too.
  init(_ count: Int, hasLooks: Bool, range: Range<Int>, limit: Int) {
    start = range.lowerBound
    width = (count + 7) / 8
    stride = hasLooks ? 2 * width : width
    let places = range.count + 1
    isComplete = places <= limit / max(1, stride)
    rows = isComplete ? places : max(1, limit / (stride + MemoryLayout<Int>.size))
    bits = Array(repeating: 0, count: rows * stride)
    owners = isComplete ? [] : Array(repeating: -1, count: rows)
  }

  var byteCount: Int { bits.count + owners.count * MemoryLayout<Int>.size }

  /// Places behind one another that have rows of their own.
  var span: Int { rows }

  @inline(__always)
  func holds(_ outcome: Outcome, _ number: Int, _ at: Int) -> Bool {
    var row = at - start
    if !isComplete {
      row %= rows
      guard owners[row] == at else { return false }
    }
    return bits[row * stride + outcome.rawValue * width + number >> 3] >> (number & 7) & 1 != 0
  }

  @inline(__always)
  mutating func mark(_ outcome: Outcome, _ number: Int, _ at: Int) {
    var row = at - start
    if !isComplete {
      row %= rows
      if owners[row] != at {
        owners[row] = at
        for i in row * stride..<(row + 1) * stride { bits[i] = 0 }
      }
    }
    bits[row * stride + outcome.rawValue * width + number >> 3] |= 1 << UInt8(number & 7)
  }
}
