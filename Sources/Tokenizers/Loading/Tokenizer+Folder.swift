import ApusJSON
import Foundation

extension Tokenizer {
  /// The tokenizer of a model folder.
  ///
  /// Reads the first of `tokenizer.json`, `tekken.json`, a SentencePiece model, a file of ranks,
  /// `vocab.json` with `merges.txt` and `vocab.txt` that is there; besides it, where they are
  /// there, `tokenizer_config.json`, `special_tokens_map.json`, `chat_template.jinja`,
  /// `chat_template.json` and the named templates in `additional_chat_templates`.
  ///
  /// - Parameter folder: the folder, or the path of a tokenizer's file in one.
  /// - Throws: `TokenizerError`.
  public static func load(folder: String) throws(TokenizerError) -> Tokenizer {
    var isFolder = ObjCBool(false)
    let exists = FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder)
    if exists, !isFolder.boolValue { return try load(file: folder) }
    let files = TokenizerFolder(URL(fileURLWithPath: folder))
    guard let name = files.tokenizerName else {
      throw .unreadable(
        path: files.path(TokenizerFolder.names[0]),
        reason: "no such file; it holds the vocabulary")
    }
    return try files.tokenizer(name, pattern: nil)
  }

  /// A tokenizer from one file, whose kind is told by its content, and what lies beside it.
  ///
  /// - Parameter pattern: the regular expression that cuts text, for a file of ranks.
  /// - Throws: `TokenizerError`.
  public static func load(
    file: String, pattern: String? = nil
  ) throws(TokenizerError) -> Tokenizer {
    let url = URL(fileURLWithPath: file)
    let files = TokenizerFolder(url.deletingLastPathComponent())
    return try files.tokenizer(url.lastPathComponent, pattern: pattern)
  }
}

/// The files beside a tokenizer.
private struct TokenizerFolder {
  static let names = [
    "tokenizer.json", "tekken.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
    "tiktoken.model", "vocab.json", "vocab.txt",
  ]

  let folder: URL

  init(_ folder: URL) { self.folder = folder }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: path(name))
  }

  var tokenizerName: String? {
    if let name = TokenizerFolder.names.first(where: exists) { return name }
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return all.sorted().first { $0.hasSuffix(".tiktoken") }
  }

  /// The bytes of a file; nil where it does not exist.
  private func bytes(_ name: String) throws(TokenizerError) -> [UInt8]? {
    guard exists(name) else { return nil }
    do {
      return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    } catch {
      throw .unreadable(path: path(name), reason: error.localizedDescription)
    }
  }

  private func json(_ bytes: [UInt8], _ name: String) throws(TokenizerError) -> JSONValue {
    do {
      return try JSONValue(parsing: bytes)
    } catch {
      throw .unreadable(path: path(name), reason: "\(error)")
    }
  }

  private func json(_ name: String) throws(TokenizerError) -> JSONValue? {
    guard let bytes = try bytes(name) else { return nil }
    return try json(bytes, name)
  }

  private func templates() throws(TokenizerError) -> [String: String] {
    var templates = TokenizerConfig.templates(try json("chat_template.json")?["chat_template"])
    if let bytes = try bytes("chat_template.jinja") {
      templates["default"] = String(decoding: bytes, as: UTF8.self)
    }
    let more = "additional_chat_templates"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path(more))) ?? []
    for name in names.sorted() where name.hasSuffix(".jinja") {
      guard let bytes = try bytes("\(more)/\(name)") else { continue }
      templates[String(name.dropLast(6))] = String(decoding: bytes, as: UTF8.self)
    }
    return templates
  }

  func tokenizer(_ name: String, pattern: String?) throws(TokenizerError) -> Tokenizer {
    guard let content = try bytes(name) else {
      throw .unreadable(path: path(name), reason: "no such file; it holds the vocabulary")
    }
    let config = try json("tokenizer_config.json")
    let templates = try templates()
    let first = content.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
    if first == UInt8(ascii: "{") {
      let root = try json(content, name)
      if root["model"] == nil, root["bpe_ranks"] != nil || root["vocab"]?.arrayValue != nil {
        return try Tokenizer(tekken: root, templates: templates, name: path(name))
      }
      var document = root
      if root["model"] == nil, let merges = try bytes("merges.txt") {
        document = PlainVocabulary.pairs(root, merges: merges, config: config)
      }
      return try Tokenizer(
        tokenizerJSON: document, config: config,
        specialTokensMap: try json("special_tokens_map.json"), templates: templates)
    }
    if PlainVocabulary.isRanks(content) {
      return try Tokenizer(
        ranks: content, pattern: pattern, config: config, templates: templates, name: path(name))
    }
    if name.hasSuffix(".txt"), String(validating: content, as: UTF8.self) != nil {
      return try Tokenizer(
        tokenizerJSON: PlainVocabulary.words(content, config: config), config: config,
        specialTokensMap: try json("special_tokens_map.json"), templates: templates)
    }
    return try Tokenizer(
      sentencePiece: content, config: config, templates: templates, name: path(name))
  }
}

/// Vocabularies without a description: what the classes that read them do, as a `tokenizer.json`.
///
/// - Source: `transformers`, `convert_slow_tokenizer.py`.
enum PlainVocabulary {
  /// Whether the first line is a token in base 64 and a number.
  static func isRanks(_ bytes: [UInt8]) -> Bool {
    let line = bytes.prefix(4096).prefix { $0 != 0x0A }
    let words = line.split { $0 == 0x20 || $0 == 0x0D }
    return words.count == 2 && Base64.decode(words[0]) != nil
      && words[1].allSatisfy { (0x30...0x39).contains($0) }
  }

