/// The tokens by id and by spelling.
///
/// One arena of UTF-8 holds every spelling, and an open table of ids finds them: a vocabulary of
/// 150,000 tokens is three allocations instead of as many strings.
struct Vocabulary: Sendable {
  let arena: [UInt8]
  /// Spelling of id `i`: `arena[starts[i]..<starts[i + 1]]`; empty where there is no such token.
  let starts: [UInt32]
  private let index: SpellingIndex

  /// - Parameter spellings: by id; empty where an id is not taken. Of two equal ones the later is
  ///   found.
  init(_ spellings: [String]) {
    var arena: [UInt8] = []
    var starts: [UInt32] = [0]
    arena.reserveCapacity(spellings.count * 8)
    starts.reserveCapacity(spellings.count + 1)
    for spelling in spellings {
      arena.append(contentsOf: spelling.utf8)
      starts.append(UInt32(arena.count))
    }
    self.init(arena, starts)
  }

  /// - Parameter starts: where the spelling of each id begins, and the end.
  init(_ arena: [UInt8], _ starts: [UInt32]) {
    self.arena = arena
    self.starts = starts
    index = SpellingIndex(arena, starts)
  }

  init(_ lists: TokenLists) {
    arena = lists.spellings
    starts = lists.starts
    index = lists.index
  }

  /// Ids go from 0 up to this.
  var count: Int { starts.count - 1 }

  func id(of text: String) -> Int32? {
    let bytes = Array(text.utf8)
    return id(of: bytes, 0, bytes.count)
  }

  /// The id of the token that is spelled `text[lower..<upper]`.
  func id(of text: [UInt8], _ lower: Int, _ upper: Int) -> Int32? {
    index.id(of: text, lower, upper, in: arena, starts)
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
