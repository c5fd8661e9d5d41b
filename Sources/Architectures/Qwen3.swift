public import ApusPipelines

/// Qwen3, dense: a Llama layer whose queries and keys are normalised per head.
///
/// - Source: Qwen Team 2025, arXiv:2505.09388, section 2.
/// - Checkpoint: Hugging Face `Qwen3ForCausalLM` tensor names.
public struct Qwen3Layer: CausalLMLayer {
  public struct Config: CausalLMConfig {
    public let hidden, inner, layers, heads, kvHeads, headSize, vocabulary: Int
    public let contextLength: Int
    public let epsilon: Float
    public let rope: RotaryEmbedding.Settings
    public let activation: GatedActivation.Kind
    public let tiesEmbeddings: Bool
    /// Of all four projections; nil where the file does not say: then as the checkpoint has it.
    public let attentionBias: Bool?

    public init(_ file: ConfigFile) throws(ConfigError) {
      hidden = try file["hidden_size"]
      inner = try file["intermediate_size"]
      layers = try file["num_hidden_layers"]
      heads = try file["num_attention_heads"]
      kvHeads = try file["num_key_value_heads", default: heads]
      // Whatever the hidden size: so `transformers` has it.
      headSize = try file["head_dim", default: 128]
      vocabulary = try file["vocab_size"]
      contextLength = try file["max_position_embeddings", default: 32_768]
      epsilon = try file["rms_norm_eps", default: 1e-6]
      rope = try RotaryEmbedding.Settings(file, headSize: headSize)
      activation = try GatedActivation.Kind(file)
      tiesEmbeddings = try file["tie_word_embeddings", default: false]
      attentionBias = try file[optional: "attention_bias"]
      try file.requireFullAttention(layers: layers)
    }
  }

  let block: TransformerBlock<AttentionWithRope, MLP, RMSNorm>

  public init(_ weights: Weights, _ c: Config, index: Int) throws(CheckpointError) {
    let a = weights["self_attn"]
    let bias = c.attentionBias ?? a["q_proj"].contains("bias")
    let heads = AttentionHeads(
      hidden: c.hidden, queries: c.heads, keys: c.kvHeads, size: c.headSize)
    block = TransformerBlock(
      attention: AttentionWithRope(
        query: try heads.query(a["q_proj"], bias: bias),
        key: try heads.key(a["k_proj"], bias: bias),
        value: try heads.key(a["v_proj"], bias: bias),
        output: try heads.output(a["o_proj"], bias: bias),
        queryNorm: try RMSNorm(a["q_norm"], size: c.headSize, epsilon: c.epsilon),
        keyNorm: try RMSNorm(a["k_norm"], size: c.headSize, epsilon: c.epsilon),
        rope: try RotaryEmbedding(c.rope, weights), headSize: c.headSize),
      feedForward: try MLP(
        weights["mlp"], hidden: c.hidden, inner: c.inner, activation: c.activation),
      attentionNorm: try RMSNorm(
        weights["input_layernorm"], size: c.hidden, epsilon: c.epsilon),
      feedForwardNorm: try RMSNorm(
        weights["post_attention_layernorm"], size: c.hidden, epsilon: c.epsilon))
  }

  public func callAsFunction(_ x: Tensor, layer: Int, _ batch: RaggedBatch) -> Tensor {
    block(x, layer: layer, batch)
  }
}

public let qwen3 = SupportedArchitecture(
  "Qwen3ForCausalLM", task: .textGeneration, model: CausalLM<Qwen3Layer>.self,
  ggufArchitecture: "qwen3",
  weightAdapters: [.safetensors: .stripPrefix("model."), .gguf: .llamaCppNames],
  provedEncodings: [
    .float32, .bfloat16, .float16, .quantized(.q8_0), .quantized(.q4_1), .quantized(.q4_0),
  ])