  /// BERT's `vocab.txt`.
  static func words(_ bytes: [UInt8], config: JSONValue?) -> JSONValue {
    var vocabulary: [(String, JSONValue)] = []
    var ids: [String: Int] = [:]
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (id, line) in lines.enumerated() where !(id == lines.count - 1 && line.isEmpty) {
      var text = line
      while let last = text.last, last == 0x20 || last == 0x0D || last == 0x09 {
        text = text.dropLast()
      }
      let token = String(decoding: text, as: UTF8.self)
      ids[token] = id
      vocabulary.append((token, .int(id)))
    }
    let roles = [
      ("pad_token", "[PAD]"), ("unk_token", "[UNK]"), ("cls_token", "[CLS]"),
      ("sep_token", "[SEP]"), ("mask_token", "[MASK]"),
    ].map { config?[$0.0]?.stringValue ?? $0.1 }
    let special = roles.filter { ids[$0] != nil }
    func entry(_ name: String) -> JSONValue {
      .array([.string(name), .int(ids[name] ?? 0)])
    }
    var document: JSONObject = [
      "added_tokens": .array(
        special.map { ["id": .int(ids[$0] ?? 0), "content": .string($0), "special": true] }),
      "normalizer": [
        "type": "BertNormalizer", "clean_text": true,
        "handle_chinese_chars": config?["tokenize_chinese_chars"] ?? true,
        "strip_accents": config?["strip_accents"] ?? nil,
        "lowercase": config?["do_lower_case"] ?? true,
      ],
      "pre_tokenizer": ["type": "BertPreTokenizer"],
      "decoder": ["type": "WordPiece", "prefix": "##", "cleanup": true],
      "model": [
        "type": "WordPiece", "unk_token": .string(roles[1]),
        "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
        "vocab": .object(JSONObject(vocabulary)),
      ],
    ]
    if special.contains(roles[2]), special.contains(roles[3]) {
      document["post_processor"] = [
        "type": "BertProcessing", "sep": entry(roles[3]), "cls": entry(roles[2]),
      ]
    }
    return .object(document)
  }

  /// GPT-2's `vocab.json` and `merges.txt`, and those of its kin: RoBERTa, CLIP and others.
  static func pairs(_ vocabulary: JSONValue, merges: [UInt8], config: JSONValue?) -> JSONValue {
    var lines: [JSONValue] = []
    for line in merges.split(separator: 0x0A) {
      let text = line.last == 0x0D ? line.dropLast() : line
      if lines.isEmpty, text.starts(with: "#version".utf8) { continue }
      lines.append(.string(String(decoding: text, as: UTF8.self)))
    }
    func text(_ role: String) -> String? {
      config?[role]?.stringValue ?? config?[role]?["content"]?.stringValue
    }
    let kind = config?["tokenizer_class"]?.stringValue ?? ""
    let isClip = vocabulary["the</w>"] != nil
    let prefixes = config?["add_prefix_space"] ?? false
    var document: JSONObject = [
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": prefixes],
      "decoder": ["type": "ByteLevel"],
      "model": [
        "type": "BPE", "vocab": vocabulary, "merges": .array(lines),
        "unk_token": isClip ? .string(text("unk_token") ?? "<|endoftext|>") : nil,
        "end_of_word_suffix": isClip ? "</w>" : nil,
      ],
    ]
    let roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]
    var names: [String] = []
    for name in roles.compactMap(text) where !names.contains(name) && vocabulary[name] != nil {
      names.append(name)
    }
    for name in ["<s>", "</s>", "<mask>", "<|endoftext|>", "<|startoftext|>"]
    where !names.contains(name) && vocabulary[name] != nil {
      names.append(name)
    }
    document["added_tokens"] = .array(
      names.map { name in
        [
          "id": vocabulary[name] ?? 0, "content": .string(name), "special": true,
          "lstrip": .bool(name == "<mask>"), "normalized": false,
        ]
      })
    func around(_ begin: String, _ end: String) {
      guard let first = vocabulary[begin], let last = vocabulary[end] else { return }
      document["post_processor"] = [
        "type": "RobertaProcessing", "sep": .array([.string(end), last]),
        "cls": .array([.string(begin), first]), "add_prefix_space": prefixes,
      ]
    }
    if isClip {
      document["normalizer"] = [
        "type": "Sequence",
        "normalizers": [
          ["type": "NFC"],
          ["type": "Replace", "pattern": ["Regex": "\\s+"], "content": " "],
          ["type": "Lowercase"],
        ],
      ]
      document["pre_tokenizer"] = [
        "type": "Sequence",
        "pretokenizers": [
          [
            "type": "Split",
            "pattern": [
              "Regex": "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"
            ],
            "behavior": "Removed", "invert": true,
          ],
          ["type": "ByteLevel", "add_prefix_space": false],
        ],
      ]
      document["decoder"] = [
        "type": "Sequence",
        "decoders": [
          ["type": "ByteLevel"],
          ["type": "Replace", "pattern": ["String": "</w>"], "content": " "],
        ],
      ]
      around("<|startoftext|>", "<|endoftext|>")
    } else if ["Roberta", "Bart", "LED", "Longformer", "MVP"].contains(where: kind.hasPrefix) {
      around("<s>", "</s>")
    }
    return .object(document)
  }
}
