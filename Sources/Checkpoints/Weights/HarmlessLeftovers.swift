import ApusTensors

/// Tensors that checkpoints carry though no model needs them.
enum HarmlessLeftovers {
  /// Whether nothing is lost when a tensor is not used: frequencies that are computed anew, causal
  /// masks, and a head that is tied to the embedding.
  static func contains(_ name: String, _ view: LazyTensor, _ hasTiedHead: Bool) -> Bool {
    let parts = name.split(separator: ".")
    let last = parts.last ?? ""
    switch last {
    case "inv_freq", "masked_bias", "position_ids": return true
    case "bias":
      // GPT-2 and GPT-NeoX keep their causal mask under this name, as [1, 1, n, n].
      let owner = parts.dropLast().last ?? ""
      return (owner == "attn" || owner == "attention") && view.shape.count == 4
    case "weight": return name == "lm_head.weight" && hasTiedHead
    default: return false
    }
  }

  private static let scaleNames: Set<Substring> = [
    "weight_scale", "weight_scale_inv", "weight_scale_2", "input_scale", "scales", "qzeros",
    "g_idx", "weight_zero_point", "weight_packed", "absmax", "quant_map",
  ]

  static func isScale(_ name: String) -> Bool {
    name.split(separator: ".").last.map(scaleNames.contains) ?? false
  }
}
