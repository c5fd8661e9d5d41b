/// The tokens by id and by spelling.
///
/// One arena of UTF-8 holds every spelling, and an open table of ids finds them: a vocabulary of
/// 150,000 tokens is three allocations instead of as many strings.
struct Vocabulary: Sendable {
  private var arena: [UInt8] = []
  /// Spelling of id `i`: `arena[starts[i]..<starts[i + 1]]`; empty where there is no such token.
  private var starts: [Int32] = [0]
  /// Ids by hash of the spelling; -1 is free. The length is a power of two.
  private var slots: [Int32] = []

  /// - Parameter spellings: by id; empty where an id is not taken. Of two equal ones the later is
  ///   found.
  init(_ spellings: [String]) {
    arena.reserveCapacity(spellings.count * 8)
    starts.reserveCapacity(spellings.count + 1)
    var size = 16
    while size < spellings.count * 2 { size *= 2 }
    slots = Array(repeating: -1, count: size)
    for spelling in spellings {
      arena.append(contentsOf: spelling.utf8)
      starts.append(Int32(arena.count))
    }
    for id in spellings.indices where starts[id + 1] > starts[id] {
      slots[slot(of: arena, Int(starts[id]), Int(starts[id + 1]))] = Int32(id)
    }
  }

  /// Ids go from 0 up to this.
  var count: Int { starts.count - 1 }

  func id(of text: String) -> Int32? {
    let bytes = Array(text.utf8)
    return id(of: bytes, 0, bytes.count)
  }

  /// The id of the token that is spelled `text[lower..<upper]`.
  func id(of text: [UInt8], _ lower: Int, _ upper: Int) -> Int32? {
    let found = slots[slot(of: text, lower, upper)]
    return found < 0 ? nil : found
  }

  /// Whether there is a token of this id.
  func contains(_ id: Int32) -> Bool { !bytes(id).isEmpty }

  /// The spelling as the file has it; nil where there is no such token.
  func text(_ id: Int32) -> String? {
    let bytes = self.bytes(id)
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  func bytes(_ id: Int32) -> ArraySlice<UInt8> {
    guard id >= 0, Int(id) < count else { return [] }
    return arena[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])]
  }

  /// The slot that holds this spelling or, where none does, the free one where it would go.
  private func slot(of text: [UInt8], _ lower: Int, _ upper: Int) -> Int {
    let mask = slots.count - 1
    var at = Int(truncatingIfNeeded: ByteHash.of(text, lower, upper)) & mask
    while slots[at] >= 0, !isSpelled(Int(slots[at]), text, lower, upper) { at = (at + 1) & mask }
    return at
  }

  private func isSpelled(_ id: Int, _ text: [UInt8], _ lower: Int, _ upper: Int) -> Bool {
    let start = Int(starts[id])
    guard Int(starts[id + 1]) - start == upper - lower else { return false }
    for i in 0..<upper - lower where arena[start + i] != text[lower + i] { return false }
    return true
  }
}

/// A hash of a short run of bytes, the same in every run of the program.
enum ByteHash {
  /// FNV-1a, with the high bits folded down because the tables take the low ones.
  @inline(__always)
  static func of(_ bytes: [UInt8], _ lower: Int, _ upper: Int) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for i in lower..<upper { hash = (hash ^ UInt64(bytes[i])) &* 0x0000_0100_0000_01B3 }
    return hash ^ (hash >> 29)
  }
}
