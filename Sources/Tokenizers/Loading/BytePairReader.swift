import ApusJSON

/// Reads the `model` of a `tokenizer.json`.
struct BytePairReader {
  let model: JSONField
  /// Symbols are bytes in their printable spelling.
  let isByteLevel: Bool

  /// The spellings by id; ids that are not taken are empty.
  func spellings() throws(TokenizerError) -> [String] {
    let type = model.string("type", default: model["merges"] == nil ? "WordPiece" : "BPE")
    guard type == "BPE" else {
      throw .unsupported(field: model.path + ".type", value: type, supported: ["BPE"])
    }
    let field = try model.required("vocab")
    guard let entries = field.value.objectValue else { throw field.mismatch("an object") }
    var spellings = [String](repeating: "", count: entries.count)
    let limit = TokenLimits.ids(tokens: entries.count)
    for (token, value) in entries {
      guard let id = value.intValue, (0..<limit).contains(id) else {
        throw .malformed(
          field: "\(field.path).\(token)",
          expected: "an id below \(limit), as there are \(entries.count) tokens",
          found: value.intValue.map(String.init) ?? value.kind)
      }
      if id >= spellings.count {
        spellings.append(contentsOf: repeatElement("", count: id + 1 - spellings.count))
      }
      spellings[id] = token
    }
    return spellings
  }

  func read(_ vocabulary: Vocabulary) throws(TokenizerError) -> BytePairModel {
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let field = model[name], field.value != "" {
        throw field.unsupported("a prefix or suffix", ["none"])
      }
    }
    if let dropout = model["dropout"], dropout.value.doubleValue != 0 {
      throw dropout.unsupported("a dropout above zero", ["null"])
    }
    var result = BytePairModel(
      symbols: try symbols(vocabulary), merges: try merges(vocabulary),
      prefersWholeTokens: model.bool("ignore_merges", default: false))
    if case .characters = result.symbols, model.bool("fuse_unk", default: false) == false {
      result.symbols = result.symbols.withoutFusing
    }
    return result
  }

  private func symbols(_ vocabulary: Vocabulary) throws(TokenizerError) -> BytePairModel.Symbols {
    var unknown: Int32?
    if let name = model["unk_token"] {
      unknown = vocabulary.id(of: try name.string())
    }
    if isByteLevel { return .byteSymbols(vocabulary, unknown: unknown) }
    return .characterSymbols(
      vocabulary, fallsBack: model.bool("byte_fallback", default: false), unknown: unknown)
  }

  private func merges(_ vocabulary: Vocabulary) throws(TokenizerError) -> MergeTable {
    let field = try model.required("merges")
    guard let list = field.value.arrayValue else { throw field.mismatch("an array") }
    var table = MergeTable(capacity: list.count)
    var text: [UInt8] = []
    for (rank, entry) in list.enumerated() {
      let border: Int
      switch entry {
      case .string(let line):
        text.removeAll(keepingCapacity: true)
        text.append(contentsOf: line.utf8)
        border = MergeLine.removeSpace(from: &text)
      case .array(let pair) where pair.count == 2:
        text.removeAll(keepingCapacity: true)
        text.append(contentsOf: (pair[0].stringValue ?? "").utf8)
        border = text.count
        text.append(contentsOf: (pair[1].stringValue ?? "").utf8)
      default: border = 0
      }
      guard table.add(text, border: border, rank: rank, vocabulary) else {
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
  mutating func add(_ text: [UInt8], border: Int, rank: Int, _ vocabulary: Vocabulary) -> Bool {
    guard border > 0, border < text.count, let left = vocabulary.id(of: text, 0, border),
      let right = vocabulary.id(of: text, border, text.count),
      let merged = vocabulary.id(of: text, 0, text.count)
    else { return false }
    add(left, right, rank: Int32(rank), id: merged)
    return true
  }
}

extension BytePairModel.Symbols {
  /// A symbol per byte, spelled in the byte alphabet.
  static func byteSymbols(_ vocabulary: Vocabulary, unknown: Int32?) -> Self {
    .bytes(ByteAlphabet.scalars.map { vocabulary.id(of: String($0)) ?? unknown ?? -1 })
  }

  /// A symbol per character, with bytes spelled `<0x00>` to `<0xFF>` for the characters that have
  /// none.
  static func characterSymbols(_ vocabulary: Vocabulary, fallsBack: Bool, unknown: Int32?) -> Self {
    let ascii = (0..<128).map { vocabulary.id(of: String(Unicode.Scalar(UInt8($0)))) ?? -1 }
    let bytes = (0..<256).map { vocabulary.id(of: ByteToken.spelling(UInt8($0))) ?? -1 }
    return .characters(
      ascii: ascii, fallback: fallsBack ? bytes : nil, unknown: unknown, fuses: true)
  }

  var withoutFusing: Self {
    guard case .characters(let ascii, let fallback, let unknown, _) = self else { return self }
    return .characters(ascii: ascii, fallback: fallback, unknown: unknown, fuses: false)
  }
}

/// SentencePiece's spelling of a raw byte, `<0x0A>`.
enum ByteToken {
  static func spelling(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x" + (digits.count == 1 ? "0" : "") + digits + ">"
  }

  static func byte(of spelling: ArraySlice<UInt8>) -> UInt8? {
    guard spelling.count == 6, spelling.starts(with: "<0x".utf8), spelling.last == 0x3E else {
      return nil
    }
    return UInt8(String(decoding: spelling.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }
}
