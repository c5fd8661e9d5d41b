/// Byte-pair encoding of one piece of text: symbols, then merges.
///
/// - Source: Sennrich et al. 2016, arXiv:1508.07909; with bytes as symbols, Radford et al. 2019.
struct BytePairModel: Sendable {
  enum Symbols: Sendable {
    /// A symbol per byte, by the byte's value; -1 where the vocabulary lacks it: such bytes are
    /// left out, as the reference does.
    case bytes([Int32])
    /// A symbol per character. One without a token becomes its bytes' tokens where all of them
    /// exist (`fallback`, by value), otherwise `unknown`; several unknown ones in a row are one
    /// where `fuses`.
    case characters(ascii: [Int32], fallback: [Int32]?, unknown: Int32?, fuses: Bool)
  }

  var symbols: Symbols
  var merges: MergeTable
  /// A piece that is a token is that token, whatever the merges say (`ignore_merges`).
  var prefersWholeTokens = false

  /// Appends the tokens of `text[range]`.
  func encode(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, scratch: inout EncodingScratch,
    into result: inout [Int32]
  ) {
    let lower = range.lowerBound
    let upper = range.upperBound
    let isCached = upper - lower <= WordCache.longestWord
    if isCached, scratch.words.append(text, lower, upper, to: &result) { return }
    if prefersWholeTokens, let id = wholeToken(text, range, vocabulary) {
      scratch.merger.ids = [id]
    } else {
      scratch.merger.ids.removeAll(keepingCapacity: true)
      appendSymbols(of: text, range, vocabulary, to: &scratch.merger.ids)
      scratch.merger.merge(by: merges.pairs)
    }
    result.append(contentsOf: scratch.merger.ids)
    if isCached { scratch.words.insert(text, lower, upper, scratch.merger.ids) }
  }

  func wholeToken(_ text: [UInt8], _ range: Range<Int>, _ vocabulary: Vocabulary) -> Int32? {
    guard case .bytes = symbols else {
      return vocabulary.id(of: text, range.lowerBound, range.upperBound)
    }
    let spelling = ByteAlphabet.spelling(of: text[range])
    return vocabulary.id(of: spelling, 0, spelling.count)
  }

  private func appendSymbols(
    of text: [UInt8], _ range: Range<Int>, _ vocabulary: Vocabulary, to ids: inout [Int32]
  ) {
    switch symbols {
    case .bytes(let byByte):
      for i in range where byByte[Int(text[i])] >= 0 { ids.append(byByte[Int(text[i])]) }
    case .characters(let ascii, let fallback, let unknown, let fuses):
      var at = range.lowerBound
      var followsUnknown = false
      while at < range.upperBound {
        let end = min(at + UTF8Text.length(lead: text[at]), range.upperBound)
        let known = text[at] < 0x80 ? ascii[Int(text[at])] : vocabulary.id(of: text, at, end) ?? -1
        if known >= 0 {
          ids.append(known)
          followsUnknown = false
        } else if let fallback, text[at..<end].allSatisfy({ fallback[Int($0)] >= 0 }) {
          for i in at..<end { ids.append(fallback[Int(text[i])]) }
          followsUnknown = false
        } else if let unknown, !(fuses && followsUnknown) {
          ids.append(unknown)
          followsUnknown = true
        }
        at = end
      }
    }
  }
}

/// The buffers of one encoding, kept for the next one.
struct EncodingScratch: Sendable {
  /// Made by the first encoding that has a model for it.
  var encoder: PieceEncoder?
  var wordEncoder: WordEncoder?
  var words = WordCache()
  var merger = WordMerger()
  var pieces: [Range<Int>] = []
  var buffers = PieceBuffers()
  var unigram = UnigramScratch()
  var parts: [TokenPart] = []
  /// Empty, with the room of the text before.
  var ids: [Int32] = []

  /// Above it, room for ids is given back.
  static let mostKeptIDs = 1 << 20
}

/// The printable alphabet in which byte-level tokenizers spell their tokens.
///
/// Printable Latin-1 bytes stand for themselves, the 68 others for U+0100 and up, in order.
///
/// - Source: GPT-2's `bytes_to_unicode`, Radford et al. 2019.
enum ByteAlphabet {
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE {
        return Unicode.Scalar(UInt8(byte))
      }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? " "
    }
  }()

  /// The byte of each scalar below U+0144, -1 where it stands for none.
  private static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
    return table
  }()

  static func spelling(of bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    for byte in bytes { UTF8Text.append(scalars[Int(byte)], to: &result) }
    return result
  }

  /// The bytes that a spelling stands for; nil where a character of it is outside the alphabet.
  static func bytes(of spelling: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    return append(spelling, to: &result) ? result : nil
  }

  /// Appends the bytes that a spelling stands for, or nothing and returns false where a character
  /// of it is outside the alphabet.
  @discardableResult
  static func append(_ spelling: ArraySlice<UInt8>, to result: inout [UInt8]) -> Bool {
    let before = result.count
    var at = spelling.startIndex
    while at < spelling.endIndex {
      let first = spelling[at]
      var value = Int(first)
      // Three and four byte characters are above the alphabet.
      if first >= 0xC0, first < 0xE0, at + 1 < spelling.endIndex {
        value = (value & 0x1F) << 6 | Int(spelling[at + 1] & 0x3F)
        at += 1
      } else if first >= 0xC0 {
        value = bytes.count
      }
      guard value < bytes.count, bytes[value] >= 0 else {
        result.removeLast(result.count - before)
        return false
      }
      result.append(UInt8(bytes[value]))
      at += 1
    }
    return true
  }
}
