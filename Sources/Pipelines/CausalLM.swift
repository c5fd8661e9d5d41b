public import ApusCheckpoints
public import ApusGraphs
public import ApusLayers

/// One layer of a `CausalLM`.
public protocol CausalLMLayer: Sendable {
  associatedtype Config: CausalLMConfig

  /// - Parameters:
  ///   - weights: the scope of this layer.
  ///   - index: which layer it is, from 0.
  init(_ weights: Weights, _ config: Config, index: Int) throws(CheckpointError)

  /// - Parameter x: `[tokens, hidden]`.
  /// - Returns: `[tokens, hidden]`, the residual stream after this layer.
  func callAsFunction(_ x: Tensor, layer: Int, _ batch: RaggedBatch) -> Tensor
}

/// The usual decoder: embedding, layers, root mean square norm, head.
///
/// Names of tensors: `embed_tokens.weight`, `layers.N`, `norm.weight` and, where the head is not
/// tied, `lm_head.weight`. Taps: `embedding`, `layers.N`, `norm`, `logits`.
///
/// - Source: Radford et al. 2018, "Improving language understanding by generative pre-training",
///   section 3.1; with the norm of Touvron et al. 2023, arXiv:2302.13971.
public struct CausalLM<Layer: CausalLMLayer>: CausalLanguageModel {
  let embedding: Embedding
  let layers: [Layer]
  let norm: RMSNorm
  let head: Linear

  public init(_ weights: Weights, _ config: Layer.Config) throws(CheckpointError) {
    embedding = try Embedding(
      weights["embed_tokens"], count: config.vocabulary, size: config.hidden)
    var layers: [Layer] = []
    for index in 0..<config.layers {
      layers.append(try Layer(weights["layers"][index], config, index: index))
    }
    self.layers = layers
    norm = try RMSNorm(weights["norm"], size: config.hidden, epsilon: config.epsilon)
    head =
      config.tiesEmbeddings
      ? embedding.head
      : try Linear(weights["lm_head"], in: config.hidden, out: config.vocabulary)
  }

  public func callAsFunction(_ batch: RaggedBatch) -> Tensor {
    var x = embedding(batch.tokenIDs).named("embedding")
    for (index, layer) in layers.enumerated() {
      x = layer(x, layer: index, batch).named("layers.\(index)")
    }
    return head(norm(batch.outputs(of: x)).named("norm")).named("logits")
  }
}
