public import ApusJSON

extension Tokenizer {
  /// A tokenizer from the bytes of a SentencePiece `.model` file.
  ///
  /// Text that spells a control symbol stays text, as in the library.
  ///
  /// - Parameters:
  ///   - config: the document of `tokenizer_config.json`: which tokens go around a text.
  ///   - templates: chat templates by name, besides those of the config.
  ///   - name: names the file in errors.
  /// - Throws: `TokenizerError`.
  public convenience init(
    sentencePiece bytes: [UInt8], config: JSONValue? = nil, templates: [String: String] = [:],
    name: String = "tokenizer.model"
  ) throws(TokenizerError) {
    let file = try SentencePieceFile(bytes, name: name)
    var parts = try SentencePieceReader(file: file).read()
    let settings = TokenizerConfig(config)
    if let adds = settings.addsBegin {
      parts.postProcessor.prefix = adds ? [parts.special.begin].compactMap { $0 } : []
    }
    if let adds = settings.addsEnd {
      parts.postProcessor.suffix = adds ? [parts.special.end].compactMap { $0 } : []
    }
    parts.templates = TokenizerConfig.templates(config?["chat_template"])
    parts.templates.merge(templates) { _, new in new }
    self.init(parts)
  }
}

/// Puts the parts of a SentencePiece model together.
struct SentencePieceReader {
  let file: SentencePieceFile

  func read() throws(TokenizerError) -> TokenizerParts {
    let vocabulary = Vocabulary(file.pieces.map { String(decoding: $0.text, as: UTF8.self) })
    let unknown = file.pieces.firstIndex { $0.type == .unknown }.map { Int32($0) }
    if file.fallsBackToBytes,
      let byte = ByteToken.ids(in: vocabulary).firstIndex(of: -1)
    {
      throw .malformed(
        field: "byte_fallback", expected: "a piece for every byte",
        found: "no \(ByteToken.spelling(UInt8(byte)))")
    }
    var parts = TokenizerParts(vocabulary: vocabulary, model: model(vocabulary, unknown))
    parts.normalizer.steps = [.sentencePiece(file.normalizer)]
    parts.splitWhereSafe()
    parts.readsAddedTokens = false
    for (id, piece) in file.pieces.enumerated() where piece.type == .control {
      parts.added.append(
        AddedToken(
          id: Int32(id), content: String(decoding: piece.text, as: UTF8.self), isControl: true))
    }
    addPieces(to: &parts)
    addSpecialTokens(to: &parts)
    return parts
  }

  private var marker: [UInt8] { SentencePieceNormalizer.marker }

  private func model(_ vocabulary: Vocabulary, _ unknown: Int32?) -> TokenModel {
    let bytes = file.fallsBackToBytes ? ByteToken.ids(in: vocabulary) : nil
    switch file.type {
    case .unigram: return .unigram(unigram(unknown, bytes))
    case .bytePair, .character, .word: return pairs(vocabulary, unknown, bytes)
    }
  }

  private func pairs(
    _ vocabulary: Vocabulary, _ unknown: Int32?, _ bytes: [Int32]?
  ) -> TokenModel {
    let types = file.pieces.map(\.type)
    func isMergeable(_ id: Int32) -> Bool { types[Int(id)] == .normal }
    let isPlain = !types.contains { $0 == .userDefined || $0 == .unused }
    if file.type == .bytePair, isPlain,
      ScoredMerges.coversCharacters(vocabulary, isMergeable: isMergeable)
    {
      let merges = ScoredMerges.table(
        vocabulary, scores: file.pieces.map(\.score), isMergeable: isMergeable)
      return .bytePair(
        BytePairModel(
          symbols: .characterSymbols(vocabulary, fallback: bytes, unknown: unknown),
          merges: merges))
    }
    return .scoredPairs(
      ScoredPairModel(
        pieces: file.pieces.map { piece in
          ScoredPairModel.Piece(
            text: piece.text, score: piece.score,
            isNormal: [.normal, .userDefined, .unused].contains(piece.type),
            isUnused: piece.type == .unused, isUserDefined: piece.type == .userDefined)
        },
        symbols: file.type == .bytePair ? .merged : file.type == .word ? .words : .characters,
        bytes: bytes, unknown: unknown))
  }

  private func unigram(_ unknown: Int32?, _ bytes: [Int32]?) -> UnigramModel {
    let normal = file.pieces.filter { $0.type == .normal }.map(\.score)
    let least = normal.min() ?? 0
    let tokens = file.pieces.map { piece -> (spelling: ArraySlice<UInt8>, score: Double)? in
      switch piece.type {
      case .normal: return (piece.text[...], Double(piece.score))
      case .userDefined:
        // As of version 0.2.3: better than what its characters could have.
        return (piece.text[...], 0.1 * Double(piece.text.count - 1))
      case .unknown, .control, .unused, .byte: return nil
      }
    }
    var result = UnigramModel(
      tokens: tokens, leastScore: Double(least), isSinglePrecision: true)
    result.unknown = unknown
    result.bytes = bytes
    result.looksUpUnknownRuns = false
    return result
  }

  private func addPieces(to parts: inout TokenizerParts) {
    parts.pieces.repair = .eachByte
    parts.pieces.finalMap = file.denormalizer
    let normalizer = file.normalizer
    if normalizer.addsDummyPrefix || normalizer.removesExtraSpaces {
      parts.pieces.beginning = .marker(marker, always: normalizer.removesExtraSpaces)
    }
    for piece in file.pieces {
      switch piece.type {
      case .control: parts.pieces.append(.init(bytes: []), isControl: true)
      case .unknown:
        parts.pieces.append(.init(bytes: Array(file.unknownSurface.utf8)), isControl: false)
      case .byte:
        let byte = ByteToken.byte(of: piece.text[...])
        parts.pieces.append(
          .init(bytes: byte.map { [$0] } ?? piece.text, isByte: byte != nil), isControl: false)
      case .normal, .userDefined, .unused:
        parts.pieces.append(
          .init(bytes: ByteText.replacing(marker, with: [0x20], in: piece.text)),
          isControl: false)
      }
    }
  }

  private func addSpecialTokens(to parts: inout TokenizerParts) {
    func id(_ number: Int) -> Int32? {
      file.pieces.indices.contains(number) ? Int32(number) : nil
    }
    parts.special.begin = id(file.beginID)
    parts.special.end = id(file.endID)
    let roles = [
      ("bos_token", id(file.beginID)), ("eos_token", id(file.endID)),
      ("unk_token", file.pieces.firstIndex { $0.type == .unknown }.map { Int32($0) }),
      ("pad_token", id(file.paddingID)),
    ]
    for case (let name, let id?) in roles {
      parts.special.variables.append((name, parts.vocabulary.text(id) ?? ""))
    }
    // The library adds none unless it is asked; models with a begin token want it.
    if let begin = parts.special.begin { parts.postProcessor.prefix = [begin] }
  }
}
