import ApusJSON

/// Reads the `model` of a `tokenizer.json`.
struct ModelReader {
  enum Kind: String, CaseIterable {
    case bytePair = "BPE"
    case unigram = "Unigram"
    case wordLevel = "WordLevel"
    case wordPiece = "WordPiece"
  }

  let model: JSONField
  let kind: Kind

  init(_ model: JSONField) throws(TokenizerError) {
    self.model = model
    if let type = model["type"] {
      guard let kind = Kind(rawValue: try type.string()) else {
        throw .unsupported(
          field: type.path, value: try type.string(), supported: Kind.allCases.map(\.rawValue))
      }
      self.kind = kind
    } else if model["merges"] != nil {
      kind = .bytePair
    } else if model["vocab"]?.value.arrayValue != nil {
      kind = .unigram
    } else {
      // Old files do not say what they hold.
      kind = model["max_input_chars_per_word"] != nil ? .wordPiece : .wordLevel
    }
  }

  /// Whether this model's merges are of tokens that are spelled as the two together.
  static func isPlainBytePair(_ model: JSONValue?) -> Bool {
    guard let model else { return false }
    let type = model["type"]
    let isBytePair =
      type == nil || type?.isNull == true || type?.stringValue == Kind.bytePair.rawValue
    let prefix = model["continuing_subword_prefix"]
    return isBytePair && (prefix == nil || prefix?.isNull == true || prefix?.stringValue == "")
  }

  /// The spellings by id; ids that are not taken are empty.
  func spellings() throws(TokenizerError) -> [String] {
    let field = try model.required("vocab")
    if kind == .unigram { return try unigramTokens(field).map(\.0) }
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

  /// How many tokens the model itself has.
  func count(_ spellings: [String]) -> Int {
    model["vocab"]?.value.objectValue?.count ?? spellings.count
  }

  /// - Parameters:
  ///   - preTokenizer: loses its last step where the model takes bytes as they are.
  ///   - lists: the merges, where they have been read.
  func read(
    _ vocabulary: Vocabulary, _ preTokenizer: inout PreTokenizer, _ lists: TokenLists?
  ) throws(TokenizerError) -> TokenModel {
    switch kind {
    case .bytePair:
      return try BytePairReader(model: model, known: lists?.merges).read(vocabulary, &preTokenizer)
    case .unigram: return .unigram(try unigram(vocabulary))
    case .wordPiece:
      var result = WordPieceModel(
        vocabulary,
        continuationPrefix: model.bytes("continuing_subword_prefix", default: "##"),
        unknown: vocabulary.id(of: model.string("unk_token", default: "[UNK]")))
      result.longestWord = model.int("max_input_chars_per_word", default: 100)
      return .wordPiece(result)
    case .wordLevel:
      return .wordLevel(
        WordLevelModel(unknown: vocabulary.id(of: model.string("unk_token", default: "<unk>"))))
    }
  }

  private func unigramTokens(_ field: JSONField) throws(TokenizerError) -> [(String, Double)] {
    guard let entries = field.value.arrayValue else { throw field.mismatch("an array") }
    var tokens: [(String, Double)] = []
    tokens.reserveCapacity(entries.count)
    for (id, entry) in entries.enumerated() {
      guard let token = entry[0]?.stringValue, case .number(let number)? = entry[1],
        let score = ReferenceNumber.parse(number.text)
      else {
        throw .malformed(
          field: "\(field.path)[\(id)]", expected: "a token and its score", found: entry.kind)
      }
      tokens.append((token, score))
    }
    return tokens
  }

  private func unigram(_ vocabulary: Vocabulary) throws(TokenizerError) -> UnigramModel {
    let tokens = try unigramTokens(try model.required("vocab"))
    var result = UnigramModel(
      tokens: tokens.map { (Array($0.0.utf8)[...], $0.1) },
      leastScore: tokens.map(\.1).min() ?? 0, isSinglePrecision: false)
    if let field = model["unk_id"] {
      let id = try field.int32()
      guard id >= 0, Int(id) < tokens.count else {
        throw .malformed(
          field: field.path, expected: "below \(tokens.count)", found: "\(id)")
      }
      result.unknown = id
    }
    if model.bool("byte_fallback", default: false) {
      result.bytes = ByteToken.ids(in: vocabulary)
    }
    return result
  }
}
