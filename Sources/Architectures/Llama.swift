public import ApusPipelines

/// Llama 1 to 3, Mistral, SmolLM: root mean square norms, rotary positions, grouped heads, a
/// gated MLP.
///
/// - Source: Touvron et al. 2023, arXiv:2302.13971, section 2.2; Grattafiori et al. 2024,
///   arXiv:2407.21783, section 3.2.
/// - Checkpoint: Hugging Face `LlamaForCausalLM` tensor names.
public struct LlamaLayer: CausalLMLayer {
  public struct Config: CausalLMConfig {
    public let hidden, inner, layers, heads, kvHeads, headSize, rotary, vocabulary: Int
    public let contextLength: Int
    public let epsilon, ropeBase: Float
    public let ropeScaling: RotaryEmbedding.Scaling
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
      let turning: Float = try file["partial_rotary_factor", default: 1]
      rotary = Int(Float(headSize) * turning)
      vocabulary = try file["vocab_size"]
      epsilon = try file["rms_norm_eps", default: 1e-6]
      ropeBase = try file["rope_theta", default: 10_000]
      ropeScaling = try RotaryEmbedding.Scaling(file)
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
    let mlpBias = c.mlpBias ?? m["up_proj"].contains("bias")
    let (rows, kvRows) = (c.heads * c.headSize, c.kvHeads * c.headSize)
    let heads = WeightSharding.columns(alignment: c.headSize)
    let attention = AttentionWithRope(
      query: try Linear(
        a["q_proj"], in: c.hidden, out: rows, bias: attentionBias, shard: heads),
      key: try Linear(
        a["k_proj"], in: c.hidden, out: kvRows, bias: attentionBias, shard: heads),
      value: try Linear(
        a["v_proj"], in: c.hidden, out: kvRows, bias: attentionBias, shard: heads),
      output: try Linear(
        a["o_proj"], in: rows, out: c.hidden, bias: attentionBias,
        shard: .rows(alignment: c.headSize)),
      rope: RotaryEmbedding(
        size: c.rotary, base: c.ropeBase, scaling: c.ropeScaling,
        divisors: try weights.ropeDivisors(count: c.rotary / 2)),
      headSize: c.headSize)
    let mlp = MLP(
      gate: try Linear(
        m["gate_proj"], in: c.hidden, out: c.inner, bias: mlpBias, shard: .columns),
      up: try Linear(m["up_proj"], in: c.hidden, out: c.inner, bias: mlpBias, shard: .columns),
      down: try Linear(m["down_proj"], in: c.inner, out: c.hidden, bias: mlpBias, shard: .rows),
      activation: c.activation)
    block = TransformerBlock(
      attention: attention, feedForward: mlp,
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
