public import ApusCheckpoints
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
  package let chatTemplates: ChatTemplates?
  package let endTokens: Set<Int32>

  package init(
    _ checkpoint: Checkpoint, _ architecture: SupportedArchitecture, _ config: PipelineConfig
  ) throws {
    do {
      switch architecture.tokenizer {
      case .made(let make): tokenizer = try make(checkpoint)
      case .checkpoint: tokenizer = try Self.tokenizer(of: checkpoint)
      }
    } catch let error as TokenizerError {
      if case .unreadable = error { throw error }
      throw PipelineError("\(checkpoint.path): \(error)")
    }
    let sources = try Self.templates(tokenizer, config.chatTemplatePath)
    chatTemplates = sources.isEmpty ? nil : try ChatTemplates(sources)
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

  /// Those of the user's file, or what came with the tokenizer, by name.
  private static func templates(
    _ tokenizer: Tokenizer, _ path: String?
  ) throws(PipelineError) -> [String: String] {
    guard let path else { return tokenizer.chatTemplates }
    do throws(TokenizerError) {
      return try ChatTemplateFiles(path: path).templates
    } catch {
      throw PipelineError("the chat template: \(error)")
    }
  }
}
