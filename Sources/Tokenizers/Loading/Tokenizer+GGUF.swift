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

  private enum TokenType {
    static let unknown: Int32 = 2
    static let control: Int32 = 3
    static let userDefined: Int32 = 4
    static let byte: Int32 = 6
  }

  /// The pre-tokenisers by name. Names are llama.cpp's, which often has several for one pattern.
  private static let preTokenizers: [(names: [String], steps: [PreTokenizer.Step])] = [
    (
      [
        "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "mpt", "olmo", "jais",
        "gigachat", "a.x-4.0", "mellum", "modern-bert", "roberta-bpe",
      ], [.pattern(.gpt2)]
    ),
    (
      [
        "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
        "jina-v2-code",
      ], [.cut(TextCut(kind: .scalar(.number)), .isolated), .pattern(.gpt2)]
    ),
    (
      ["qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "hunyuan", "kormo"],
      [.pattern(.cl100k(digits: 1))]
    ),
    (
      [
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
        "dbrx", "smaug-bpe",
      ], [.pattern(.cl100k(digits: 3))]
    ),
  ]

  /// With these, a piece that is a token is that token, and texts begin with the begin token.
  private static let llama3Names: Set<String> = [
    "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
  ]

  func read() throws(TokenizerError) -> TokenizerParts {
    try check()
    let vocabulary = Vocabulary(file.tokens)
    var parts: TokenizerParts
    switch file.model {
    case "gpt2": parts = try byteLevel(vocabulary)
    case "llama": parts = scored(vocabulary)
    default:
      throw .unsupported(
        field: "tokenizer.ggml.model", value: file.model, supported: ["gpt2", "llama"])
    }
    parts.added = addedTokens()
    addSpecialTokens(to: &parts)
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

  private func type(_ id: Int32) -> Int32 {
    file.tokenTypes.isEmpty ? 1 : file.tokenTypes[Int(id)]
  }

  private func isControl(_ id: Int32) -> Bool {
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

  private func addSpecialTokens(to parts: inout TokenizerParts) {
    parts.special.begin = file.bosID
    parts.special.end = file.eosID
    parts.special.otherEnds = [file.eotID, file.eomID].compactMap { $0 } + file.fillInTheMiddleIDs
    let byDefault =
      file.model == "llama" || GGUFTokenizerReader.llama3Names.contains(file.pre ?? "")
    if file.addBOS ?? byDefault, let begin = file.bosID { parts.postProcessor.prefix = [begin] }
    if file.addEOS ?? false, let end = file.eosID { parts.postProcessor.suffix = [end] }
    let roles = [
      ("bos_token", file.bosID), ("eos_token", file.eosID), ("unk_token", file.unknownID),
      ("sep_token", file.separatorID), ("pad_token", file.paddingID),
    ]
    for (name, id) in roles {
      if let id { parts.special.variables.append((name, file.tokens[Int(id)])) }
    }
  }

  private func byteLevel(_ vocabulary: Vocabulary) throws(TokenizerError) -> TokenizerParts {
    let pre = file.pre ?? "default"
    guard
      let steps = GGUFTokenizerReader.preTokenizers.first(where: { $0.names.contains(pre) })?.steps
    else {
      throw .unsupported(
        field: "tokenizer.ggml.pre", value: pre,
        supported: GGUFTokenizerReader.preTokenizers.flatMap(\.names))
    }
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
    var parts = TokenizerParts(
      vocabulary: vocabulary,
      model: .bytePair(
        BytePairModel(
          symbols: .byteSymbols(vocabulary, unknown: nil), merges: merges,
          prefersWholeTokens: GGUFTokenizerReader.llama3Names.contains(pre))))
    parts.preTokenizer.steps = steps
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
    let marker = Array("▁".utf8)
    var parts = TokenizerParts(
      vocabulary: vocabulary,
      model: .bytePair(
        BytePairModel(
          symbols: .characterSymbols(
            vocabulary, fallback: ByteToken.ids(in: vocabulary), unknown: file.unknownID),
          merges: scoredMerges(vocabulary))))
    let prefixes = file.addSpacePrefix ?? true
    if prefixes { parts.normalizer.steps.append(.prepend([0x20])) }
    parts.normalizer.steps.append(.replace([0x20], with: marker))
    parts.splitWhereSafe()
    for id in 0..<Int32(vocabulary.count) {
      parts.pieces.append(scoredPiece(id, vocabulary, marker), isControl: isControl(id))
    }
    parts.pieces.leadingStrip = (0x20, prefixes ? 1 : 0)
    return parts
  }

  private func scoredPiece(
    _ id: Int32, _ vocabulary: Vocabulary, _ marker: [UInt8]
  ) -> TokenBytes.Piece {
    let spelling = vocabulary.bytes(id)
    switch type(id) {
    case TokenType.byte:
      if let byte = ByteToken.byte(of: spelling) {
        return .init(bytes: [byte], isByte: true)
      }
      return .init(bytes: Array(spelling))
    case TokenType.unknown, TokenType.control, TokenType.userDefined:
      return .init(bytes: Array(spelling))
    default:
      return .init(bytes: ByteText.replacing(marker, with: [0x20], in: Array(spelling)))
    }
  }

  /// SentencePiece merges any two neighbours whose union is a token, the highest score first. All
  /// such pairs are found by cutting every token in two; equal scores share a rank, so that the
  /// leftmost wins.
  private func scoredMerges(_ vocabulary: Vocabulary) -> MergeTable {
    struct Merge {
      var left: Int32
      var right: Int32
      var id: Int32
    }
    var found: [Merge] = []
    for id in 0..<Int32(vocabulary.count) where isMergeable(id) {
      let spelling = Array(vocabulary.bytes(id))
      var border = 0
      while border < spelling.count {
        border += UTF8Text.length(lead: spelling[border])
        guard border < spelling.count, let left = vocabulary.id(of: spelling, 0, border),
          let right = vocabulary.id(of: spelling, border, spelling.count), isMergeable(left),
          isMergeable(right)
        else { continue }
        found.append(Merge(left: left, right: right, id: id))
      }
    }
    let scores = file.scores.isEmpty ? [Float](repeating: 0, count: vocabulary.count) : file.scores
    found.sort { scores[Int($0.id)] > scores[Int($1.id)] }
    var table = MergeTable(capacity: found.count)
    var rank: Int32 = -1
    var last: Float?
    for merge in found {
      let score = scores[Int(merge.id)]
      if score != last { rank += 1 }
      last = score
      table.add(merge.left, merge.right, rank: rank, id: merge.id)
    }
    return table
  }

  private func isMergeable(_ id: Int32) -> Bool { !isControl(id) && type(id) != TokenType.byte }
}
