extension Tokenizer {
  /// A tokenizer from the metadata of a GGUF file.
  ///
  /// - Throws: `TokenizerError` that names the key, for a model or pre-tokeniser that is not
  ///   supported
  ///   and for arrays that contradict each other.
  public convenience init(gguf: GGUFVocabulary) throws(TokenizerError) {
    self.init(try GGUFTokenizerReader(file: gguf).read())
  }
}

/// Puts the parts of a GGUF file's tokenizer together.
struct GGUFTokenizerReader {
  let file: GGUFVocabulary

  enum TokenType {
    static let normal: Int32 = 1
    static let unknown: Int32 = 2
    static let control: Int32 = 3
    static let userDefined: Int32 = 4
    static let unused: Int32 = 5
    static let byte: Int32 = 6
  }

  /// The models, with what they add around a text where the file does not say.
  private static let models: [String: (addsBegin: Bool, addsEnd: Bool)] = [
    "gpt2": (false, false), "gemma4": (true, false), "llama": (true, false),
    "bert": (true, false), "t5": (false, true), "rwkv": (false, false), "plamo2": (false, false),
  ]

  func read() throws(TokenizerError) -> TokenizerParts {
    try check()
    guard let defaults = GGUFTokenizerReader.models[file.model] else {
      throw .unsupported(
        field: "tokenizer.ggml.model", value: file.model,
        supported: GGUFTokenizerReader.models.keys.sorted())
    }
    let vocabulary = Vocabulary(file.tokens)
    var parts: TokenizerParts
    var addsBegin = defaults.addsBegin
    switch file.model {
    case "gpt2", "gemma4":
      let name = file.model == "gemma4" ? "gemma4" : file.pre ?? "default"
      let pre = try GGUFPreTokenizer.named(name)
      addsBegin = pre.addsBegin
      parts =
        pre.isPlainText ? try plainText(vocabulary) : try byteLevel(vocabulary, pre)
    case "llama": parts = scored(vocabulary)
    case "bert": parts = wordPiece(vocabulary)
    case "t5": parts = try unigram(vocabulary)
    case "rwkv": parts = greedy(vocabulary)
    default: parts = try cheapestPath(vocabulary)
    }
    parts.added = addedTokens()
    addSpecialTokens(to: &parts, addsBegin: addsBegin, addsEnd: defaults.addsEnd)
    parts.templates = file.chatTemplates
    return parts
  }

  private func check() throws(TokenizerError) {
    let count = file.tokens.count
    let ids =
      [
        file.bosID, file.eosID, file.eotID, file.eomID, file.unknownID, file.separatorID,
        file.paddingID,
      ].compactMap { $0 } + file.fillInTheMiddleIDs
    if let id = ids.first(where: { $0 < 0 || Int($0) >= count }) {
      throw .malformed(
        field: "tokenizer.ggml special token ids", expected: "below \(count)", found: "\(id)")
    }
    let bytes = file.tokens.reduce(0) { $0 + $1.utf8.count }
    guard bytes <= TokenLimits.spellingBytes else {
      throw .malformed(
        field: "tokenizer.ggml.tokens", expected: "at most \(TokenLimits.spellingBytes) bytes",
        found: "\(bytes)")
    }
    for (name, length) in [
      ("scores", file.scores.count), ("token_type", file.tokenTypes.count),
    ] where length != 0 && length != count {
      throw .malformed(
        field: "tokenizer.ggml.\(name)", expected: "\(count) values, as there are tokens",
        found: "\(length)")
    }
  }

  func type(_ id: Int32) -> Int32 {
    file.tokenTypes.isEmpty ? TokenType.normal : file.tokenTypes[Int(id)]
  }

  func score(_ id: Int32) -> Float { file.scores.isEmpty ? 0 : file.scores[Int(id)] }

  func isControl(_ id: Int32) -> Bool {
    type(id) == TokenType.control || type(id) == TokenType.unknown
  }

  private func addedTokens() -> [AddedToken] {
    file.tokens.indices.compactMap { index in
      let id = Int32(index)
      guard isControl(id) || type(id) == TokenType.userDefined, !file.tokens[index].isEmpty else {
        return nil
      }
      return AddedToken(id: id, content: file.tokens[index], isControl: isControl(id))
    }
  }

