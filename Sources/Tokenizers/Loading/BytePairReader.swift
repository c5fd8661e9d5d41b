import ApusJSON

/// Reads a byte-pair `model` of a `tokenizer.json`.
struct BytePairReader {
  let model: JSONField
  /// The merges, where they have been read.
  var known: [MergeTable.Rule]?

  func read(
    _ vocabulary: Vocabulary, _ preTokenizer: inout PreTokenizer
  ) throws(TokenizerError) -> TokenModel {
    if let dropout = model["dropout"], dropout.value.doubleValue != 0 {
      throw dropout.unsupported("a dropout above zero", ["null"])
    }
    let prefix = model.bytes("continuing_subword_prefix", default: "")
    let suffix = model.bytes("end_of_word_suffix", default: "")
    let merges = try merges(vocabulary, prefixLength: prefix.count)
    let wholeTokens = model.bool("ignore_merges", default: false)
    let unknown = model["unk_token"]?.value.stringValue.flatMap { vocabulary.id(of: $0) }
    let bytes =
      model.bool("byte_fallback", default: false) ? ByteToken.ids(in: vocabulary) : nil
    let isPlain = prefix.isEmpty && suffix.isEmpty

    if isPlain, bytes == nil, preTokenizer.steps.last == .byteAlphabet {
      let alphabet = ByteAlphabet.scalars.map { vocabulary.id(of: String($0)) ?? -1 }
      if unknown == nil || !alphabet.contains(-1) {
        preTokenizer.steps.removeLast()
        return .bytePair(
          BytePairModel(
            symbols: .bytes(alphabet), merges: merges, prefersWholeTokens: wholeTokens))
      }
    }
    let fuses = model.bool("fuse_unk", default: false)
    if isPlain, !(bytes?.contains(-1) ?? false) {
      let symbols = BytePairModel.Symbols.characterSymbols(
        vocabulary, fallback: bytes, unknown: unknown, fuses: fuses)
      return .bytePair(
        BytePairModel(symbols: symbols, merges: merges, prefersWholeTokens: wholeTokens))
    }
    return .affixedBytePair(
      AffixedBytePairModel(
        merges: merges, prefix: prefix, suffix: suffix, bytes: bytes, unknown: unknown,
        fusesUnknown: fuses, prefersWholeTokens: wholeTokens))
  }

  /// - Parameter prefixLength: how much of a right token is left out of the merged one.
  private func merges(
    _ vocabulary: Vocabulary, prefixLength: Int
  ) throws(TokenizerError) -> MergeTable {
    if let known { return MergeTable(known) }
    let field = try model.required("merges")
    guard let list = field.value.arrayValue else { throw field.mismatch("an array") }
    var table = MergeTable(capacity: list.count)
    var text: [UInt8] = []
    // From the last to the first, because the table keeps the first of two for one pair and the
    // reference the last.
    for (rank, entry) in list.enumerated().reversed() {
      var border: Int
      text.removeAll(keepingCapacity: true)
      switch entry {
      case .string(let line):
        text.append(contentsOf: line.utf8)
        border = MergeLine.removeSpace(from: &text)
      case .array(let pair) where pair.count == 2:
        text.append(contentsOf: (pair[0].stringValue ?? "").utf8)
        border = text.count
        text.append(contentsOf: (pair[1].stringValue ?? "").utf8)
      default: border = 0
      }
      guard
        table.add(text, border: border, rank: rank, vocabulary, prefixLength: prefixLength)
      else {
        throw .malformed(
          field: "\(field.path)[\(rank)]", expected: "two tokens whose union is a token",
          found: String(decoding: text, as: UTF8.self))
      }
    }
    return table
  }
}

/// A merge written as one line: two tokens with a space between.
enum MergeLine {
  /// Takes the space out and returns where it was; 0 where there is none.
  static func removeSpace(from text: inout [UInt8]) -> Int {
    guard text.count > 1, let space = text.dropFirst().firstIndex(of: 0x20) else { return 0 }
    text.remove(at: space)
    return space
  }
}

extension MergeTable {
  /// Adds the merge of `text[..<border]` and `text[border...]`; false where one of the three is no
  /// token.
  ///
  /// - Parameter prefixLength: so much of the right token is left out of the merged one.
  mutating func add(
    _ text: [UInt8], border: Int, rank: Int, _ vocabulary: Vocabulary, prefixLength: Int = 0
  ) -> Bool {
    guard border > 0, border < text.count, let left = vocabulary.id(of: text, 0, border),
      let right = vocabulary.id(of: text, border, text.count)
    else { return false }
    var merged = vocabulary.id(of: text, 0, text.count)
    if prefixLength > 0 {
      guard border + prefixLength <= text.count else { return false }
      let union = Array(text[..<border] + text[(border + prefixLength)...])
      merged = vocabulary.id(of: union, 0, union.count)
    }
    guard let merged else { return false }
    add(left, right, rank: Int32(rank), id: merged)
    return true
  }
}

extension BytePairModel.Symbols {
  /// A symbol per byte, spelled in the byte alphabet.
  static func byteSymbols(_ vocabulary: Vocabulary, unknown: Int32?) -> Self {
    .bytes(ByteAlphabet.scalars.map { vocabulary.id(of: String($0)) ?? unknown ?? -1 })
  }

  /// A symbol per character.
  ///
  /// - Parameter fallback: the tokens of the 256 bytes, for characters that have none.
  static func characterSymbols(
    _ vocabulary: Vocabulary, fallback: [Int32]?, unknown: Int32?, fuses: Bool = true
  ) -> Self {
    let ascii = (0..<128).map { vocabulary.id(of: String(Unicode.Scalar(UInt8($0)))) ?? -1 }
    return .characters(ascii: ascii, fallback: fallback, unknown: unknown, fuses: fuses)
  }
}

/// SentencePiece's spelling of a raw byte, `<0x0A>`.
enum ByteToken {
  static func spelling(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x" + (digits.count == 1 ? "0" : "") + digits + ">"
  }

  /// The tokens of the 256 bytes, -1 where there is none.
  static func ids(in vocabulary: Vocabulary) -> [Int32] {
    (0..<256).map { vocabulary.id(of: spelling(UInt8($0))) ?? -1 }
  }

  static func byte(of spelling: ArraySlice<UInt8>) -> UInt8? {
    guard spelling.count == 6, spelling.starts(with: "<0x".utf8), spelling.last == 0x3E else {
      return nil
    }
    let digits = spelling.dropFirst(3).prefix(2)
    // A sign is no digit here, though Swift would read it as one.
    guard digits.allSatisfy({ $0 != 0x2B && $0 != 0x2D }) else { return nil }
    return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
  }
}
