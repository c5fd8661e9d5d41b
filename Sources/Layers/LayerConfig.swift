public import ApusCheckpoints
public import ApusGraphs

// How layers read what configurations say about them, for every architecture alike.

extension RotaryEmbedding {
  /// What a configuration says about rotary positions.
  public struct Settings: Sendable, Hashable {
    /// How many elements of a head turn.
    public let size: Int
    public let base: Float
    public let scaling: Scaling

    /// `rope_theta`, `partial_rotary_factor` and `rope_scaling`, or the newer `rope_parameters`.
    ///
    /// - Throws: where the kind of scaling is not known, or a value that it needs is missing.
    public init(_ file: ConfigFile, headSize: Int) throws(ConfigError) {
      let turning: Float = try file["partial_rotary_factor", default: 1]
      guard turning > 0, turning <= 1 else {
        throw file.error(
          "partial_rotary_factor", expected: "above 0 and at most 1", found: "\(turning)")
      }
      size = Int(Float(headSize) * turning)
      base = try file["rope_theta", default: 10_000]
      scaling = try Scaling(file)
    }
  }

  /// - Parameter weights: any scope of the checkpoint; its divisors of frequencies, if there are
  ///   some, hold for every layer.
  public init(_ settings: Settings, _ weights: Weights) throws(CheckpointError) {
    self.init(
      size: settings.size, base: settings.base, scaling: settings.scaling,
      divisors: try weights.ropeDivisors(count: settings.size / 2))
  }
}

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

extension ConfigFile {
  /// Refuses layers that see a sliding window alone: with `use_sliding_window` those from
  /// `max_window_layers` on, or those that `layer_types` names.
  public func requireFullAttention(layers: Int) throws(ConfigError) {
    let usesWindow: Bool = try self["use_sliding_window", default: false]
    let firstWindowed: Int = try self["max_window_layers", default: 0]
    if usesWindow, contains("sliding_window"), firstWindowed < layers {
      throw error("use_sliding_window", expected: "false", found: "true")
    }
    let types: [String] = try self["layer_types", default: []]
    if let other = types.first(where: { $0 != "full_attention" }) {
      throw error("layer_types", expected: "full_attention in every layer", found: other)
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
