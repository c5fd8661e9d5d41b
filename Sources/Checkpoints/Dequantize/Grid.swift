/// The words that the "i" formats choose from: rows of 4 or 8 small values, a byte each.
///
/// A word has `width` digits below `levels.count`, the least significant first, and a digit stands
/// for its level. A grid holds some of all such words, in ascending order; `PackedGrids` has a bit
/// for each.
struct Grid<Word: FixedWidthInteger & Sendable>: Sendable {
  /// Element `k` of a row is the signed byte `k` of its word.
  let words: [Word]

  init(_ packed: String, levels: [Int8]) {
    var words: [Word] = []
    var number = 0
    for character in packed.utf8 {
      let bits = Self.sixBits(character)
      for place in 0..<6 {
        if bits >> place & 1 == 1 { words.append(Self.word(number + place, levels)) }
      }
      number += 6
    }
    self.words = words
  }

  private static func word(_ number: Int, _ levels: [Int8]) -> Word {
    var (rest, word) = (number, Word(0))
    for place in 0..<Word.bitWidth / 8 {
      let level = UInt8(bitPattern: levels[rest % levels.count])
      word |= Word(level) << (place * 8)
      rest /= levels.count
    }
    return word
  }

  private static func sixBits(_ character: UInt8) -> Int {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    default: 63
    }
  }
}

/// The grids, each made when it is first used.
enum Grids {
  private static let magnitudes: [Int8] = [8, 25, 43]

  static let iq2_xxs = Grid<UInt64>(PackedGrids.iq2xxs, levels: magnitudes)
  static let iq2_xs = Grid<UInt64>(PackedGrids.iq2xs, levels: magnitudes)
  static let iq2_s = Grid<UInt64>(PackedGrids.iq2s, levels: magnitudes)
  static let iq1 = Grid<UInt64>(PackedGrids.iq1, levels: [-1, 0, 1])
  static let iq3_xxs = Grid<UInt32>(PackedGrids.iq3xxs, levels: [4, 12, 20, 28, 36, 44, 52, 62])
  static let iq3_s = Grid<UInt32>(PackedGrids.iq3s, levels: [1, 3, 5, 7, 9, 11, 13, 15])
}
