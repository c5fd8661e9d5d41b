public import ApusPipelines

/// GPT-2: learned positions, layer norms, biases everywhere, a head that is usually the embedding.
///
/// - Source: Radford et al. 2019, "Language models are unsupervised multitask learners", section
///   2.3.
/// - Checkpoint: Hugging Face `GPT2LMHeadModel`, whose linear weights are stored `[in, out]` and
///   whose query, key and value lie side by side in `c_attn`.
public struct GPT2: CausalLanguageModel {
  public struct Config: DecoderConfig {
    public let hidden, inner, layers, heads, vocabulary, contextLength: Int
    public let epsilon: Float
    public let activation: GELU.Approximation
    public let tiesEmbeddings: Bool

    public init(_ file: ConfigFile) throws(ConfigError) {
      hidden = try file["n_embd"]
      inner = try file["n_inner", default: 4 * hidden]
      layers = try file["n_layer"]
      heads = try file["n_head"]
      vocabulary = try file["vocab_size"]
      contextLength = try file["n_positions"]
      epsilon = try file["layer_norm_epsilon", default: 1e-5]
      activation = try Self.activation(file)
      tiesEmbeddings = try file["tie_word_embeddings", default: true]
      let isScaled: Bool = try file["scale_attn_weights", default: true]
      guard isScaled else {
        throw file.error("scale_attn_weights", expected: "true", found: "false")
      }
      for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"] {
        let isSet: Bool = try file[key, default: false]
        if isSet { throw file.error(key, expected: "false", found: "true") }
      }
    }

    private static func activation(
      _ file: ConfigFile
    ) throws(ConfigError) -> GELU.Approximation {
      let name: String = try file["activation_function", default: "gelu_new"]
      switch name {
      case "gelu_new", "gelu_pytorch_tanh": return .tanh
      case "gelu": return .none
      default:
        throw file.error("activation_function", expected: "gelu_new or gelu", found: name)
      }
    }
  }

  let embedding, positions: Embedding
  let blocks: [TransformerBlock<Attention, GPT2FeedForward, LayerNorm>]
  let norm: LayerNorm
  let head: Linear

  public init(_ weights: Weights, _ c: Config) throws(CheckpointError) {
    embedding = try Embedding(weights["wte"], count: c.vocabulary, size: c.hidden)
    positions = try Embedding(weights["wpe"], count: c.contextLength, size: c.hidden)
    var blocks: [TransformerBlock<Attention, GPT2FeedForward, LayerNorm>] = []
    for index in 0..<c.layers { blocks.append(try Self.block(weights["h"][index], c)) }
    self.blocks = blocks
    norm = try LayerNorm(weights["ln_f"], size: c.hidden, epsilon: c.epsilon)
    head =
      c.tiesEmbeddings
      ? embedding.head : try Linear(weights["lm_head"], in: c.hidden, out: c.vocabulary)
  }

  private static func block(
    _ weights: Weights, _ c: Config
  ) throws(CheckpointError) -> TransformerBlock<Attention, GPT2FeedForward, LayerNorm> {
    let a = weights["attn"]
    let headSize = c.hidden / c.heads
    let heads = AttentionHeads(
      hidden: c.hidden, queries: c.heads, keys: c.heads, size: headSize)
    return TransformerBlock(
      attention: Attention(
        query: try heads.query(a["query"], bias: true),
        key: try heads.key(a["key"], bias: true),
        value: try heads.key(a["value"], bias: true),
        output: try heads.output(a["c_proj"], bias: true),
        headSize: headSize),
      feedForward: try GPT2FeedForward(weights["mlp"], c),
      attentionNorm: try LayerNorm(weights["ln_1"], size: c.hidden, epsilon: c.epsilon),
      feedForwardNorm: try LayerNorm(weights["ln_2"], size: c.hidden, epsilon: c.epsilon))
  }

  public func callAsFunction(_ batch: RaggedBatch) -> Tensor {
    var x = (embedding(batch.tokenIDs) + positions(batch.positions)).named("embedding")
    for (index, block) in blocks.enumerated() {
      x = block(x, layer: index, batch).named("layers.\(index)")
    }
    return head(norm(batch.outputs(of: x)).named("norm")).named("logits")
  }
}

/// `c_proj(gelu(c_fc(x)))`.
struct GPT2FeedForward: Module {
  let expand, contract: Linear
  let activation: GELU.Approximation

  init(_ weights: Weights, _ c: GPT2.Config) throws(CheckpointError) {
    expand = try Linear(weights["c_fc"], in: c.hidden, out: c.inner, bias: true, shard: .columns)
    contract = try Linear(weights["c_proj"], in: c.inner, out: c.hidden, bias: true, shard: .rows)
    activation = c.activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor { contract(expand(x).gelu(activation)) }
}

extension GPT2 {
  /// Query, key and value lie one after the other.
  private static let parts = WeightRule.slice(
    "h.*.attn.c_attn.*", axis: 0,
    into: ["h.*.attn.query.*", "h.*.attn.key.*", "h.*.attn.value.*"], sizes: .equal)

  static let huggingFace = WeightAdapter([
    .stripPrefix("transformer."),
    .transpose("h.*.attn.c_attn.weight"),
    .transpose("h.*.attn.c_proj.weight"),
    .transpose("h.*.mlp.*.weight"),
    parts,
  ])

  /// llama.cpp's converter has transposed the weights.
  static let llamaCpp = WeightAdapter([
    .rename([
      ("token_embd.*", "wte.*"),
      ("position_embd.*", "wpe.*"),
      ("output_norm.*", "ln_f.*"),
      ("output.*", "lm_head.*"),
      ("blk.*.attn_norm.*", "h.*.ln_1.*"),
      ("blk.*.attn_qkv.*", "h.*.attn.c_attn.*"),
      ("blk.*.attn_output.*", "h.*.attn.c_proj.*"),
      ("blk.*.ffn_norm.*", "h.*.ln_2.*"),
      ("blk.*.ffn_up.*", "h.*.mlp.c_fc.*"),
      ("blk.*.ffn_down.*", "h.*.mlp.c_proj.*"),
    ]),
    parts,
  ])
}

public let gpt2 = SupportedArchitecture(
  "GPT2LMHeadModel", task: .textGeneration, model: GPT2.self, ggufArchitecture: "gpt2",
  weightAdapters: [.safetensors: GPT2.huggingFace, .gguf: GPT2.llamaCpp],
  provedEncodings: [
    .float32, .bfloat16, .float16, .quantized(.q8_0), .quantized(.q4_1), .quantized(.q4_0),
  ])
