public import ApusCheckpoints
public import ApusGraphs

// How layers read what configurations say about them, for every architecture alike.

extension RotaryEmbedding.Scaling {
  /// `rope_scaling`, or the newer `rope_parameters`; none where there is neither.
  ///
  /// - Throws: where the kind is not known, or a value that it needs is missing.
  public init(_ file: ConfigFile) throws(ConfigError) {
    guard let scaling: ConfigFile = try file[optional: "rope_scaling"] else {
      self = .none
      return
    }
    let kind: String = try scaling["rope_type", default: "default"]
    switch kind {
    case "default", "none": self = .none
    case "linear": self = .linear(factor: try scaling["factor"])
    case "llama3":
      self = .llama3(
        factor: try scaling["factor"],
        lowFactor: try scaling["low_freq_factor"],
        highFactor: try scaling["high_freq_factor"],
        context: try scaling["original_max_position_embeddings"])
    default:
      throw scaling.error("rope_type", expected: "default, linear or llama3", found: kind)
    }
  }
}

extension GatedActivation.Kind {
  /// `hidden_act`; SiLU where it is absent.
  public init(_ file: ConfigFile) throws(ConfigError) {
    let name: String = try file["hidden_act", default: "silu"]
    switch name {
    case "silu", "swish": self = .silu
    case "gelu": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
    default:
      throw file.error(
        "hidden_act", expected: "silu, gelu, gelu_new or gelu_pytorch_tanh", found: name)
    }
  }
}

extension Weights {
  /// What divides the frequencies of rotary embeddings, in every layer: how GGUF files keep Llama
  /// 3's scaling, for which they have no keys. Nil where the checkpoint has none.
  public func ropeDivisors(count: Int) throws(CheckpointError) -> Weight? {
    root.contains("rope_freqs") ? try root.weight("rope_freqs", shape: [count]) : nil
  }
}
