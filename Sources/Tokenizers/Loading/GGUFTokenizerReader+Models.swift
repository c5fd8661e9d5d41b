// The models of GGUF files besides the two commonest.
extension GGUFTokenizerReader {
  private var marker: [UInt8] { SentencePieceNormalizer.marker }

  /// Tokens whose markers are spaces and whose byte tokens are bytes.
  func addMarkedPieces(to parts: inout TokenizerParts) {
    for id in 0..<Int32(parts.vocabulary.count) {
      parts.pieces.append(markedPiece(id, parts.vocabulary), isControl: isControl(id))
    }
  }

  private func markedPiece(_ id: Int32, _ vocabulary: Vocabulary) -> TokenBytes.Piece {
    let spelling = vocabulary.bytes(id)
    switch type(id) {
    case TokenType.byte:
      if let byte = ByteToken.byte(of: spelling) { return .init(bytes: [byte], isByte: true) }
      return .init(bytes: Array(spelling))
    case TokenType.unknown, TokenType.control, TokenType.userDefined:
      return .init(bytes: Array(spelling))
    default:
      return .init(bytes: ByteText.replacing(marker, with: [0x20], in: Array(spelling)))
    }
  }

  /// Byte-pair encoding of text as it is, with `▁` for spaces (Gemma 4).
  func plainText(_ vocabulary: Vocabulary) throws(TokenizerError) -> TokenizerParts {
    let bytes = ByteToken.ids(in: vocabulary)
    var parts = TokenizerParts(
      vocabulary: vocabulary,
      model: .bytePair(
        BytePairModel(
          symbols: .characterSymbols(vocabulary, fallback: bytes, unknown: file.unknownID),
          merges: try mergeTable(vocabulary))))
    parts.normalizer.steps = [.replace([0x20], with: marker)]
    parts.splitWhereSafe()
    addMarkedPieces(to: &parts)
    return parts
  }

  /// Byte-pair encoding of words as they are, without the white space between them.
  func spaced(_ vocabulary: Vocabulary) throws(TokenizerError) -> TokenizerParts {
    var parts = TokenizerParts(
      vocabulary: vocabulary,
      model: .bytePair(
        BytePairModel(
          symbols: .characterSymbols(
            vocabulary, fallback: ByteToken.ids(in: vocabulary), unknown: nil),
          merges: try mergeTable(vocabulary))))
    if file.lowercase ?? false { parts.normalizer.steps = [.lowercase] }
    parts.preTokenizer.steps = [.cut(TextCut(kind: .scalar(.whiteSpace)), .removed)]
    addMarkedPieces(to: &parts)
    return parts
  }

  /// BERT: words begin with `▁`, what goes on a word has no prefix.
  func wordPiece(_ vocabulary: Vocabulary) -> TokenizerParts {
    var model = WordPieceModel(
      vocabulary, continuationPrefix: [], unknown: file.unknownID ?? id(of: "[UNK]"))
    model.longestWord = Int.max
    var parts = TokenizerParts(vocabulary: vocabulary, model: .wordPiece(model))
    let lowercases = file.lowercase ?? true
    parts.normalizer.steps = [
      .bert(
        BertNormalizer(stripsAccents: file.stripAccents ?? lowercases, lowercases: lowercases))
    ]
    parts.preTokenizer.steps = [
      .cut(TextCut(kind: .scalar(.whiteSpace)), .removed),
      .cut(TextCut(kind: .scalar(.punctuation)), .isolated),
      .metaspace(marker: marker, prefix: .always),
    ]
    addMarkedPieces(to: &parts)
    parts.pieces.leadingStrip = (0x20, 1)
    return parts
  }

