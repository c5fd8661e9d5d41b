/// Byte-pair encoding with all that the Hugging Face format allows: prefixes of symbols that go on
/// a word, suffixes of the one that ends it, fallback to bytes that may be incomplete.
///
/// - Source: `BPE` of Hugging Face's `tokenizers`.
struct AffixedBytePairModel: Sendable {
  var merges: MergeTable
  /// Before every symbol but the first (`continuing_subword_prefix`).
  var prefix: [UInt8] = []
  /// Behind the last symbol (`end_of_word_suffix`).
  var suffix: [UInt8] = []
  /// The tokens of the 256 bytes, -1 where there is none; nil without `byte_fallback`.
  var bytes: [Int32]?
  var unknown: Int32?
  var fusesUnknown = false
  /// A piece that is a token is that token, whatever the merges say (`ignore_merges`).
  var prefersWholeTokens = false

  func encode(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, into result: inout [TokenPart]
  ) {
    if prefersWholeTokens,
      let id = vocabulary.id(of: text, range.lowerBound, range.upperBound)
    {
      result.append(TokenPart(id: id, start: range.lowerBound, end: range.upperBound))
      return
    }
    var symbols = symbols(of: text, range, vocabulary)
    PartMerger.merge(&symbols, by: merges.pairs)
    result.append(contentsOf: symbols)
  }

  private func symbols(
    of text: [UInt8], _ range: Range<Int>, _ vocabulary: Vocabulary
  ) -> [TokenPart] {
    var symbols: [TokenPart] = []
    var pending: TokenPart?
    var spelled: [UInt8] = []
    var at = range.lowerBound
    while at < range.upperBound {
      let end = min(at + UTF8Text.length(lead: text[at]), range.upperBound)
      spelled.removeAll(keepingCapacity: true)
      if at > range.lowerBound { spelled.append(contentsOf: prefix) }
      spelled.append(contentsOf: text[at..<end])
      if end == range.upperBound { spelled.append(contentsOf: suffix) }
      if let id = vocabulary.id(of: spelled, 0, spelled.count) {
        if let unknown = pending { symbols.append(unknown) }
        pending = nil
        symbols.append(TokenPart(id: id, start: at, end: end))
      } else if let bytes, spelled.allSatisfy({ bytes[Int($0)] >= 0 }) {
        // An unknown symbol before it is written later, as in the reference.
        for (i, byte) in spelled.enumerated() {
          let start = min(at + i, end)
          symbols.append(
            TokenPart(id: bytes[Int(byte)], start: start, end: min(start + 1, end)))
        }
      } else if let unknown {
        if fusesUnknown, let open = pending {
          pending = TokenPart(id: unknown, start: open.start, end: end)
        } else {
          if let open = pending { symbols.append(open) }
          pending = TokenPart(id: unknown, start: at, end: end)
        }
      }
      at = end
    }
    if let unknown = pending { symbols.append(unknown) }
    return symbols
  }
}
