public import ApusJSON

/// A model's configuration under Hugging Face's keys: `config.json`, or GGUF metadata shown under
/// the same keys. Older names of a key find the same value (`n_embd` is `hidden_size`), and null is
/// absent.
///
/// ```swift
/// let hidden: Int = try file["hidden_size"]
/// let headSize = try file["head_dim", default: hidden / heads]
/// let scaling: ConfigFile? = try file[optional: "rope_scaling"]
/// ```
public struct ConfigFile: Sendable, Hashable {
  /// The path, for messages.
  public let file: String
  /// The members as they were read.
  public let object: JSONObject
  /// Where a nested object lies in the whole; empty at the top.
  private let path: String
  /// Notes what is asked for; nil but where families are compared.
  private var probe: ConfigProbe?

  /// A configuration that was read elsewhere.
  ///
  /// - Throws: where a size is out of range or sizes contradict each other.
  public init(_ object: JSONObject, file: String) throws(ConfigError) {
    self.init(part: object, file: file, path: "")
    try checkSizes()
  }

  /// Parses `config.json`.
  public init(parsing text: [UInt8], file: String) throws(ConfigError) {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: text, limits: .smallFile)
    } catch {
      throw ConfigError(
        file: file, key: "the whole file", expected: "a JSON object", found: "\(error)")
    }
    guard let object = value.objectValue else {
      throw ConfigError(
        file: file, key: "the whole file", expected: "a JSON object", found: value.kind)
    }
    try self.init(object, file: file)
  }

  init(part object: JSONObject, file: String, path: String) {
    self.object = object
    self.file = file
    self.path = path
  }

  /// A value that must be there.
  public subscript<Value: ConfigValue>(key: String) -> Value {
    get throws(ConfigError) {
      probe?.require(key)
      guard let value: Value = try self[optional: key] else {
        if let standIn: Value = probe?.standIn(for: key, file: file) { return standIn }
        throw error(
          key, expected: Value.configDescription, found: "nothing",
          nearest: NearestNames.of(key, among: object.keys))
      }
      return value
    }
  }

  /// A value, or `fallback` where it is absent.
  public subscript<Value: ConfigValue>(
    key: String, default fallback: @autoclosure () throws(ConfigError) -> Value
  ) -> Value {
    get throws(ConfigError) {
      if let value: Value = try self[optional: key] { return value }
      return try fallback()
    }
  }

  /// A value, or nil where it is absent.
  public subscript<Value: ConfigValue>(optional key: String) -> Value? {
    get throws(ConfigError) {
      guard let found = value(key) else { return nil }
      guard let value = Value.read(found, key: fullName(key), file: file) else {
        throw error(key, expected: Value.configDescription, found: found.configText)
      }
      return value
    }
  }

  /// The same, answering and noting as a probe says.
  package func probed(by probe: ConfigProbe) -> ConfigFile {
    var result = self
    result.probe = probe
    return result
  }

  /// Whether a key, or another name of it, has a value other than null.
  public func contains(_ key: String) -> Bool { value(key) != nil }

  /// The elements where a key's value is a list, whatever they are.
  func list(_ key: String) -> [JSONValue]? { value(key)?.arrayValue }

  /// Class names of the model, such as `LlamaForCausalLM`; empty for GGUF.
  public var architectures: [String] {
    object["architectures"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  /// `model_type`, or a GGUF file's `general.architecture`: `llama`.
  public var modelType: String? { object["model_type"]?.stringValue }

  /// An error about a key of this file, for checks that only an architecture can make.
  public func error(
    _ key: String, expected: String, found: String, nearest: [String] = []
  ) -> ConfigError {
    ConfigError(
      file: file, key: fullName(key), expected: expected, found: found, nearest: nearest)
  }

  private func fullName(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The member of this name, else that of another name of the key; null counts as absent.
  private func value(_ key: String) -> JSONValue? {
    if let probe, !probe.ask(key) { return Optional<JSONValue>.none }
    if let value = member(key) { return value }
    for name in ConfigAliases.others(of: key) {
      if let value = member(name) { return value }
    }
    return nil
  }

  /// A member, or one of a nested object: `rope_parameters.rope_theta`.
  private func member(_ name: String) -> JSONValue? {
    var found = object[name]
    if found == nil, let dot = name.firstIndex(of: ".") {
      found = object[String(name[..<dot])]?[String(name[name.index(after: dot)...])]
    }
    // Spelled out: a bare nil would be taken for the JSON literal null.
    if let found, !found.isNull { return found }
    return Optional<JSONValue>.none
  }
}

extension JSONLimits {
  /// What configurations and indices of weights need: a million values make at most some 50 MB.
  static var smallFile: JSONLimits {
    var limits = JSONLimits()
    limits.values = 1 << 20
    return limits
  }
}

extension JSONValue {
  /// The value, shortened, for messages.
  fileprivate var configText: String {
    switch self {
    case .string(let text): "the string \"\(text.prefix(40))\""
    case .number(let number): number.text
    case .bool(let value): "\(value)"
    default: kind
    }
  }
}
