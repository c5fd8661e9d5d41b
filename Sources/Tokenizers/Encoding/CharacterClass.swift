/// What the split patterns of tokenizers tell apart: letters `\p{L}`, numbers `\p{N}`, white space
/// `\s`.
enum CharacterClass {
  static let other: UInt8 = 0
  static let letter: UInt8 = 1
  static let number: UInt8 = 2
  static let space: UInt8 = 3

  /// Planes 0 to 3 up to the last assigned ideograph; beyond it nothing is a letter, number or
  /// space.
  private static let tableEnd: UInt32 = 0x32400

  /// One byte per scalar: a look-up in the standard library's tables costs some 30 ns, this one.
  static let table: [UInt8] = (0..<tableEnd).map { value in
    Unicode.Scalar(value).map(classify) ?? other
  }

  static func classify(_ scalar: Unicode.Scalar) -> UInt8 {
    if UnicodeTables.isWhiteSpace.contains(scalar.value) { return space }
    switch GeneralCategory.of(scalar.value) {
    case .lu, .ll, .lt, .lm, .lo: return letter
    case .nd, .nl, .no: return number
    default: return other
    }
  }

  /// The class of the scalar at `i` and its length in bytes.
  @inline(__always)
  static func at(_ i: Int, in text: [UInt8], table: [UInt8]) -> (
    class: UInt8, length: Int
  ) {
    let scalar = text.scalar(at: i)
    let known = Int(scalar.value) < table.count
    return (known ? table[Int(scalar.value)] : other, scalar.length)
  }
}