  private func addSpecialTokens(
    to parts: inout TokenizerParts, addsBegin: Bool, addsEnd: Bool
  ) {
    parts.special.begin = file.bosID
    parts.special.end = file.eosID
    parts.special.otherEnds = [file.eotID, file.eomID].compactMap { $0 } + file.fillInTheMiddleIDs
    if file.model == "bert" {
      // Around a text stand the class token and the separator.
      if let begin = file.bosID ?? id(of: "[CLS]") { parts.postProcessor.prefix = [begin] }
      if let end = file.separatorID ?? id(of: "[SEP]") { parts.postProcessor.suffix = [end] }
    } else {
      if file.addBOS ?? addsBegin, let begin = file.bosID { parts.postProcessor.prefix = [begin] }
      if file.addEOS ?? addsEnd, let end = file.eosID { parts.postProcessor.suffix = [end] }
    }
    let roles = [
      ("bos_token", file.bosID), ("eos_token", file.eosID), ("unk_token", file.unknownID),
      ("sep_token", file.separatorID), ("pad_token", file.paddingID),
    ]
    for (name, id) in roles {
      if let id { parts.special.variables.append((name, file.tokens[Int(id)])) }
    }
  }

  func id(of token: String) -> Int32? {
    file.tokens.firstIndex { Array($0.utf8) == Array(token.utf8) }.map { Int32($0) }
  }

  func mergeTable(_ vocabulary: Vocabulary) throws(TokenizerError) -> MergeTable {
    var merges = MergeTable(capacity: file.merges.count)
    var text: [UInt8] = []
    for (rank, line) in file.merges.enumerated() {
      text.removeAll(keepingCapacity: true)
      text.append(contentsOf: line.utf8)
      let border = MergeLine.removeSpace(from: &text)
      guard merges.add(text, border: border, rank: rank, vocabulary) else {
        throw .malformed(
          field: "tokenizer.ggml.merges[\(rank)]", expected: "two tokens whose union is a token",
          found: "\"\(line.prefix(40))\"")
      }
    }
    return merges
  }

  private func byteLevel(
    _ vocabulary: Vocabulary, _ pre: GGUFPreTokenizer
  ) throws(TokenizerError) -> TokenizerParts {
    var parts = TokenizerParts(
      vocabulary: vocabulary,
      model: .bytePair(
        BytePairModel(
          symbols: .byteSymbols(vocabulary, unknown: nil), merges: try mergeTable(vocabulary),
          prefersWholeTokens: pre.prefersWholeTokens)))
    parts.preTokenizer.steps = try pre.steps()
    if file.addSpacePrefix ?? false { parts.preTokenizer.steps.insert(.prefixSpace, at: 0) }
    for id in 0..<Int32(vocabulary.count) {
      let spelling = vocabulary.bytes(id)
      let isRaw = isControl(id) || type(id) == TokenType.userDefined
      let bytes = isRaw ? nil : ByteAlphabet.bytes(of: spelling)
      parts.pieces.append(.init(bytes: bytes ?? Array(spelling)), isControl: isControl(id))
    }
    return parts
  }

  private func scored(_ vocabulary: Vocabulary) -> TokenizerParts {
    let bytes = ByteToken.ids(in: vocabulary)
    let scores =
      file.scores.isEmpty ? [Float](repeating: 0, count: vocabulary.count) : file.scores
    let merges = ScoredMerges.table(vocabulary, scores: scores) {
      !isControl($0) && type($0) != TokenType.byte
    }
    var parts = TokenizerParts(
      vocabulary: vocabulary,
      model: .bytePair(
        BytePairModel(
          symbols: .characterSymbols(vocabulary, fallback: bytes, unknown: file.unknownID),
          merges: merges)))
    let prefixes = file.addSpacePrefix ?? true
    if prefixes { parts.normalizer.steps.append(.prepend([0x20])) }
    parts.normalizer.steps.append(.replace([0x20], with: SentencePieceNormalizer.marker))
    parts.splitWhereSafe()
    addMarkedPieces(to: &parts)
    parts.pieces.leadingStrip = (0x20, prefixes ? 1 : 0)
    return parts
  }
}
