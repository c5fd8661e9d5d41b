import ApusCheckpoints
import Testing

/// A small file of each kind, which tests cut and flip, and how each is opened.
enum TinyFiles {
  enum Kind: String, CaseIterable {
    case gguf1, gguf2, gguf3, safetensors, index, config, generationConfig
  }

  static let configText = """
    {"architectures": ["LlamaForCausalLM"], "hidden_size": 8, "num_hidden_layers": 2,
     "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 16, "rms_norm_eps": 1e-05,
     "rope_scaling": {"rope_type": "linear", "factor": 2.5}, "eos_token_id": [2, 5], "x": null}
    """
  static let shards = [
    "model-00001-of-00002.safetensors": SafetensorsBytes.file([("a", [2, 2], [1, 2, 3, 4])]),
    "model-00002-of-00002.safetensors": SafetensorsBytes.file([("b.weight", [2], [5, 6])]),
  ]

  static func bytes(_ kind: Kind) -> [UInt8] {
    switch kind {
    case .gguf1: gguf(1)
    case .gguf2: gguf(2)
    case .gguf3: gguf(3)
    case .safetensors:
      SafetensorsBytes.file([
        ("a", "F32", [2, 2], CheckpointsTests.bytes([1, 2, 3, 4])),
        ("b.weight", "BF16", [3], [1, 2, 3, 4, 5, 6]), ("c", "F16", [1], [7, 8]),
      ])
    case .index:
      Array(
        """
        {"metadata": {"total_size": 24}, "weight_map": {"a": "model-00001-of-00002.safetensors",
         "b.weight": "model-00002-of-00002.safetensors"}}
        """.utf8)
    case .config: Array(configText.utf8)
    case .generationConfig:
      Array(#"{"eos_token_id": [2, 5], "temperature": 0.6, "top_k": 40, "do_sample": true}"#.utf8)
    }
  }

  private static func gguf(_ version: UInt32) -> [UInt8] {
    var file = GGUFBytes(version: version)
    file.add("general.architecture", string: "llama")
    file.add("llama.embedding_length", number: 32)
    file.add("llama.attention.layer_norm_rms_epsilon", float: 1e-5)
    file.add("tokenizer.ggml.tokens", strings: ["a", "bé", ""])
    file.add("token_embd.weight", shape: [3, 2], [1, 2, 3, 4, 5, 6])
    var numbers = SeededNumbers(3)
    file.add("q", sizes: [32, 2], type: 2, data: numbers.bytes(36))
    file.add("iq", sizes: [256], type: 19, data: numbers.bytes(50))
    return file.file
  }

  /// Opens a file of a kind and reads everything that it leads to.
  ///
  /// - Parameter folder: holds what the other kinds need beside it.
  static func read(
    _ kind: Kind, _ bytes: [UInt8], in folder: TemporaryFolder
  ) throws {
    switch kind {
    case .gguf1, .gguf2, .gguf3:
      try readAll(Checkpoint(gguf: MappedFile(bytes, name: "tiny.gguf")))
    case .safetensors:
      let config = try ConfigFile(parsing: Array(configText.utf8), file: "config.json")
      try readAll(
        Checkpoint(safetensors: MappedFile(bytes, name: "tiny.safetensors"), config: config))
    case .index:
      try folder.overwrite("model.safetensors.index.json", bytes)
      try readAll(Checkpoint.open(folder.path))
    case .config:
      let config = try ConfigFile(parsing: bytes, file: "config.json")
      for key in ["hidden_size", "num_hidden_layers", "vocab_size"] {
        _ = try config[optional: key] as Int?
      }
      _ = try config[optional: "rms_norm_eps"] as Float?
      _ = (try config[optional: "rope_scaling"] as ConfigFile?)?.architectures
    case .generationConfig:
      _ = try GenerationConfig(ConfigFile(parsing: bytes, file: "generation_config.json"))
    }
  }

  /// A folder with the shards that the index names.
  static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("config.json", configText)
    for (name, bytes) in shards { try folder.write(name, bytes) }
    return folder
  }

  /// Every value of the metadata and every element of the tensors.
  static func readAll(_ checkpoint: Checkpoint) throws {
    if let metadata = checkpoint.gguf {
      for key in metadata.keys {
        _ = (metadata.strings(key), metadata.integers(key), metadata.floats(key))
      }
    }
    let weights = try WeightAdapter.identity.adapt(checkpoint)
    for (name, tensor) in checkpoint.tensors {
      guard tensor.format != nil else { continue }
      _ = try weights.storage(of: name).floats()
    }
  }
}

/// Whether an error is one of ours that says what was expected and what was found.
func isClear(_ error: any Error) -> Bool {
  switch error {
  case let error as CheckpointError:
    !error.file.isEmpty && !error.expected.isEmpty && !error.found.isEmpty
  case let error as ConfigError:
    !error.file.isEmpty && !error.key.isEmpty && !error.expected.isEmpty && !error.found.isEmpty
  default: false
  }
}
