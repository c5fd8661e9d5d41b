import ApusJSON
import Foundation

/// Chat templates and special tokens as files hold them, for those who want no tokenizer.
public struct ChatTemplateFiles: Sendable {
  /// Template texts by name; a model's only one is called `default`.
  public let templates: [String: String]
  /// `bos_token` and so on.
  public let specialTokens: [String: String]

  /// Reads the templates at a path.
  ///
  /// - Parameter path: a template (`.jinja`); a `tokenizer_config.json` or `chat_template.json`; or
  ///   a model's folder, in which the files of `transformers` are looked for:
  ///   `chat_template.jinja` before `chat_template.json` before `tokenizer_config.json`, and the
  ///   named ones in `additional_chat_templates`.
  /// - Throws: `TokenizerError` that names the file.
  public init(path: String) throws(TokenizerError) {
    guard FileManager.default.fileExists(atPath: path) else {
      throw .unreadable(path: path, reason: "there is no such file or folder")
    }
    let values = try? URL(fileURLWithPath: path).resourceValues(forKeys: [.isDirectoryKey])
    if values?.isDirectory ?? false {
      (templates, specialTokens) = try ChatTemplateFiles.read(folder: path)
    } else if path.hasSuffix(".json") {
      let config = try ChatTemplateFiles.json(path)
      templates = TokenizerConfig.templates(config?["chat_template"])
      specialTokens = ChatTemplateFiles.tokens(TokenizerConfig(config))
    } else {
      templates = ["default": try ChatTemplateFiles.text(path) ?? ""]
      specialTokens = [:]
    }
    guard !templates.isEmpty else {
      throw .unreadable(path: path, reason: "no chat template in it")
    }
  }

  private static func read(
    folder: String
  ) throws(TokenizerError) -> (templates: [String: String], specialTokens: [String: String]) {
    let config = try ChatTemplateFiles.json(folder + "/tokenizer_config.json")
    var templates = TokenizerConfig.templates(config?["chat_template"])
    let single = try ChatTemplateFiles.json(folder + "/chat_template.json")
    templates.merge(TokenizerConfig.templates(single?["chat_template"])) { _, new in new }
    if let text = try ChatTemplateFiles.text(folder + "/chat_template.jinja") {
      templates["default"] = text
    }
    let more = folder + "/additional_chat_templates"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: more)) ?? []
    where name.hasSuffix(".jinja") {
      templates[String(name.dropLast(".jinja".count))] =
        try ChatTemplateFiles.text(more + "/" + name)
    }
    let map = try json(folder + "/special_tokens_map.json")
    return (templates, tokens(TokenizerConfig(config, specialTokensMap: map)))
  }

  private static func tokens(_ config: TokenizerConfig) -> [String: String] {
    Dictionary(config.variables.map { ($0.name, $0.text) }) { first, _ in first }
  }

  /// The text of a file; nil where there is none.
  private static func text(_ path: String) throws(TokenizerError) -> String? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(validating: data, as: UTF8.self)
    else { throw .unreadable(path: path, reason: "it cannot be read as UTF-8 text") }
    return text
  }

  private static func json(_ path: String) throws(TokenizerError) -> JSONValue? {
    guard let text = try text(path) else { return nil }
    do {
      return try JSONValue(parsing: text)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }
}
