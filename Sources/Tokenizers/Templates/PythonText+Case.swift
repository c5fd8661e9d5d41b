/// Python's rules for upper and lower case.
extension PythonText {
  static func uppercased(_ text: [UInt8]) -> [UInt8] {
    mapASCII(text, from: 0x61...0x7A) ?? mapScalars(text) { $0.properties.uppercaseMapping }
  }

  private static func lowercased(_ text: [UInt8]) -> [UInt8] {
    mapASCII(text, from: 0x41...0x5A) ?? mapScalars(text) { $0.properties.lowercaseMapping }
  }

  /// Flips the case bit of these letters; nil where there is more than ASCII.
  private static func mapASCII(_ text: [UInt8], from letters: ClosedRange<UInt8>) -> [UInt8]? {
    var result = text
    for i in result.indices {
      if result[i] >= 0x80 { return nil }
      if letters.contains(result[i]) { result[i] ^= 0x20 }
    }
    return result
  }

  /// `str.lower`. A Greek sigma that ends a word has a letter of its own.
  static func lowercased(_ text: MarkedString) -> MarkedString {
    guard text.firstRange(of: [0xCE, 0xA3], from: 0) != nil else {
      return text.mapRuns { lowercased($0) }
    }
    var lowercase = LowerCase(text)
    return text.mapCharacters { lowercase.map($0) }
  }

  /// `str.capitalize`.
  static func capitalized(_ text: MarkedString) -> MarkedString {
    var lowercase = LowerCase(text)
    var isFirst = true
    return text.mapCharacters { scalar in
      let lower = lowercase.map(scalar)
      defer { isFirst = false }
      return isFirst ? scalar.properties.titlecaseMapping : lower
    }
  }

  /// `str.title`: a capital after anything that is no letter.
  static func titled(_ text: MarkedString) -> MarkedString {
    var lowercase = LowerCase(text)
    var isAfterLetter = false
    return text.mapCharacters { scalar in
      let lower = lowercase.map(scalar)
      defer { isAfterLetter = scalar.properties.isCased }
      return isAfterLetter ? lower : scalar.properties.titlecaseMapping
    }
  }

  /// `str.swapcase`.
  static func caseSwapped(_ text: MarkedString) -> MarkedString {
    var lowercase = LowerCase(text)
    return text.mapCharacters { scalar in
      let lower = lowercase.map(scalar)
      if scalar.properties.isUppercase { return lower }
      return scalar.properties.isLowercase ? scalar.properties.uppercaseMapping : String(scalar)
    }
  }

  /// `str.casefold`: what upper and then lower case make of a character, with the exceptions that
  /// Unicode has.
  static func caseFolded(_ text: [UInt8]) -> [UInt8] {
    mapScalars(text) { scalar in
      switch scalar.value {
      case 0x131, 0x13A0...0x13F5: return String(scalar)
      case 0x1E9E: return "ss"
      case 0x13F8...0x13FD, 0xAB70...0xABBF: return scalar.properties.uppercaseMapping
      default:
        let upper = scalar.properties.uppercaseMapping.unicodeScalars
        return upper.map(\.properties.lowercaseMapping).joined()
      }
    }
  }

  static func mapScalars(_ text: [UInt8], _ transform: (Unicode.Scalar) -> String) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      result.append(contentsOf: transform(scalar).utf8)
    }
    return result
  }

  /// Lower case of the characters of a text, one after the other.
  private struct LowerCase {
    private let scalars: [Unicode.Scalar]
    private var at = 0

    init(_ text: MarkedString) {
      scalars =
        text.firstRange(of: [0xCE, 0xA3], from: 0) == nil ? [] : PythonText.scalars(text.bytes)
    }

    mutating func map(_ scalar: Unicode.Scalar) -> String {
      defer { at += 1 }
      guard scalar.value == 0x3A3 else { return scalar.properties.lowercaseMapping }
      return endsWord ? "\u{3C2}" : "\u{3C3}"
    }

    /// A letter before and none behind, apart from what case does not see.
    private var endsWord: Bool {
      let before = scalars[..<at].last { !$0.properties.isCaseIgnorable }
      let behind = scalars[(at + 1)...].first { !$0.properties.isCaseIgnorable }
      return before?.properties.isCased ?? false && !(behind?.properties.isCased ?? false)
    }
  }

  // MARK: Questions

  static func all(_ text: [UInt8], _ holds: (Unicode.Scalar) -> Bool) -> Bool {
    !text.isEmpty && scalars(text).allSatisfy(holds)
  }

  /// `str.isalpha` of one character.
  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
    isLetter(scalar) || scalar.properties.numericType != nil
  }

  static func isIdentifier(_ text: [UInt8]) -> Bool {
    let scalars = scalars(text)
    guard let first = scalars.first, first == "_" || first.properties.isXIDStart else {
      return false
    }
    return scalars.dropFirst().allSatisfy(\.properties.isXIDContinue)
  }

  private static func isTitleLetter(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .titlecaseLetter
  }

  static func isUppercase(_ text: [UInt8]) -> Bool {
    let scalars = scalars(text)
    return scalars.contains { $0.properties.isUppercase }
      && !scalars.contains { $0.properties.isLowercase || isTitleLetter($0) }
  }

  static func isLowercase(_ text: [UInt8]) -> Bool {
    let scalars = scalars(text)
    return scalars.contains { $0.properties.isLowercase }
      && !scalars.contains { $0.properties.isUppercase || isTitleLetter($0) }
  }

  static func isTitle(_ text: [UInt8]) -> Bool {
    var hasCase = false
    var isAfterLetter = false
    for scalar in scalars(text) {
      let isLower = scalar.properties.isLowercase
      if scalar.properties.isUppercase || isTitleLetter(scalar) {
        if isAfterLetter { return false }
      } else if isLower {
        if !isAfterLetter { return false }
      } else {
        isAfterLetter = false
        continue
      }
      isAfterLetter = true
      hasCase = true
    }
    return hasCase
  }

  /// How much of the padding `str.center` puts on the left.
  static func centered(_ missing: Int, _ width: Int) -> Int { missing / 2 + (missing & width & 1) }
}
