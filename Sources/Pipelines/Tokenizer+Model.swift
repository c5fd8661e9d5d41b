import ApusCheckpoints
public import ApusTokenizers
import Foundation

extension Tokenizer {
  /// The tokenizer of a model: of a GGUF file, of a model's folder, or of one of the tokenizer
  /// files that `Tokenizer.load(file:pattern:)` reads.
  ///
  /// - Parameter pattern: the regular expression that cuts text, for a file of ranks.
  /// - Throws: `TokenizerError`, or what is wrong with the GGUF file.
  public static func load(model path: String, pattern: String? = nil) throws -> Tokenizer {
    let values = try? URL(fileURLWithPath: path).resourceValues(forKeys: [.isDirectoryKey])
    if values?.isDirectory == true { return try load(folder: path) }
    guard path.hasSuffix(".gguf") || isGGUF(path) else {
      return try load(file: path, pattern: pattern)
    }
    let file = try GGUF(try MappedFile(path: path))
    guard let vocabulary = GGUFVocabulary(file.metadata) else {
      throw TokenizerError.malformed(
        field: path, expected: "a vocabulary in tokenizer.ggml", found: "none")
    }
    return try Tokenizer(gguf: vocabulary)
  }

  private static func isGGUF(_ path: String) -> Bool {
    let file = FileHandle(forReadingAtPath: path)
    defer { try? file?.close() }
    return (try? file?.read(upToCount: 4)) == Data("GGUF".utf8)
  }
}
