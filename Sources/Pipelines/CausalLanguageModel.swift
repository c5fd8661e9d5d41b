public import ApusCheckpoints
public import ApusGraphs
public import ApusLayers

/// A decoder: from a ragged batch to logits of the next token.
///
/// `CausalLM` is the usual one. A model that differs in more than its layers conforms itself and
/// keeps the rest: weights, cache, registration and serving.
public protocol CausalLanguageModel: Sendable {
  associatedtype Config: DecoderConfig

  /// - Parameter weights: the whole checkpoint, under the names that the weight adapter gives.
  init(_ weights: Weights, _ config: Config) throws(CheckpointError)

  /// - Returns: the logits of the rows that the batch asks for, `[outputs, vocabulary]`.
  func callAsFunction(_ batch: RaggedBatch) -> Tensor
}
