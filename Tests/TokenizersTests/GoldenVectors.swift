import ApusJSON
import ApusTokenizers
import Foundation
import Synchronization
import TestSupport

/// Texts with the ids and the decoded text that a reference library gives.
struct GoldenVectors {
  struct Case: Sendable {
    let text: String
    let ids: [Int32]
    let decoded: String
    let idsWithSpecial: [Int32]?
  }

  let cases: [Case]

  init(_ path: String) throws {
    let root = try SharedFile.json(path)
    cases = (root["vectors"]?.arrayValue ?? []).map { entry in
      Case(
        text: entry["text"]?.stringValue ?? "", ids: SharedFile.ids(entry["ids"]),
        decoded: entry["decoded"]?.stringValue ?? "",
        idsWithSpecial: entry["ids_with_special"].map(SharedFile.ids))
    }
  }
}

/// Files of the shared test data.
enum SharedFile {
  static func path(_ name: String) -> String { (SharedData.folder ?? "") + "/" + name }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  static func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: bytes(name)) }

  static func ids(_ value: JSONValue) -> [Int32] {
    (value.arrayValue ?? []).compactMap { $0.intValue.map(Int32.init) }
  }

  static func ids(_ value: JSONValue?) -> [Int32] { value.map(ids) ?? [] }
}

/// Tokenizers that several tests use: reading eleven megabytes unoptimised takes seconds.
enum SharedTokenizer {
  private static let loaded = Mutex<[String: Tokenizer]>([:])

  /// The folders of the shared tokenizers.
  static let names = [
    "bert-base-uncased", "gpt2-r50k", "llama2-sp", "llama3", "mistral-tekken-240718", "o200k",
    "phi-3", "qwen2", "roberta-base", "smollm-49k", "stories260K", "t5-small",
  ]

  static func named(_ name: String) throws -> Tokenizer {
    try loaded.withLock { loaded in
      if let tokenizer = loaded[name] { return tokenizer }
      let folder = SharedFile.path("tokenizers/\(name)")
      let tokenizer =
        name == "mistral-tekken-240718"
        ? try Tokenizer.load(file: folder + "/240718.json") : try Tokenizer.load(folder: folder)
      loaded[name] = tokenizer
      return tokenizer
    }
  }
}
