/// Names that different model families of Hugging Face give to one value. Any of a row finds any
/// other; a dot leads into a nested object.
enum ConfigAliases {
  private static let rows: [[String]] = [
    ["hidden_size", "n_embd", "d_model", "dim", "model_dim"],
    ["num_hidden_layers", "n_layer", "n_layers", "num_layers"],
    ["num_attention_heads", "n_head", "n_heads", "num_heads"],
    ["num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num"],
    ["intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "d_ff"],
    ["max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length"],
    ["vocab_size", "padded_vocab_size"],
    ["layer_norm_epsilon", "layer_norm_eps", "layernorm_epsilon", "norm_epsilon"],
    ["rms_norm_eps", "rms_norm_epsilon"],
    ["hidden_act", "activation_function", "hidden_activation"],
    ["rope_theta", "rotary_emb_base", "rope_parameters.rope_theta"],
    ["rope_scaling", "rope_parameters"],
    ["rope_type", "type"],
    ["partial_rotary_factor", "rotary_pct", "rope_parameters.partial_rotary_factor"],
    ["tie_word_embeddings", "tie_embeddings"],
    ["torch_dtype", "dtype"],
    ["num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"],
    ["num_experts_per_tok", "moe_top_k", "experts_per_token"],
    ["attention_bias", "qkv_bias", "use_qkv_bias"],
  ]

  private static let rowOfName: [String: [String]] = {
    var result: [String: [String]] = [:]
    for row in rows {
      for name in row { result[name] = row }
    }
    return result
  }()

  /// The other names of a key, in the order in which they are tried.
  static func others(of key: String) -> [String] {
    rowOfName[key, default: []].filter { $0 != key }
  }
}
