/// Everything that a tokenizer is made of, as a loader gives it.
struct TokenizerParts: Sendable {
  var vocabulary: Vocabulary
  var model: TokenModel
  var normalizer = Normalizer()
  var preTokenizer = PreTokenizer()
  var added: [AddedToken] = []
  /// Whether added tokens are looked for in plain text, and not in templates' text only.
  var readsAddedTokens = true
  var postProcessor = PostProcessor()
  var pieces = TokenBytes()
  var decoder: DecoderChain?
  var truncation: TokenTruncation?
  var padding: TokenPadding?
  var special = SpecialTokens()
  var templates: [String: String] = [:]
}

/// The tokens with a role.
struct SpecialTokens: Sendable {
  var begin: Int32?
  var end: Int32?
  /// More that end a generation, because the file says so.
  var otherEnds: [Int32] = []
  var addsBegin = false
  var addsEnd = false
  /// `bos_token`, `eos_token` and the like, as templates see them.
  var variables: [(name: String, text: String)] = []
}
