extension ConfigFile {
  /// Sizes that every family has in common, with the most that any real model comes near to. Lists
  /// (a size per layer) are left to the architecture.
  private static let mostOfSize: [(key: String, most: Int)] = [
    ("hidden_size", 1 << 20), ("num_hidden_layers", 10_000), ("num_attention_heads", 1 << 16),
    ("num_key_value_heads", 1 << 16), ("head_dim", 1 << 16), ("intermediate_size", 1 << 24),
    ("vocab_size", 1 << 28), ("max_position_embeddings", Int(Int32.max)),
  ]

  /// Refuses sizes that no model can have, before anything is allocated by them.
  func checkSizes() throws(ConfigError) {
    for (key, most) in Self.mostOfSize {
      guard let size = try sizeIfNumber(key) else { continue }
      guard (1...most).contains(size) else {
        throw error(key, expected: "1 to \(most)", found: "\(size)")
      }
    }
    guard let heads = try sizeIfNumber("num_attention_heads") else { return }
    if let hidden = try sizeIfNumber("hidden_size"), !contains("head_dim"), hidden % heads != 0 {
      throw error(
        "hidden_size", expected: "a multiple of the \(heads) attention heads", found: "\(hidden)")
    }
    if let kvHeads = try sizeIfNumber("num_key_value_heads"), heads % kvHeads != 0 {
      throw error(
        "num_key_value_heads", expected: "a divisor of the \(heads) attention heads",
        found: "\(kvHeads)")
    }
  }

  private func sizeIfNumber(_ key: String) throws(ConfigError) -> Int? {
    if let elements = list(key), !elements.isEmpty { return nil }
    return try self[optional: key]
  }
}
