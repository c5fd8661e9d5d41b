public import ApusCheckpoints

/// The hyperparameters of a model, read from `config.json` or from the metadata of a GGUF file,
/// which are shown under the same keys.
public protocol ArchConfig: Sendable {
  /// - Throws: where a field is missing, has another type, or a value that the model does not do.
  init(_ file: ConfigFile) throws(ConfigError)
}

/// What every decoder that predicts the next token has.
public protocol DecoderConfig: ArchConfig {
  /// Size of a token's vector.
  var hidden: Int { get }
  var layers: Int { get }
  var vocabulary: Int { get }
  /// Tokens that the model was made for.
  var contextLength: Int { get }
}

/// What the generic decoder, `CausalLM`, must know as well.
public protocol CausalLMConfig: DecoderConfig {
  /// Of the last norm.
  var epsilon: Float { get }
  /// The head's weight is the embedding's.
  var tiesEmbeddings: Bool { get }
}
