import ApusJSON

/// GGUF metadata under Hugging Face's keys.
enum GGUFConfig {
  /// One row per key. `{arch}` stands for `general.architecture`; of rows with the same Hugging
  /// Face key the first that the file has counts.
  static let table: [(gguf: String, huggingFace: String)] = [
    ("{arch}.embedding_length", "hidden_size"),
    ("{arch}.block_count", "num_hidden_layers"),
    ("{arch}.feed_forward_length", "intermediate_size"),
    ("{arch}.attention.head_count", "num_attention_heads"),
    ("{arch}.attention.head_count_kv", "num_key_value_heads"),
    ("{arch}.attention.key_length", "head_dim"),
    ("{arch}.attention.value_length", "v_head_dim"),
    ("{arch}.attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    ("{arch}.attention.layer_norm_epsilon", "layer_norm_epsilon"),
    ("{arch}.attention.sliding_window", "sliding_window"),
    ("{arch}.attention.scale", "attention_multiplier"),
    ("{arch}.attn_logit_softcapping", "attn_logit_softcapping"),
    ("{arch}.final_logit_softcapping", "final_logit_softcapping"),
    ("{arch}.logit_scale", "logit_scale"),
    ("{arch}.residual_scale", "residual_multiplier"),
    ("{arch}.embedding_scale", "embedding_multiplier"),
    ("{arch}.context_length", "max_position_embeddings"),
    ("{arch}.rope.freq_base", "rope_theta"),
    ("{arch}.expert_count", "num_local_experts"),
    ("{arch}.expert_used_count", "num_experts_per_tok"),
    ("{arch}.expert_feed_forward_length", "moe_intermediate_size"),
    ("{arch}.vocab_size", "vocab_size"),
    ("general.architecture", "model_type"),
    ("general.name", "_name_or_path"),
    ("tokenizer.ggml.bos_token_id", "bos_token_id"),
    ("tokenizer.ggml.eos_token_id", "eos_token_id"),
    ("tokenizer.ggml.padding_token_id", "pad_token_id"),
  ]

  /// Members of `rope_scaling`.
  static let ropeTable: [(gguf: String, huggingFace: String)] = [
    ("{arch}.rope.scaling.type", "rope_type"),
    ("{arch}.rope.scaling.factor", "factor"),
    ("{arch}.rope.scale_linear", "factor"),
    ("{arch}.rope.scaling.original_context_length", "original_max_position_embeddings"),
    ("{arch}.rope.scaling.attn_factor", "attention_factor"),
    ("{arch}.rope.scaling.yarn_beta_fast", "beta_fast"),
    ("{arch}.rope.scaling.yarn_beta_slow", "beta_slow"),
  ]

  /// The configuration of a file.
  ///
  /// - Parameter tensors: the file's tensors by name; the embedding's rows are the vocabulary, and
  ///   a file without `output.weight` ties its head to the embedding.
  static func config(
    _ metadata: GGUFMetadata, tensors: [String: TensorRecord], file: String
  ) throws(ConfigError) -> ConfigFile {
    guard let architecture = metadata.architecture else {
      throw ConfigError(
        file: file, key: "general.architecture", expected: "a string", found: "nothing")
    }
    var object = members(table, metadata, architecture)
    try setVocabulary(&object, metadata, tensors, file)
    setHeadSize(&object, metadata, architecture)
    var scaling = members(ropeTable, metadata, architecture)
    if scaling["rope_type"]?.stringValue == "none" { scaling = [:] }
    if !scaling.isEmpty {
      if scaling["rope_type"] == nil { scaling["rope_type"] = "linear" }
      object["rope_scaling"] = .object(scaling)
    }
    if tensors["token_embd.weight"] != nil {
      object["tie_word_embeddings"] = .bool(tensors["output.weight"] == nil)
    }
    return try ConfigFile(object, file: file)
  }

  /// Keys of the file's architecture that no row of the tables shows.
  static func unshownKeys(_ metadata: GGUFMetadata) -> [String] {
    guard let architecture = metadata.architecture else { return [] }
    var shown: Set<String> = ["\(architecture).rope.dimension_count"]
    for row in table + ropeTable {
      shown.insert(row.gguf.replacing("{arch}", with: architecture))
    }
    return metadata.keys.filter { $0.hasPrefix(architecture + ".") && !shown.contains($0) }
  }

  private static func members(
    _ table: [(gguf: String, huggingFace: String)], _ metadata: GGUFMetadata,
    _ architecture: String
  ) -> JSONObject {
    let marker = "{arch}"
    var object = JSONObject()
    for row in table where object[row.huggingFace] == nil {
      let key =
        row.gguf.hasPrefix(marker)
        ? architecture + row.gguf.dropFirst(marker.count) : row.gguf
      if let value = metadata[key].flatMap(json) { object[row.huggingFace] = value }
    }
    return object
  }

  /// Nil for what JSON has no number for, and for arrays that are no numbers.
  private static func json(_ value: GGUFValue) -> JSONValue? {
    switch value {
    case .integer(let value): return .int(value)
    case .large: break
    case .float32(let value):
      // The shortest text that gives the same float: 1e-05 and not 9.999999747378752e-06.
      if value.isFinite, let shortest = Double(value.description) { return .double(shortest) }
    case .float64(let value): if value.isFinite { return .double(value) }
    case .bool(let value): return .bool(value)
    case .string(let value): return .string(value)
    case .array(let array):
      // One value per layer at most.
      if array.count <= 10_000, let values = array.integers() {
        return .array(values.map { .int(Int($0)) })
      }
    }
    return Optional<JSONValue>.none
  }

  /// The embedding may have more rows than there are tokens (padding), never fewer.
  private static func setVocabulary(
    _ object: inout JSONObject, _ metadata: GGUFMetadata, _ tensors: [String: TensorRecord],
    _ file: String
  ) throws(ConfigError) {
    let tokens = metadata.array("tokenizer.ggml.tokens")?.count
    let rows = tensors["token_embd.weight"]?.shape.first
    if let tokens, let rows, tokens > rows {
      throw ConfigError(
        file: file, key: "tokenizer.ggml.tokens",
        expected: "at most the \(rows) rows of token_embd.weight", found: "\(tokens) tokens")
    }
    if let rows {
      object["vocab_size"] = .int(rows)
    } else if let tokens, object["vocab_size"] == nil {
      object["vocab_size"] = .int(tokens)
    }
  }

  /// Files without a key length give the rotated size, which is the head's size unless only a part
  /// of it is rotated: then the head's size is that of a share of the hidden size.
  private static func setHeadSize(
    _ object: inout JSONObject, _ metadata: GGUFMetadata, _ architecture: String
  ) {
    guard let rotated = metadata.integer("\(architecture).rope.dimension_count"), rotated > 0 else {
      return
    }
    guard let head = object["head_dim"]?.intValue else {
      if let hidden = object["hidden_size"]?.intValue,
        let heads = object["num_attention_heads"]?.intValue, heads > 0, hidden % heads == 0,
        rotated < hidden / heads
      {
        object["partial_rotary_factor"] = .double(Double(rotated) / Double(hidden / heads))
      } else {
        object["head_dim"] = .int(rotated)
      }
      return
    }
    if rotated < head {
      object["partial_rotary_factor"] = .double(Double(rotated) / Double(head))
    }
  }
}
