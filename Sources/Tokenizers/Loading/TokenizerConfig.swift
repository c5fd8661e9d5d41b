import ApusJSON

/// What `tokenizer_config.json` and `special_tokens_map.json` say about a tokenizer.
struct TokenizerConfig {
  static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// The special tokens in the order of `roles`.
  private(set) var variables: [(name: String, text: String)] = []
  let addsBegin: Bool?
  let addsEnd: Bool?
  /// The flags decide and not the post-processor, because the class makes its own.
  let ownsPostProcessor: Bool
  private let addedTokens: JSONObject

  init(_ config: JSONValue?, specialTokensMap: JSONValue? = nil) {
    addsBegin = config?["add_bos_token"]?.boolValue
    addsEnd = config?["add_eos_token"]?.boolValue
    addedTokens = config?["added_tokens_decoder"]?.objectValue ?? [:]
    let name = config?["tokenizer_class"]?.stringValue ?? ""
    ownsPostProcessor = ["Llama", "CodeLlama", "Gemma", "Cohere"].contains { prefix in
      name == prefix + "Tokenizer" || name == prefix + "TokenizerFast"
    }
    for role in TokenizerConfig.roles {
      let field = config?[role] ?? specialTokensMap?[role]
      if let text = field?.stringValue ?? field?["content"]?.stringValue {
        variables.append((role, text))
      }
    }
  }

  func variable(_ name: String) -> String? { variables.first { $0.name == name }?.text }

  /// `tokenizer_config.json` has the last word on how an added token is searched for.
  func adjust(_ token: inout AddedToken) {
    guard let entry = addedTokens[String(token.id)], entry["content"]?.stringValue == token.content
    else { return }
    token.isControl = entry["special"]?.boolValue ?? token.isControl
    token.stripsLeft = entry["lstrip"]?.boolValue ?? token.stripsLeft
    token.stripsRight = entry["rstrip"]?.boolValue ?? token.stripsRight
    token.isSingleWord = entry["single_word"]?.boolValue ?? token.isSingleWord
    token.isNormalized = entry["normalized"]?.boolValue ?? token.isNormalized
  }

  /// The tokens of `added_tokens_decoder`, by ascending id.
  static func addedTokens(_ config: JSONValue?) -> [(content: String, id: Int32)] {
    var tokens: [(content: String, id: Int32)] = []
    for (key, entry) in config?["added_tokens_decoder"]?.objectValue ?? [:] {
      guard let id = Int32(key), id >= 0, id < 1 << 24,
        let content = entry["content"]?.stringValue, !content.isEmpty
      else { continue }
      tokens.append((content, id))
    }
    return tokens.sorted { $0.id < $1.id }
  }

  /// The templates of a `chat_template` member: one text, or a list of named ones.
  static func templates(_ field: JSONValue?) -> [String: String] {
    if let text = field?.stringValue { return ["default": text] }
    var templates: [String: String] = [:]
    for entry in field?.arrayValue ?? [] {
      if let name = entry["name"]?.stringValue, let text = entry["template"]?.stringValue {
        templates[name] = text
      }
    }
    return templates
  }
}
