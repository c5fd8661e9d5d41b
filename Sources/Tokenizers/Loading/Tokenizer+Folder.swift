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
    let url = URL(fileURLWithPath: folder)
    if (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == false {
      return try load(file: folder)
    }
    let files = TokenizerFolder(url)
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
    try data(name).map { [UInt8]($0) }
  }

  private func data(_ name: String) throws(TokenizerError) -> Data? {
    guard exists(name) else { return nil }
    do {
      return try Data(contentsOf: folder.appendingPathComponent(name))
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

  /// The document of a `tokenizer.json`; of the usual byte-pair model without its lists.
  private func document(
    _ data: Data, _ name: String
  ) throws(TokenizerError) -> (JSONValue, TokenLists?) {
    if let lists = TokenLists(data) {
      let rest = try json([UInt8](lists.rest), name)
      if ModelReader.isPlainBytePair(rest["model"]) { return (rest, lists) }
    }
    return (try json([UInt8](data), name), nil)
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
    guard let data = try data(name) else {
      throw .unreadable(path: path(name), reason: "no such file; it holds the vocabulary")
    }
    let config = try json("tokenizer_config.json")
    let templates = try templates()
    let first = data.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
    if first == UInt8(ascii: "{") {
      let (root, lists) = try document(data, name)
      if root["model"] == nil, root["bpe_ranks"] != nil || root["vocab"]?.arrayValue != nil {
        return try Tokenizer(tekken: root, templates: templates, name: path(name))
      }
      var document = root
      if root["model"] == nil, let merges = try bytes("merges.txt") {
        document = PlainVocabulary.pairs(root, merges: merges, config: config)
      }
      return try Tokenizer(
        tokenizerJSON: document, lists: lists, config: config,
        specialTokensMap: try json("special_tokens_map.json"), templates: templates)
    }
    let content = [UInt8](data)
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
