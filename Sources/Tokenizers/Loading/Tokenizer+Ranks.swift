public import ApusJSON

extension Tokenizer {
  /// A tokenizer from a file of ranks, as tiktoken has it.
  ///
  /// Control tokens are not read from text, as in the library.
  ///
  /// - Parameters:
  ///   - pattern: the regular expression that cuts text; nil takes that of the well-known files,
  ///     which are told by their number of tokens.
  ///   - config: the document of `tokenizer_config.json`, for the control tokens.
  ///   - name: names the file in errors.
  /// - Throws: `TokenizerError`.
  public convenience init(
    ranks bytes: [UInt8], pattern: String? = nil, config: JSONValue? = nil,
    templates: [String: String] = [:], name: String = "tokenizer.tiktoken"
  ) throws(TokenizerError) {
    let table = try RankTable(lines: bytes, name: name)
    let known = KnownRanks.of(count: table.count)
    guard let pattern = pattern ?? known?.pattern else {
      throw .malformed(
        field: name,
        expected: "a pattern given beside it, or one of "
          + KnownRanks.counts.map(String.init).joined(separator: ", ") + " tokens",
        found: "\(table.count) tokens and no pattern")
    }
    var parts = try table.parts(name: name)
    parts.preTokenizer.steps = [try .pattern(pattern, field: "pattern")]
    let listed = TokenizerConfig.addedTokens(config)
    parts.finishRanks(control: listed.isEmpty ? known?.control ?? [] : listed)
    let ids = AddedTokenTable(parts.added)
    let settings = TokenizerConfig(config)
    parts.special.variables = settings.variables
    let begin = settings.variable("bos_token") ?? known?.begin
    let end = settings.variable("eos_token") ?? known?.end
    parts.special.begin = begin.flatMap { ids.id(of: $0) }
    parts.special.end = end.flatMap { ids.id(of: $0) }
    if settings.addsBegin ?? (known?.begin != nil && config == nil),
      let begin = parts.special.begin
    {
      parts.postProcessor.prefix = [begin]
    }
    parts.templates = TokenizerConfig.templates(config?["chat_template"])
    parts.templates.merge(templates) { _, new in new }
    self.init(parts)
  }

  /// A tokenizer from the document of Mistral's `tekken.json`.
  ///
  /// Control tokens are not read from text, as in the library; they come first, and ranks behind
  /// them.
  ///
  /// - Throws: `TokenizerError` that names the field.
  public convenience init(
    tekken: JSONValue, templates: [String: String] = [:], name: String = "tekken.json"
  ) throws(TokenizerError) {
    var parts = try TekkenReader(root: JSONField(value: tekken, path: name)).read()
    parts.templates = templates
    self.init(parts)
  }
}

extension PreTokenizer.Step {
  /// Cuts by a pattern in Rust's syntax, every match and everything between a piece.
  static func pattern(_ text: String, field: String) throws(TokenizerError) -> Self {
    if let known = SplitPattern(text: text, dialect: .rust) { return .pattern(known) }
    do {
      let pattern = try RegexPattern(text, dialect: .rust)
      return .cut(TextCut(kind: .pattern(pattern)), .isolated)
    } catch {
      throw .unsupported(field: field, value: "\(text) (\(error))", supported: [])
    }
  }
}

/// Reads Mistral's `tekken.json`.
///
/// - Source: mistral-common, `tekken.py`.
struct TekkenReader {
  let root: JSONField

  func read() throws(TokenizerError) -> TokenizerParts {
    let config = try root.required("config")
    let controlCount = try config.count("default_num_special_tokens", default: 1000)
    let size = try config.count("default_vocab_size", default: 131_072)
    // Each becomes a token, with or without a name in the file; Mistral's have a thousand.
    guard controlCount <= 1 << 14, size > controlCount else {
      throw .malformed(
        field: config.path,
        expected: "at most \(1 << 14) control tokens, and more tokens than those",
        found: "\(controlCount) of \(size)")
    }
    let table = try ranks(limit: size - controlCount)
    var parts = try table.parts(shift: controlCount, name: root.path)
    parts.preTokenizer.steps = [
      try .pattern(try config.required("pattern").string(), field: config.path + ".pattern")
    ]
    let control = try controlTokens(controlCount)
    parts.finishRanks(control: control, shift: controlCount)
    let ids = AddedTokenTable(parts.added)
    parts.special.begin = ids.id(of: "<s>")
    parts.special.end = ids.id(of: "</s>")
    parts.special.variables = [("bos_token", "<s>"), ("eos_token", "</s>")]
    if let begin = parts.special.begin { parts.postProcessor.prefix = [begin] }
    return parts
  }

  private func ranks(limit: Int) throws(TokenizerError) -> RankTable {
    var table = RankTable()
    if let vocab = root["vocab"] {
      for entry in vocab.elements {
        let rank = Int(try entry.required("rank").int32())
        guard rank < limit else { continue }
        let text = Array(try entry.required("token_bytes").string().utf8)
        guard let token = Base64.decode(text[...]) else {
          throw .malformed(
            field: entry.path + ".token_bytes", expected: "base 64",
            found: String(decoding: text.prefix(40), as: UTF8.self))
        }
        try table.add(token, rank: rank, name: entry.path, limit: limit)
      }
      return table
    }
    // The short form: lines of "!", the rank of the first, and tokens one after the other.
    for line in try root.required("bpe_ranks").string().utf8.split(separator: 0x0A) {
      let words = Array(line).split(separator: 0x20)
      guard words.count > 1, var rank = Int(String(decoding: words[1], as: UTF8.self)) else {
        throw try root.required("bpe_ranks").mismatch("lines of a first rank and tokens")
      }
      for word in words.dropFirst(2) {
        guard let token = Base64.decode(word) else {
          throw .malformed(
            field: root.path + ".bpe_ranks", expected: "base 64",
            found: String(decoding: word.prefix(40), as: UTF8.self))
        }
        if rank < limit { try table.add(token, rank: rank, name: root.path, limit: limit) }
        rank += 1
      }
    }
    return table
  }

  private func controlTokens(_ count: Int) throws(TokenizerError) -> [(String, Int32)] {
    var names: [Int: String] = [:]
    if let listed = root["special_tokens"] {
      for entry in listed.elements {
        names[Int(try entry.required("rank").int32())] =
          try entry.required("token_str").string()
      }
    } else {
      for (id, name) in TekkenReader.oldNames.enumerated() { names[id] = name }
    }
    return (0..<count).map { (names[$0] ?? "<SPECIAL_\($0)>", Int32($0)) }
  }

  /// What files that list no control tokens mean.
  private static let oldNames = [
    "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]",
    "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
  ]
}
