/// What is done to a section of text before it is cut into pieces.
struct Normalizer: Sendable {
  enum Step: Sendable {
    case form(UnicodeNormalization)
    case lowercase
    case strip(left: Bool, right: Bool)
    /// Takes combining marks away.
    case stripAccents
    /// In front of a section that is not empty.
    case prepend([UInt8])
    case replace([UInt8], with: [UInt8])
    case replaceMatches(RegexPattern, with: [UInt8])
    case bert(BertNormalizer)
    /// The clean-up of Google's neural machine translation.
    case translationCleanUp
    case characterMap(CharacterMap)
    /// Every byte as a character of the byte alphabet.
    case byteAlphabet
    /// All that SentencePiece does itself.
    case sentencePiece(SentencePieceNormalizer)
  }

  var steps: [Step] = []
  var isIdentity: Bool { steps.isEmpty }

  func apply(to section: [UInt8]) -> [UInt8] {
    guard !isIdentity else { return section }
    var text = AlignedText(section)
    apply(to: &text)
    return text.bytes
  }

  func apply(to text: inout AlignedText) {
    for step in steps { step.apply(to: &text) }
  }
}

extension Normalizer.Step {
  fileprivate func apply(to text: inout AlignedText) {
    switch self {
    case .form(let form): form.apply(to: &text)
    case .lowercase: Lowercase.apply(to: &text)
    case .strip(let left, let right): strip(&text, left: left, right: right)
    case .stripAccents:
      guard !UTF8Text.isASCII(text.bytes) else { return }
      text.filterMap { UnicodeTables.isMark.contains($0) ? nil : $0 }
    case .prepend(let prefix): text.prepend(prefix)
    case .replace(let pattern, let content): text.replace(pattern, with: content)
    case .replaceMatches(let pattern, let content): text.replace(pattern, with: content)
    case .bert(let bert): bert.apply(to: &text)
    case .translationCleanUp: text.filterMap(cleanedUp)
    case .characterMap(let map): map.apply(to: &text)
    case .byteAlphabet: ByteAlphabet.spell(&text)
    case .sentencePiece(let normalizer): normalizer.apply(to: &text)
    }
  }

  private func strip(_ text: inout AlignedText, left: Bool, right: Bool) {
    let bytes = text.bytes
    var start = 0
    var end = bytes.count
    while left, start < end, WhiteSpace.begins(at: start, in: bytes) {
      start += UTF8Text.length(lead: bytes[start])
    }
    while right, end > start {
      let last = bytes.scalarStart(before: end)
      guard WhiteSpace.begins(at: last, in: bytes) else { break }
      end = last
    }
    text = text[start..<end]
  }

  private func cleanedUp(_ scalar: UInt32) -> UInt32? {
    switch scalar {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: nil
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
      0x20
    default: scalar
    }
  }
}

/// Lowercase, character by character.
enum Lowercase {
  static func apply(to text: inout AlignedText) {
    let source = text.bytes
    if UTF8Text.isASCII(source) {
      for i in source.indices where source[i] &- 0x41 < 26 { text.bytes[i] = source[i] | 0x20 }
      return
    }
    text.rewrite { rewriter in
      var at = 0
      while at < source.count {
        let scalar = source.scalar(at: at)
        at += scalar.length
        if scalar.value < 0x80 {
          let isUpper = scalar.value &- 0x41 < 26
          rewriter.emit(isUpper ? scalar.value | 0x20 : scalar.value, change: 0)
        } else if let mapping = map[scalar.value] {
          for (index, part) in mapping.enumerated() {
            rewriter.emit(part, change: index > 0 ? 1 : 0)
          }
        } else {
          rewriter.emit(scalar.value, change: 0)
        }
      }
    }
  }

  private static let map = UnicodeTables.lowercaseMapping

  static func of(_ scalar: UInt32) -> UInt32 {
    scalar < 0x80 ? (scalar &- 0x41 < 26 ? scalar | 0x20 : scalar) : map[scalar]?.first ?? scalar
  }
}

/// The normaliser of BERT.
///
/// - Source: `BertNormalizer` of Hugging Face's `tokenizers`.
struct BertNormalizer: Sendable, Hashable {
  var cleansText = true
  var separatesChinese = true
  var stripsAccents = true
  var lowercases = true

  func apply(to text: inout AlignedText) {
    if cleansText { cleanText(&text) }
    if separatesChinese { separateChinese(&text) }
    if stripsAccents, !UTF8Text.isASCII(text.bytes) {
      UnicodeNormalization.nfd.apply(to: &text)
      text.filterMap { UnicodeTables.isBertAccent.contains($0) ? nil : $0 }
    }
    if lowercases { Lowercase.apply(to: &text) }
  }

  private func cleanText(_ text: inout AlignedText) {
    let isClean = text.bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    guard !isClean else { return }
    text.filterMap { scalar in
      if scalar == 0x09 || scalar == 0x0A || scalar == 0x0D { return 0x20 }
      if UnicodeTables.isBertControl.contains(scalar) { return nil }
      return UnicodeTables.isWhiteSpace.contains(scalar) ? 0x20 : scalar
    }
  }

  private func separateChinese(_ text: inout AlignedText) {
    let source = text.bytes
    guard !UTF8Text.isASCII(source) else { return }
    text.rewrite { rewriter in
      var at = 0
      while at < source.count {
        let scalar = source.scalar(at: at)
        at += scalar.length
        if BertNormalizer.isChinese(scalar.value) {
          rewriter.emit(0x20, change: 0)
          rewriter.emit(scalar.value, change: 1)
          rewriter.emit(0x20, change: 1)
        } else {
          rewriter.emit(scalar.value, change: 0)
        }
      }
    }
  }

  /// The blocks of CJK ideographs; one begins where the reference has it and not where Unicode has.
  static func isChinese(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}

enum WhiteSpace {
  /// Whether the scalar at `i` has the Unicode property White_Space.
  static func begins(at i: Int, in text: [UInt8]) -> Bool {
    UnicodeTables.isWhiteSpace.contains(text.scalar(at: i).value)
  }
}

extension ByteAlphabet {
  /// Spells every byte; all characters of a character stand for the whole of it.
  static func spell(_ text: inout AlignedText) {
    let source = text.bytes
    text.rewrite { rewriter in
      var at = 0
      while at < source.count {
        let end = min(at + UTF8Text.length(lead: source[at]), source.count)
        for i in at..<end {
          rewriter.emit(scalars[Int(source[i])].value, change: i > at ? 1 : 0)
        }
        at = end
      }
    }
  }
}
