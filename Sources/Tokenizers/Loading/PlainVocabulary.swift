import ApusJSON

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
    let kind = config?["tokenizer_class"]?.stringValue ?? ""
    let isClip = vocabulary["the</w>"] != nil
    let prefixes = config?["add_prefix_space"] ?? false
    let unknown = text("unk_token", config) ?? "<|endoftext|>"
    var document: JSONObject = [
      "added_tokens": specialTokens(vocabulary, config),
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": prefixes],
      "decoder": ["type": "ByteLevel"],
      "model": [
        "type": "BPE", "vocab": vocabulary, "merges": .array(lines),
        "unk_token": isClip ? .string(unknown) : nil,
        "end_of_word_suffix": isClip ? "</w>" : nil,
      ],
    ]
    if isClip {
      addClip(to: &document)
      document["post_processor"] = around(
        vocabulary, "<|startoftext|>", "<|endoftext|>", prefixes)
    } else if ["Roberta", "Bart", "LED", "Longformer", "MVP"].contains(where: kind.hasPrefix) {
      document["post_processor"] = around(vocabulary, "<s>", "</s>", prefixes)
    }
    return .object(document)
  }

  private static func text(_ role: String, _ config: JSONValue?) -> String? {
    config?[role]?.stringValue ?? config?[role]?["content"]?.stringValue
  }

  private static func specialTokens(_ vocabulary: JSONValue, _ config: JSONValue?) -> JSONValue {
    var names: [String] = []
    let known = ["<s>", "</s>", "<mask>", "<|endoftext|>", "<|startoftext|>"]
    for name in TokenizerConfig.roles.compactMap({ text($0, config) }) + known
    where !names.contains(name) && vocabulary[name] != nil {
      names.append(name)
    }
    return .array(
      names.map { name in
        [
          "id": vocabulary[name] ?? 0, "content": .string(name), "special": true,
          "lstrip": .bool(name == "<mask>"), "normalized": false,
        ]
      })
  }

  private static func around(
    _ vocabulary: JSONValue, _ begin: String, _ end: String, _ prefixes: JSONValue
  ) -> JSONValue {
    guard let first = vocabulary[begin], let last = vocabulary[end] else { return nil }
    return [
      "type": "RobertaProcessing", "sep": .array([.string(end), last]),
      "cls": .array([.string(begin), first]), "add_prefix_space": prefixes,
    ]
  }

  private static func addClip(to document: inout JSONObject) {
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
          "pattern": ["Regex": "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"],
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
  }
}
