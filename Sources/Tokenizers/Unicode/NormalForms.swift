/// The data of the four normal forms.
///
/// - Source: Unicode Standard Annex 15; Hangul by the arithmetic of section 3.12.
struct NormalForms: Sendable {
  static let shared = NormalForms()

  /// All mappings one after the other.
  private var scalars: [UInt32] = []
  /// Where the mapping of a scalar begins in `scalars` and its length.
  private var canonical = MappingTable()
  private var compatible = MappingTable()
  private var compositions: [UInt64: UInt32] = [:]

  private init() {
    var excluded: Set<UInt32> = []
    var reader = TableReader(UnicodeTables.exclusions)
    var at: UInt32 = 0
    while !reader.isAtEnd {
      at += UInt32(reader.number())
      excluded.insert(at)
    }
    let mappings = read(UnicodeTables.canonical)
    for (scalar, mapping) in mappings { canonical.insert(scalar, mapping) }
    for (scalar, mapping) in read(UnicodeTables.compatibility) {
      compatible.insert(scalar, mapping)
    }
    addCompositions(mappings, excluded: excluded)
  }

  private mutating func read(_ table: String) -> [(UInt32, Range<Int>)] {
    var result: [(UInt32, Range<Int>)] = []
    var reader = TableReader(table)
    var at: UInt32 = 0
    while !reader.isAtEnd {
      at += UInt32(reader.number())
      let start = scalars.count
      for _ in 0..<reader.number() { scalars.append(UInt32(reader.number())) }
      result.append((at, start..<scalars.count))
    }
    return result
  }

  /// The pairs that compose: the last scalar of a full decomposition, and what the ones before it
  /// compose to, shorter decompositions first.
  private mutating func addCompositions(
    _ mappings: [(UInt32, Range<Int>)], excluded: Set<UInt32>
  ) {
    for length in 2...4 {
      for (scalar, mapping) in mappings where mapping.count == length {
        guard !excluded.contains(scalar) else { continue }
        var first = scalars[mapping.lowerBound]
        for i in mapping.dropFirst().dropLast() {
          first = compositions[NormalForms.key(first, scalars[i])] ?? 0
        }
        guard first > 0 else { continue }
        compositions[NormalForms.key(first, scalars[mapping.upperBound - 1])] = scalar
      }
    }
  }

  private static func key(_ a: UInt32, _ b: UInt32) -> UInt64 { UInt64(a) << 32 | UInt64(b) }

  /// Calls `emit` with every scalar of the full decomposition.
  @inline(__always)
  func decompose(_ scalar: UInt32, compatibly: Bool, _ emit: (UInt32) -> Void) {
    guard scalar >= 0xA0 else { return emit(scalar) }
    let syllable = scalar &- 0xAC00
    if syllable < 11172 {
      emit(0x1100 + syllable / 588)
      emit(0x1161 + syllable % 588 / 28)
      if syllable % 28 > 0 { emit(0x11A7 + syllable % 28) }
      return
    }
    let found = compatibly ? compatible[scalar] ?? canonical[scalar] : canonical[scalar]
    guard let found else { return emit(scalar) }
    for i in found { emit(scalars[i]) }
  }

  func compose(_ a: UInt32, _ b: UInt32) -> UInt32? {
    if a >= 0x1100, a < 0x1113, b >= 0x1161, b < 0x1176 {
      return 0xAC00 + (a - 0x1100) * 588 + (b - 0x1161) * 28
    }
    let syllable = a &- 0xAC00
    if syllable < 11172, syllable % 28 == 0, b > 0x11A7, b < 0x11C3 { return a + b - 0x11A7 }
    return compositions[NormalForms.key(a, b)]
  }
}

/// Ranges by scalar, in pages of 64.
private struct MappingTable: Sendable {
  private var pageOf = [UInt16](repeating: 0, count: 0x110000 >> 6)
  /// `start << 6 | count`; 0 is none. Page 0 is empty.
  private var pages = [UInt32](repeating: 0, count: 64)

  mutating func insert(_ scalar: UInt32, _ range: Range<Int>) {
    let page = Int(scalar >> 6)
    if pageOf[page] == 0 {
      pageOf[page] = UInt16(pages.count / 64)
      pages.append(contentsOf: repeatElement(0, count: 64))
    }
    pages[Int(pageOf[page]) << 6 | Int(scalar & 63)] =
      UInt32(range.lowerBound) << 6 | UInt32(range.count)
  }

  @inline(__always)
  subscript(scalar: UInt32) -> Range<Int>? {
    guard scalar < 0x110000 else { return nil }
    let entry = pages[Int(pageOf[Int(scalar >> 6)]) << 6 | Int(scalar & 63)]
    guard entry != 0 else { return nil }
    return Int(entry >> 6)..<Int(entry >> 6) + Int(entry & 63)
  }
}
