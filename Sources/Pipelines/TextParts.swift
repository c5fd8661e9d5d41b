public import ApusCheckpoints
import ApusJSON
public import ApusTokenizers
import Foundation

/// Where the tokenizer of an architecture comes from.
public enum TokenizerSource: Sendable {
  /// From the files of the checkpoint.
  case checkpoint
  /// Made by the architecture.
  case made(@Sendable (Checkpoint) throws -> Tokenizer)
}

/// What turns text into tokens and back for a checkpoint.
package struct TextParts {
  package let tokenizer: Tokenizer
  package let chatTemplate: ChatTemplate?
  package let endTokens: Set<Int32>

  package init(
    _ checkpoint: Checkpoint, _ architecture: SupportedArchitecture, _ config: PipelineConfig
  ) throws {
    switch architecture.tokenizer {
    case .made(let make): tokenizer = try make(checkpoint)
    case .checkpoint: tokenizer = try Self.tokenizer(of: checkpoint)
    }
    let source = try Self.templateSource(checkpoint, tokenizer, config.chatTemplatePath)
    chatTemplate = try source.map { source throws(TemplateError) in
      try ChatTemplate(source: source)
    }
    endTokens = tokenizer.endOfGenerationTokens.union(
      checkpoint.generationConfig.endTokens.map { Int32(truncatingIfNeeded: $0) })
  }

  /// The vocabulary of a GGUF file where it has one, else the files beside the weights.
  private static func tokenizer(of checkpoint: Checkpoint) throws -> Tokenizer {
    if let metadata = checkpoint.gguf, let vocabulary = GGUFVocabulary(metadata) {
      return try Tokenizer(gguf: vocabulary)
    }
    return try Tokenizer.load(folder: checkpoint.folder)
  }

  /// The user's file, `chat_template.jinja`, what came with the tokenizer, or GGUF metadata: the first
  /// that there is.
  private static func templateSource(
    _ checkpoint: Checkpoint, _ tokenizer: Tokenizer, _ path: String?
  ) throws -> String? {
    if let path {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw PipelineError("the chat template \(path) cannot be read as UTF-8 text")
      }
      return text
    }
    let beside = "\(checkpoint.folder)/chat_template.jinja"
    if checkpoint.gguf == nil, let text = try? String(contentsOfFile: beside, encoding: .utf8) {
      return text
    }
    return tokenizer.chatTemplates["default"]
      ?? checkpoint.gguf?.string("tokenizer.chat_template")
  }
}
