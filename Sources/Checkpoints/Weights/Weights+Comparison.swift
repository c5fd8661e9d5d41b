import ApusTensors

// What the comparison of a checkpoint with an architecture looks at.

extension Weights {
  /// Answers every declaration as a placeholder does, and finds these names where layers ask
  /// whether a tensor is there.
  package static func placeholder(naming names: some Sequence<String>) -> Weights {
    Weights(WeightStore(placeholder: .float32, names: names))
  }

  /// Shapes of everything that was declared, by full name.
  package var declaredShapes: [String: [Int]] {
    var result: [String: [Int]] = [:]
    for name in store.declaredNames() { result[name] = store.declaration(of: name)?.shape }
    return result
  }

  /// Shapes of all stored tensors, by full name.
  package var storedShapes: [String: [Int]] { store.views.mapValues(\.shape) }

  /// Stored tensors that would be left over if `used` were declared.
  package func leftovers(besides used: Set<String>, ignoring patterns: [String]) -> [String] {
    store.unused(besides: used, ignoring: patterns)
  }
}

extension Checkpoint {
  /// Keys of a GGUF file that `config` does not show.
  package var unshownKeys: [String] { gguf.map(GGUFConfig.unshownKeys) ?? [] }
}
