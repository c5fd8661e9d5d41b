/// How a checkpoint's tensors become the weights of our layers: steps that are applied in order,
/// and that describe lazy views instead of copying.
///
/// ```swift
/// WeightAdapter([
///   .stripPrefix("transformer."),
///   .transpose("h.*.attn.c_attn.weight"),
///   .slice("h.*.attn.c_attn.*", axis: 0, into: ["h.*.attn.q.*", "h.*.attn.k.*", "h.*.attn.v.*"],
///     sizes: .equal),
/// ])
/// ```
public struct WeightAdapter: Sendable {
  public var rules: [WeightRule]

  public init(_ rules: [WeightRule]) { self.rules = rules }

  /// The tensors as they are.
  public static let identity = WeightAdapter([])

  /// Removes the beginning of all names that have it.
  public static func stripPrefix(_ prefix: String) -> WeightAdapter {
    WeightAdapter([.stripPrefix(prefix)])
  }

  /// llama.cpp's names to Hugging Face's, without `model.`, and its order of query and key rows to
  /// theirs.
  public static let llamaCppNames = WeightAdapter([
    .rename(LlamaCppNames.table),
    .when(
      { LlamaCppNames.architecturesWithPairedRows.contains($0.gguf?.architecture ?? "") },
      [
        .permuteRows(
          "layers.*.self_attn.q_proj.*", .pairsToHalves(heads: ["num_attention_heads"])),
        .permuteRows(
          "layers.*.self_attn.k_proj.*",
          .pairsToHalves(heads: ["num_key_value_heads", "num_attention_heads"])),
      ]),
  ])

  /// The steps of both, `a` first.
  public static func + (a: WeightAdapter, b: WeightAdapter) -> WeightAdapter {
    WeightAdapter(a.rules + b.rules)
  }

  /// The weights of a checkpoint.
  ///
  /// - Throws: where a step does not fit the tensors that it matches.
  public func adapt(_ checkpoint: Checkpoint) throws(CheckpointError) -> Weights {
    var views = checkpoint.tensors.mapValues { LazyTensor($0) }
    for rule in rules { try rule.apply(&views, checkpoint) }
    let isTied = (try? checkpoint.config["tie_word_embeddings", default: true]) ?? true
    return Weights(
      WeightStore(views: views, file: checkpoint.path, hasTiedHead: isTied))
  }
}

/// The names that llama.cpp gives to tensors.
public enum LlamaCppNames {
  /// llama.cpp's name to ours; the last part is `weight` or `bias`.
  public static let table: [(from: String, to: String)] = [
    ("token_embd.*", "embed_tokens.*"),
    ("output_norm.*", "norm.*"),
    ("output.*", "lm_head.*"),
    ("rope_freqs.weight", "rope_freqs"),
    ("blk.*.attn_norm.*", "layers.*.input_layernorm.*"),
    ("blk.*.ffn_norm.*", "layers.*.post_attention_layernorm.*"),
    ("blk.*.attn_q.*", "layers.*.self_attn.q_proj.*"),
    ("blk.*.attn_k.*", "layers.*.self_attn.k_proj.*"),
    ("blk.*.attn_v.*", "layers.*.self_attn.v_proj.*"),
    ("blk.*.attn_output.*", "layers.*.self_attn.o_proj.*"),
    ("blk.*.attn_q_norm.*", "layers.*.self_attn.q_norm.*"),
    ("blk.*.attn_k_norm.*", "layers.*.self_attn.k_norm.*"),
    ("blk.*.ffn_gate.*", "layers.*.mlp.gate_proj.*"),
    ("blk.*.ffn_up.*", "layers.*.mlp.up_proj.*"),
    ("blk.*.ffn_down.*", "layers.*.mlp.down_proj.*"),
  ]

  /// Architectures whose converter stores the rows of queries and keys in llama.cpp's order of
  /// pairs (Mistral's files call themselves `llama` too).
  public static let architecturesWithPairedRows: Set<String> = ["llama"]
}
