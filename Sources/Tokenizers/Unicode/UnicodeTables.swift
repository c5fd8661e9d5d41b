/// What the reference libraries believe about characters, read from the generated tables once.
///
/// The versions are theirs: regular expressions know Unicode 16.0, the normal forms of
/// `tokenizers` 9.0, its lowercase and its numbers 17.0.
enum UnicodeTables {
  static let category = ScalarMap(runs: categories)
  static let script = ScalarMap(runs: scripts)
  static let splitScript = ScalarMap(runs: splitScripts)
  static let combiningClass = ScalarMap(runs: combiningClasses)

  static let isAlphabetic = ScalarSet(members: alphabetic)
  static let isUppercase = ScalarSet(members: uppercase)
  static let isLowercase = ScalarSet(members: lowercase)
  static let isMark = ScalarSet(members: marks).bitmap
  static let isBertAccent = ScalarSet(members: bertAccents).bitmap
  static let isBertControl = ScalarSet(members: bertControls).bitmap
  static let isPunctuation = ScalarSet(members: punctuation).bitmap
  static let isNumber = ScalarSet(members: numbers).bitmap
  static let isWhiteSpace = ScalarSet(ranges: whiteSpace).bitmap

  /// The property White_Space.
  static let whiteSpace: [ClosedRange<UInt32>] = [
    0x09...0x0D, 0x20...0x20, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A,
    0x2028...0x2029, 0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
  ]

  /// Word characters of Rust's regular expressions, `\w`.
  static let isWord: ScalarBitmap = {
    var set = isAlphabetic
    for category in GeneralCategory.allCases where category.isWord {
      set.formUnion(GeneralCategory.sets[Int(category.rawValue)])
    }
    set.formUnion(ScalarSet(ranges: [0x200C...0x200D]))
    return set.bitmap
  }()

  /// What each scalar becomes in lowercase, where that is something else.
  static let lowercaseMapping: [UInt32: [UInt32]] = {
    var reader = TableReader(lowercased)
    var result: [UInt32: [UInt32]] = [:]
    var at: UInt32 = 0
    while !reader.isAtEnd {
      at += UInt32(reader.number())
      let count = reader.number()
      let zigzag = reader.number()
      let step = zigzag % 2 == 0 ? zigzag / 2 : -(zigzag + 1) / 2
      var scalars = [UInt32(Int(at) + step)]
      for _ in 1..<count { scalars.append(UInt32(reader.number())) }
      result[at] = scalars
    }
    return result
  }()

  /// The scalars that are equal to a scalar without regard to case, itself included.
  static let caseGroup: [UInt32: [UInt32]] = {
    var reader = TableReader(caseGroups)
    var result: [UInt32: [UInt32]] = [:]
    while !reader.isAtEnd {
      let count = reader.number()
      var group = [UInt32(reader.number())]
      while group.count < count { group.append(group[group.count - 1] + UInt32(reader.number())) }
      for scalar in group { result[scalar] = group }
    }
    return result
  }()
}

/// General categories in the order of the generated table.
enum GeneralCategory: UInt8, CaseIterable, Sendable {
  case cn, lu, ll, lt, lm, lo, mn, mc, me, nd, nl, no, pc, pd, ps, pe, pi, pf, po, sm, sc, sk, so
  case zs, zl, zp, cc, cf, co

  /// Two letters, as patterns name it: `Lu`.
  var name: String {
    let text = "\(self)"
    return text.prefix(1).uppercased() + text.dropFirst()
  }

  var isWord: Bool {
    switch self {
    case .mn, .mc, .me, .nd, .pc: true
    default: false
    }
  }

  /// The scalars of each category.
  static let sets: [ScalarSet] = UnicodeTables.sets(
    runs: UnicodeTables.categories, count: allCases.count)

  static func of(_ scalar: UInt32) -> GeneralCategory {
    GeneralCategory(rawValue: UnicodeTables.category[scalar]) ?? .cn
  }
}

extension UnicodeTables {
  /// A set per value of a table of runs.
  static func sets(runs: String, count: Int) -> [ScalarSet] {
    var ranges = [[ClosedRange<UInt32>]](repeating: [], count: count)
    var reader = TableReader(runs)
    var at: UInt32 = 0
    while !reader.isAtEnd {
      let end = at + UInt32(reader.number())
      ranges[reader.number()].append(at...end - 1)
      at = end
    }
    if at <= 0x10FFFF { ranges[0].append(at...0x10FFFF) }
    return ranges.map { ScalarSet(ranges: $0) }
  }
}

/// Reads the numbers of a generated table.
struct TableReader {
  private let digits: [UInt8]
  private var at = 0

  /// The value of each character of the alphabet.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0, count: 128)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for (value, character) in alphabet.utf8.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  init(_ text: String) { digits = Array(text.utf8) }

  var isAtEnd: Bool { at >= digits.count }

  mutating func number() -> Int {
    var value = 0
    var shift = 0
    while at < digits.count {
      let digit = Int(TableReader.values[Int(digits[at] & 127)])
      at += 1
      value |= (digit & 31) << shift
      if digit < 32 { break }
      shift += 5
    }
    return value
  }
}

/// A small number for every scalar, in pages of 256.
struct ScalarMap: Sendable {
  private var pageOf: [UInt16] = []
  private var pages: [UInt8] = []

  init(runs: String) {
    var reader = TableReader(runs)
    var page = [UInt8](repeating: 0, count: 256)
    var filled = 0
    var known: [[UInt8]: UInt16] = [:]
    func flush(_ map: inout ScalarMap) {
      if let index = known[page] {
        map.pageOf.append(index)
      } else {
        let index = UInt16(map.pages.count / 256)
        known[page] = index
        map.pages.append(contentsOf: page)
        map.pageOf.append(index)
      }
    }
    while !reader.isAtEnd {
      var length = reader.number()
      let value = UInt8(truncatingIfNeeded: reader.number())
      while length > 0 {
        let part = min(length, 256 - filled)
        for i in filled..<filled + part { page[i] = value }
        filled += part
        length -= part
        if filled == 256 {
          flush(&self)
          filled = 0
        }
      }
    }
    for i in filled..<256 { page[i] = 0 }
    if filled > 0 { flush(&self) }
  }

  @inline(__always)
  subscript(scalar: UInt32) -> UInt8 {
    let page = Int(scalar >> 8)
    guard page < pageOf.count else { return 0 }
    return pages[Int(pageOf[page]) << 8 | Int(scalar & 255)]
  }
}
