public import ApusJSON

extension Tokenizer {
  /// A tokenizer from the document of a `tokenizer.json`.
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
    try self.init(
      tokenizerJSON: tokenizerJSON, lists: nil, config: config,
      specialTokensMap: specialTokensMap, templates: templates)
  }

  /// - Parameter lists: what was taken out of the document.
  convenience init(
    tokenizerJSON: JSONValue, lists: TokenLists?, config: JSONValue?,
    specialTokensMap: JSONValue?, templates: [String: String]
  ) throws(TokenizerError) {
    let reader = TokenizerJSONReader(
      root: JSONField(value: tokenizerJSON, path: "tokenizer.json"), lists: lists,
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
  /// What was taken out of the model.
  let lists: TokenLists?
  let config: TokenizerConfig

  func read() throws(TokenizerError) -> TokenizerParts {
    var preTokenizer = try PreTokenizerReader.read(root["pre_tokenizer"])
    let model = try ModelReader(try root.required("model"))
    let (vocabulary, count) = try vocabulary(model)
    var parts = TokenizerParts(
      vocabulary: vocabulary, model: try model.read(vocabulary, &preTokenizer, lists))
    parts.added = try addedTokens(vocabulary, modelCount: count)
    parts.normalizer = try NormalizerReader.read(root["normalizer"])
    parts.preTokenizer = preTokenizer
    for i in parts.added.indices where parts.added[i].isNormalized {
      parts.added[i].decoded = parts.normalizer.apply(to: Array(parts.added[i].content.utf8))
    }
    let control = controlIDs(parts, hasTwins: model.kind == .unigram)
    var steps: [DecodeStep]?
    if let decoder = root["decoder"] { steps = try DecoderReader.steps(decoder) }
    try parts.decode(by: steps, isControl: control.contains)
    parts.splitWhereSafe()
    parts.postProcessor = try PostProcessorReader.read(root["post_processor"])
    try check(parts)
    parts.truncation = try truncation()
    parts.padding = try padding()
    addSpecialTokens(to: &parts)
    return parts
  }

  /// The tokens, and how many the model itself has.
  private func vocabulary(
    _ model: ModelReader
  ) throws(TokenizerError) -> (Vocabulary, count: Int) {
    if let lists { return (Vocabulary(lists), lists.tokenCount) }
    let spellings = try model.spellings()
    return (Vocabulary(spellings), model.count(spellings))
  }

  /// The added tokens with their ids: those of the model where it knows them, otherwise counted on
  /// from the model's, as the reference does whatever the file says.
  private func addedTokens(
    _ vocabulary: Vocabulary, modelCount: Int
  ) throws(TokenizerError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    var known: [[UInt8]: Int] = [:]
    var next = Int32(modelCount)
    let entries = root["added_tokens"]?.elements ?? []
    let limit = TokenLimits.ids(tokens: modelCount + entries.count)
    for entry in entries {
      let listed = try entry.required("id").int32()
      var token = AddedToken(
        id: listed, content: try entry.required("content").string(),
        isControl: entry.bool("special", default: false))
      guard (0..<limit).contains(Int(listed)) else {
        throw .malformed(
          field: "\(entry.path).id", expected: "an id below \(limit)", found: "\(listed)")
      }
      guard !token.content.isEmpty else { continue }
      token.stripsLeft = entry.bool("lstrip", default: false)
      token.stripsRight = entry.bool("rstrip", default: false)
      token.isSingleWord = entry.bool("single_word", default: false)
      token.isNormalized = entry.bool("normalized", default: !token.isControl)
      config.adjust(&token)
      let content = Array(token.content.utf8)
      if let index = known[content] {
        token.id = tokens[index].id
        tokens[index] = token
        continue
      }
      if let id = vocabulary.id(of: content, 0, content.count) {
        token.id = id
      } else {
        token.id = next
        next += 1
      }
      known[content] = tokens.count
      tokens.append(token)
    }
    return tokens
  }

  /// - Throws: where an id that is put around texts is no token.
  private func check(_ parts: TokenizerParts) throws(TokenizerError) {
    let added = AddedTokenTable(parts.added)
    for element in parts.postProcessor.single + parts.postProcessor.pair {
      guard case .tokens(let ids, _) = element else { continue }
      for id in ids where added.text(id) == nil && !parts.vocabulary.contains(id) {
        throw .malformed(
          field: "\(root.path).post_processor", expected: "ids of the vocabulary", found: "\(id)")
      }
    }
  }

  /// - Parameter hasTwins: whether the vocabulary may have several tokens of one spelling; all of
  ///   those that are spelled as a control token are control tokens.
  private func controlIDs(_ parts: TokenizerParts, hasTwins: Bool) -> TokenSet {
    let control = parts.added.filter(\.isControl)
    var ids = TokenSet(control.map(\.id))
    guard hasTwins else { return ids }
    let spellings = Set(control.map { Array($0.content.utf8) })
    for id in 0..<Int32(parts.vocabulary.count)
    where spellings.contains(Array(parts.vocabulary.bytes(id))) {
      ids.insert(id)
    }
    return ids
  }

  private func truncation() throws(TokenizerError) -> TokenTruncation? {
    guard let field = root["truncation"] else { return nil }
    var result = TokenTruncation(length: max(0, field.int("max_length", default: 512)))
    result.stride = max(0, field.int("stride", default: 0))
    result.side = try field.choice("direction", default: .right)
    result.strategy = try field.choice("strategy", default: .longestFirst)
    return result
  }

  private func padding() throws(TokenizerError) -> TokenPadding? {
    guard let field = root["padding"] else { return nil }
    var result = TokenPadding(id: try field.required("pad_id").int32())
    result.length = try field["strategy"]?.paddedLength("Fixed")
    result.multiple = try field.paddedLength("pad_to_multiple_of")
    result.typeID = Int32(clamping: field.int("pad_type_id", default: 0))
    result.side = try field.choice("direction", default: .right)
    return result
  }

  private func addSpecialTokens(to parts: inout TokenizerParts) {
    let added = AddedTokenTable(parts.added)
    func id(_ role: String) -> Int32? {
      config.variable(role).flatMap { added.id(of: $0) ?? parts.vocabulary.id(of: $0) }
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

extension JSONField {
  /// One of a few names.
  fileprivate func choice<Choice: RawRepresentable<String>>(
    _ name: String, default fallback: Choice
  ) throws(TokenizerError) -> Choice {
    guard let field = self[name] else { return fallback }
    guard let choice = Choice(rawValue: try field.string()) else {
      throw field.unsupported(try field.string(), [fallback.rawValue])
    }
    return choice
  }
}

/// A set of ids that is asked about every token.
struct TokenSet: Sendable {
  private var members: [Bool] = []

  init(_ ids: some Sequence<Int32>) { for id in ids { insert(id) } }

  mutating func insert(_ id: Int32) {
    let index = Int(id)
    if index >= members.count {
      members.append(contentsOf: repeatElement(false, count: index + 1 - members.count))
    }
    members[index] = true
  }

  func contains(_ id: Int32) -> Bool { Int(id) < members.count && members[Int(id)] }

  /// The runs of ids below a limit that are no members.
  func gaps(below limit: Int32) -> [Range<Int32>] {
    var gaps: [Range<Int32>] = []
    var start: Int32 = 0
    for id in 0..<min(Int32(members.count), limit) where members[Int(id)] {
      if id > start { gaps.append(start..<id) }
      start = id + 1
    }
    if start < limit { gaps.append(start..<limit) }
    return gaps
  }
}

extension TokenizerParts {
  /// Text that nothing cuts is cut before its space markers where no token goes across such a
  /// place: the tokens are the same, and words can be looked up instead of merging megabytes as
  /// one.
  mutating func splitWhereSafe() {
    guard preTokenizer.steps.isEmpty, let model = model.bytePair, !model.prefersWholeTokens,
      case .characters(_, let fallback, let unknown, _) = model.symbols,
      // Where characters are left out, what was apart comes together.
      unknown != nil || fallback?.contains(-1) == false
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
