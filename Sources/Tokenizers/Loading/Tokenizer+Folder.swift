import ApusJSON
import Foundation

extension Tokenizer {
  /// The tokenizer of a model folder.
  ///
  /// Reads `tokenizer.json` and, where they are there, `tokenizer_config.json`,
  /// `special_tokens_map.json`, `chat_template.jinja`, `chat_template.json` and the named templates
  /// in `additional_chat_templates`.
  ///
  /// - Parameter folder: the folder, or the path of a `tokenizer.json` in one.
  /// - Throws: `TokenizerError`.
  public static func load(folder: String) throws(TokenizerError) -> Tokenizer {
    let files = TokenizerFolder(folder)
    guard let tokenizer = try files.json(files.tokenizerName) else {
      throw .unreadable(
        path: files.path(files.tokenizerName), reason: "no such file; it holds the vocabulary")
    }
    return try Tokenizer(
      tokenizerJSON: tokenizer, config: try files.json("tokenizer_config.json"),
      specialTokensMap: try files.json("special_tokens_map.json"),
      templates: try files.templates())
  }
}

/// The files beside a tokenizer.
private struct TokenizerFolder {
  let folder: URL
  var tokenizerName = "tokenizer.json"

  init(_ path: String) {
    let url = URL(fileURLWithPath: path)
    if url.pathExtension == "json" {
      folder = url.deletingLastPathComponent()
      tokenizerName = url.lastPathComponent
    } else {
      folder = url
    }
  }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// The bytes of a file; nil where it does not exist.
  func bytes(_ name: String) throws(TokenizerError) -> [UInt8]? {
    guard FileManager.default.fileExists(atPath: path(name)) else { return nil }
    do {
      return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    } catch {
      throw .unreadable(path: path(name), reason: error.localizedDescription)
    }
  }

  func json(_ name: String) throws(TokenizerError) -> JSONValue? {
    guard let bytes = try bytes(name) else { return nil }
    do {
      return try JSONValue(parsing: bytes)
    } catch {
      throw .unreadable(path: path(name), reason: "\(error)")
    }
  }

  func templates() throws(TokenizerError) -> [String: String] {
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
}
