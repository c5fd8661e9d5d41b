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
  /// Some files do not mark what ends a text; llama.cpp knows it by name.
  private let namedEnds: Set<Int32>

  enum TokenType {
    static let normal: Int32 = 1
    static let unknown: Int32 = 2
    static let control: Int32 = 3
    static let userDefined: Int32 = 4
    static let unused: Int32 = 5
    static let byte: Int32 = 6
  }

  init(file: GGUFVocabulary) {
    var file = file
    file.setDefaultIDs()
    self.file = file
    namedEnds = Set(
      file.tokens.indices.filter { index in
        let token = file.tokens[index]
        return token.utf8.starts(with: "<|".utf8) && EndOfGeneration.names.contains(token)
      }.map(Int32.init))
  }

  func read() throws(TokenizerError) -> TokenizerParts {
    try check()
    let vocabulary = Vocabulary(file.tokens)
    var parts: TokenizerParts
    var (addsBegin, addsEnd) = (false, false)
    switch file.model {
    case "gpt2", "gemma4", "whitespace":
      let name = file.model == "gpt2" ? file.pre ?? "default" : file.model
      let pre = try GGUFPreTokenizer.named(name)
      addsBegin = pre.addsBegin
      switch pre.text {
      case .bytes: parts = try byteLevel(vocabulary, pre)
      case .marked: parts = try plainText(vocabulary)
      case .words: parts = try spaced(vocabulary)
      }
    case "llama":
      addsBegin = true
      parts = scored(vocabulary)
    case "bert": parts = wordPiece(vocabulary)
    case "t5":
      addsEnd = true
      parts = try unigram(vocabulary)
    case "rwkv": parts = greedy(vocabulary)
    case "plamo2": parts = try cheapestPath(vocabulary)
    case "no_vocab", "none":
      throw .malformed(
        field: "tokenizer.ggml.model", expected: "a tokenizer", found: "\"\(file.model)\"")
    default:
      throw .unsupported(
        field: "tokenizer.ggml.model", value: file.model,
        supported: [
          "gpt2", "gemma4", "llama", "bert", "t5", "rwkv", "plamo2", "whitespace",
        ])
    }
    parts.added = addedTokens()
    addSpecialTokens(to: &parts, addsBegin: addsBegin, addsEnd: addsEnd)
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
    type(id) == TokenType.control || type(id) == TokenType.unknown || namedEnds.contains(id)
  }

  private func addedTokens() -> [AddedToken] {
    let spaces = GGUFTokenSpaces(file)
    return file.tokens.indices.compactMap { index in
      let id = Int32(index)
      let content = file.tokens[index]
      guard isControl(id) || type(id) == TokenType.userDefined, !content.isEmpty else {
        return nil
      }
      var token = AddedToken(id: id, content: content, isControl: isControl(id))
      spaces.apply(to: &token)
      return token
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

/// Which tokens take the white space beside them: the format has no key for it, and llama.cpp goes
/// by the model's name.
private struct GGUFTokenSpaces {
  private let isPhi3: Bool
  /// The mask token, of models whose tokenizer has it so.
  private let mask: String?

  init(_ file: GGUFVocabulary) {
    let name = file.modelName?.lowercased() ?? ""
    isPhi3 = name.contains("phi-3") || name.contains("phi3")
    let pre = file.pre ?? ""
    if ["jina-v2-de", "jina-v2-es", "jina-v2-code"].contains(where: pre.contains)
      || ["nomic-bert-moe", "jina-bert-v3"].contains(where: (file.architecture ?? "").contains)
    {
      mask = "<mask>"
    } else {
      mask = name.contains("modern-bert") ? "[MASK]" : nil
    }
  }

  func apply(to token: inout AddedToken) {
    if token.content == mask { token.stripsLeft = true }
    if isPhi3 { token.stripsRight = !["<unk>", "<s>", "<|endoftext|>"].contains(token.content) }
  }
}

extension GGUFVocabulary {
  /// The ids that llama.cpp takes where a file has no keys for them.
  fileprivate mutating func setDefaultIDs() {
    func known(_ id: Int32) -> Int32? { Int(id) < tokens.count ? id : nil }
    switch model {
    case "llama", "plamo2":
      bosID = bosID ?? known(1)
      eosID = eosID ?? known(2)
      unknownID = unknownID ?? known(0)
    case "t5":
      eosID = eosID ?? known(1)
      unknownID = unknownID ?? known(2)
    default: break
    }
  }
}
