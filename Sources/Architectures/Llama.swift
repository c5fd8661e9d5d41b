public import ApusPipelines

/// Llama 1 to 3, Mistral, SmolLM: root mean square norms, rotary positions, grouped heads, a
/// gated MLP.
///
/// - Source: Touvron et al. 2023, arXiv:2302.13971, section 2.2; Grattafiori et al. 2024,
///   arXiv:2407.21783, section 3.2.
/// - Checkpoint: Hugging Face `LlamaForCausalLM` tensor names.
public struct LlamaLayer: CausalLMLayer {
  public struct Config: CausalLMConfig {
    public let hidden, inner, layers, heads, kvHeads, headSize, vocabulary: Int
    public let contextLength: Int
    public let epsilon: Float
    public let rope: RotaryEmbedding.Settings
    public let activation: GatedActivation.Kind
    public let tiesEmbeddings: Bool
    /// nil where the file does not say: then as the checkpoint has it.
    public let attentionBias, mlpBias: Bool?

    public init(_ file: ConfigFile) throws(ConfigError) {
      hidden = try file["hidden_size"]
      inner = try file["intermediate_size"]
      layers = try file["num_hidden_layers"]
      heads = try file["num_attention_heads"]
      kvHeads = try file["num_key_value_heads", default: heads]
      headSize = try file["head_dim", default: hidden / heads]
      vocabulary = try file["vocab_size"]
      epsilon = try file["rms_norm_eps", default: 1e-6]
      rope = try RotaryEmbedding.Settings(file, headSize: headSize)
      activation = try GatedActivation.Kind(file)
      tiesEmbeddings = try file["tie_word_embeddings", default: false]
      attentionBias = try file[optional: "attention_bias"]
      mlpBias = try file[optional: "mlp_bias"]
      let context: Int = try file["max_position_embeddings", default: 2048]
      // Within the window, attention over a sliding window is attention over everything.
      contextLength = min(context, try file["sliding_window", default: context])
    }
  }

  let block: TransformerBlock<AttentionWithRope, MLP, RMSNorm>

  public init(_ weights: Weights, _ c: Config, index: Int) throws(CheckpointError) {
    let (a, m) = (weights["self_attn"], weights["mlp"])
    let attentionBias = c.attentionBias ?? a["q_proj"].contains("bias")
    let heads = AttentionHeads(
      hidden: c.hidden, queries: c.heads, keys: c.kvHeads, size: c.headSize)
    block = TransformerBlock(
      attention: AttentionWithRope(
        query: try heads.query(a["q_proj"], bias: attentionBias),
        key: try heads.key(a["k_proj"], bias: attentionBias),
        value: try heads.key(a["v_proj"], bias: attentionBias),
        output: try heads.output(a["o_proj"], bias: attentionBias),
        rope: try RotaryEmbedding(c.rope, weights), headSize: c.headSize),
      feedForward: try MLP(
        m, hidden: c.hidden, inner: c.inner,
        bias: c.mlpBias ?? m["up_proj"].contains("bias"), activation: c.activation),
      attentionNorm: try RMSNorm(
        weights["input_layernorm"], size: c.hidden, epsilon: c.epsilon),
      feedForwardNorm: try RMSNorm(
        weights["post_attention_layernorm"], size: c.hidden, epsilon: c.epsilon))
  }

  public func callAsFunction(_ x: Tensor, layer: Int, _ batch: RaggedBatch) -> Tensor {
    block(x, layer: layer, batch)
  }
}

public let llama = SupportedArchitecture(
  "LlamaForCausalLM", task: .textGeneration, model: CausalLM<LlamaLayer>.self,
  ggufArchitecture: "llama",
  weightAdapters: [.safetensors: .stripPrefix("model."), .gguf: .llamaCppNames],
  provedEncodings: [
    .float32, .bfloat16, .float16, .quantized(.q8_0), .quantized(.q5_1), .quantized(.q5_0),
    .quantized(.q4_1), .quantized(.q4_0),
  ])
