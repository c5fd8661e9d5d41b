/// A value of a model's configuration that is missing, of another type or out of range.
public struct ConfigError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The path of the configuration, or of the GGUF file whose metadata stands for it.
  public var file: String
  /// The key under its Hugging Face name; members of nested objects follow a dot.
  public var key: String
  public var expected: String
  public var found: String
  /// Keys that exist and resemble it, nearest first.
  public var nearest: [String]

  public init(
    file: String, key: String, expected: String, found: String, nearest: [String] = []
  ) {
    self.file = file
    self.key = key
    self.expected = expected
    self.found = found
    self.nearest = nearest
  }

  public var description: String {
    let text = "\(file): \(key): expected \(expected), found \(found)"
    return nearest.isEmpty ? text : "\(text); nearest keys: \(nearest.joined(separator: ", "))"
  }
}

extension CheckpointError {
  /// The same complaint as one about the checkpoint.
  public init(_ error: ConfigError) {
    self.init(
      file: error.file, .field(error.key), expected: error.expected, found: error.found,
      nearest: error.nearest)
  }
}
