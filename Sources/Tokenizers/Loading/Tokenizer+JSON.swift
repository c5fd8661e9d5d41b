public import ApusJSON

extension Tokenizer {
  /// A tokenizer from the document of a `tokenizer.json`.
  ///
  /// Byte-pair models are supported, byte-level and SentencePiece-style.
  ///
  /// - Parameters:
  ///   - config: the document of `tokenizer_config.json`.
  ///   - specialTokensMap: the document of `special_tokens_map.json`.
  ///   - templates: chat templates by name, besides those of the config.
  /// - Throws: `TokenizerError` that names the field, for anything that is missing or not
  ///   supported.
  public convenience init(
    tokenizerJSON: JSONValue, config: JSONValue?, specialTokensMap: JSONValue? = nil,
    templates: [String: String] = [:]
  ) throws(TokenizerError) {
    let reader = TokenizerJSONReader(
      root: JSONField(value: tokenizerJSON, path: "tokenizer.json"),
      config: TokenizerConfig(config, specialTokensMap: specialTokensMap))
    var parts = try reader.read()
    parts.templates = TokenizerConfig.templates(config?["chat_template"])
    parts.templates.merge(templates) { _, new in new }
    self.init(parts)
  }
}

/// Puts the parts of a `tokenizer.json` together.
struct TokenizerJSONReader {
  let root: JSONField
  let config: TokenizerConfig

  func read() throws(TokenizerError) -> TokenizerParts {
    let (preTokenizer, isByteLevel) = try PipelineReader.preTokenizer(root["pre_tokenizer"])
    let model = BytePairReader(model: try root.required("model"), isByteLevel: isByteLevel)
    var spellings = try model.spellings()
    let added = try addedTokens(beside: spellings.count)
    for token in added {
      let id = Int(token.id)
      if id >= spellings.count {
        spellings.append(contentsOf: repeatElement("", count: id + 1 - spellings.count))
      }
      spellings[id] = token.content
    }
    let vocabulary = Vocabulary(spellings)
    var parts = TokenizerParts(vocabulary: vocabulary, model: .bytePair(try model.read(vocabulary)))
    parts.normalizer = try PipelineReader.normalizer(root["normalizer"])
    parts.preTokenizer = preTokenizer
    parts.added = added
    let control = Set(added.filter(\.isControl).map(\.id))
    parts.pieces = try DecoderReader(root["decoder"])
      .pieces(vocabulary) { control.contains($0) }
    parts.splitWhereSafe()
    parts.postProcessor = try PipelineReader.postProcessor(root["post_processor"])
    try check(parts.postProcessor, vocabulary)
    addSpecialTokens(to: &parts)
    return parts
  }

  /// - Throws: where an id that is put around texts is no token.
  private func check(
    _ around: PostProcessor, _ vocabulary: Vocabulary
  ) throws(TokenizerError) {
    for id in around.prefix + around.suffix where vocabulary.bytes(id).isEmpty {
      throw .malformed(
        field: "\(root.path).post_processor", expected: "ids of the vocabulary", found: "\(id)")
    }
  }

  private func addedTokens(beside count: Int) throws(TokenizerError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    let entries = root["added_tokens"]?.elements ?? []
    let limit = TokenLimits.ids(tokens: count + entries.count)
    for entry in entries {
      var token = AddedToken(
        id: try entry.required("id").int32(), content: try entry.required("content").string(),
        isControl: entry.bool("special", default: false))
      guard (0..<limit).contains(Int(token.id)) else {
        throw .malformed(
          field: "\(entry.path).id", expected: "an id below \(limit)", found: "\(token.id)")
      }
      token.stripsLeft = entry.bool("lstrip", default: false)
      token.stripsRight = entry.bool("rstrip", default: false)
      token.isSingleWord = entry.bool("single_word", default: false)
      token.isNormalized = entry.bool("normalized", default: !token.isControl)
      config.adjust(&token)
      if !token.content.isEmpty { tokens.append(token) }
    }
    return tokens
  }

  private func addSpecialTokens(to parts: inout TokenizerParts) {
    func id(_ role: String) -> Int32? {
      config.variable(role).flatMap { parts.vocabulary.id(of: $0) }
    }
    parts.special.variables = config.variables
    parts.special.begin = id("bos_token") ?? parts.postProcessor.prefix.first
    parts.special.end = id("eos_token")
    var around = parts.postProcessor
    if let begin = parts.special.begin, let adds = config.addsBegin {
      let has = around.prefix.first == begin
      if adds, !has { around.prefix.insert(begin, at: 0) }
      if !adds, has, config.ownsPostProcessor { around.prefix.removeFirst() }
    }
    if let end = parts.special.end, let adds = config.addsEnd {
      let has = around.suffix.last == end
      if adds, !has { around.suffix.append(end) }
      if !adds, has, config.ownsPostProcessor { around.suffix.removeLast() }
    }
    parts.postProcessor = around
  }
}

extension TokenizerParts {
  /// Text that nothing cuts is cut before its space markers where no token goes across such a
  /// place: the tokens are the same, and words can be looked up instead of merging megabytes as
  /// one.
  mutating func splitWhereSafe() {
    guard preTokenizer.steps.isEmpty, let model = model.bytePair, !model.prefersWholeTokens,
      case .characters = model.symbols
    else { return }
    let marker = Array("▁".utf8)
    guard vocabulary.id(of: marker, 0, marker.count) != nil else { return }
    for id in 0..<Int32(vocabulary.count) {
      var spelling = vocabulary.bytes(id)
      while spelling.starts(with: marker) { spelling = spelling.dropFirst(marker.count) }
      guard !ByteText.contains(marker, in: spelling) else { return }
    }
    preTokenizer.steps = [.beforeRuns(marker: marker)]
  }
}