  /// T5 and its kin.
  func unigram(_ vocabulary: Vocabulary) throws(TokenizerError) -> TokenizerParts {
    var least = Float.greatestFiniteMagnitude
    for id in 0..<Int32(vocabulary.count) where type(id) == TokenType.normal {
      least = min(least, score(id))
    }
    let tokens = (0..<Int32(vocabulary.count)).map {
      id -> (spelling: ArraySlice<UInt8>, score: Double)? in
      switch type(id) {
      case TokenType.normal, TokenType.unused: (vocabulary.bytes(id), Double(score(id)))
      case TokenType.userDefined: (vocabulary.bytes(id), 0)
      default: nil
      }
    }
    var model = UnigramModel(
      tokens: tokens, leastScore: Double(least), isSinglePrecision: false)
    model.unknown = file.unknownID
    model.looksUpUnknownRuns = false
    var normalizer = SentencePieceNormalizer()
    normalizer.addsDummyPrefix = file.addSpacePrefix ?? false
    normalizer.removesExtraSpaces = file.removeExtraSpaces ?? false
    if !file.characterMap.isEmpty {
      guard let map = CharacterMap(file.characterMap) else {
        throw .malformed(
          field: "tokenizer.ggml.precompiled_charsmap", expected: "a compiled character map",
          found: "\(file.characterMap.count) other bytes")
      }
      normalizer.map = map
    }
    for id in 0..<Int32(vocabulary.count) where type(id) == TokenType.userDefined {
      normalizer.userDefined.insert(Array(vocabulary.bytes(id)), value: Int(id))
      normalizer.hasUserDefined = true
    }
    var parts = TokenizerParts(vocabulary: vocabulary, model: .unigram(model))
    parts.normalizer.steps = [.sentencePiece(normalizer)]
    addMarkedPieces(to: &parts)
    parts.pieces.leadingStrip = (0x20, normalizer.addsDummyPrefix ? 1 : 0)
    return parts
  }

  /// RWKV: spellings with escapes, the longest token first.
  func greedy(_ vocabulary: Vocabulary) -> TokenizerParts {
    let tokens = file.tokens.map { RWKVSpelling.bytes(of: Array($0.utf8)) }
    var parts = TokenizerParts(
      vocabulary: vocabulary, model: .greedy(GreedyModel(tokens, unknown: file.unknownID ?? 0)))
    for (id, token) in tokens.enumerated() {
      parts.pieces.append(.init(bytes: token), isControl: isControl(Int32(id)))
    }
    return parts
  }

  /// PLaMo 2.
  func cheapestPath(_ vocabulary: Vocabulary) throws(TokenizerError) -> TokenizerParts {
    let bytes = ByteToken.ids(in: vocabulary)
    if let byte = bytes.firstIndex(of: -1) {
      throw .malformed(
        field: "tokenizer.ggml.tokens", expected: "a token for every byte",
        found: "no \(ByteToken.spelling(UInt8(byte)))")
    }
    let tokens = (0..<Int32(vocabulary.count)).map {
      id -> (spelling: ArraySlice<UInt8>, score: Float)? in
      type(id) == TokenType.byte ? nil : (vocabulary.bytes(id), score(id))
    }
    var parts = TokenizerParts(
      vocabulary: vocabulary,
      model: .cheapestPath(CheapestPathModel(tokens: tokens, bytes: bytes)))
    for id in 0..<Int32(vocabulary.count) {
      let byte = type(id) == TokenType.byte ? ByteToken.byte(of: vocabulary.bytes(id)) : nil
      parts.pieces.append(
        .init(bytes: byte.map { [$0] } ?? Array(vocabulary.bytes(id))), isControl: isControl(id))
    }
    return parts
  }
}

/// How RWKV's vocabulary spells bytes: `\t`, `\x0A` and the like.
enum RWKVSpelling {
  static func bytes(of spelling: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var at = 0
    while at < spelling.count {
      guard spelling[at] == 0x5C, at + 1 < spelling.count else {
        result.append(spelling[at])
        at += 1
        continue
      }
      let letter = spelling[at + 1]
      at += 2
      switch letter {
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "x"):
        let digits = spelling[at..<min(at + 2, spelling.count)]
        result.append(UInt8(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0)
        at += digits.count
      default: result.append(letter)
      }
    }
    return result
  }
}
