import ApusCheckpoints

/// A model that is built over stand-ins, to learn what it asks of a configuration and of a
/// checkpoint, whatever the configuration says.
struct Construction {
  static let layerKey = "num_hidden_layers"

  /// What was asked of the configuration.
  private(set) var probe: ConfigProbe
  /// Values that the model does not take: their key, and what it says about them.
  private(set) var refused: [(key: String, text: String)] = []
  /// Shapes of the tensors that the model asks for, by name; empty where it takes no configuration
  /// like this at all.
  private(set) var shapes: [String: [Int]] = [:]

  /// - Parameter names: of the tensors that there are, for models that ask.
  init(
    _ architecture: SupportedArchitecture, _ config: ConfigFile, names: some Sequence<String>
  ) {
    let names = Array(names)
    let standIns = [Self.layerKey: Self.layerCount(names)]
    var masked: Set<String> = []
    probe = ConfigProbe(standIns: standIns, masked: masked)
    // A value that is refused is left out, and the model tried again: the next may be refused too.
    for _ in 0..<8 {
      probe = ConfigProbe(standIns: standIns, masked: masked)
      let weights = Weights.placeholder(naming: names)
      guard let error = Self.build(architecture.model, config.probed(by: probe), weights) else {
        shapes = weights.declaredShapes
        return
      }
      let key = String(error.key.prefix { $0 != "." })
      guard masked.insert(key).inserted else { return }
      refused.append((key, "\(error.key): expected \(error.expected), found \(error.found)"))
    }
  }

  /// - Returns: what is wrong with the configuration. What is wrong with the weights has been
  ///   declared by then, as far as it goes.
  private static func build<Model: CausalLanguageModel>(
    _ type: Model.Type, _ config: ConfigFile, _ weights: Weights
  ) -> ConfigError? {
    do {
      let config = try Model.Config(config)
      _ = try? Model(weights, config)
      return nil
    } catch {
      return error
    }
  }

  /// One more than the greatest first number of a name.
  private static func layerCount(_ names: [String]) -> Int {
    let numbers = names.compactMap { name in
      name.split(separator: ".").lazy.compactMap { Int($0) }.first
    }
    return min(max(numbers.max() ?? 0, 0), 9_999) + 1
  }
}
