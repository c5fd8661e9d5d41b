public import ApusJSON

/// A type that a configuration value can be read as.
public protocol ConfigValue: Sendable {
  /// What is expected, for messages: "a whole number".
  static var configDescription: String { get }
  /// The value, or nil where this JSON is not of this type. `key` and `file` are for nested
  /// objects.
  static func read(_ value: JSONValue, key: String, file: String) -> Self?
}

extension Int: ConfigValue {
  public static var configDescription: String { "a whole number" }
  public static func read(_ value: JSONValue, key: String, file: String) -> Int? { value.intValue }
}

extension Double: ConfigValue {
  public static var configDescription: String { "a number" }
  public static func read(_ value: JSONValue, key: String, file: String) -> Double? {
    value.doubleValue.flatMap { $0.isFinite ? $0 : nil }
  }
}

extension Float: ConfigValue {
  public static var configDescription: String { "a number" }
  public static func read(_ value: JSONValue, key: String, file: String) -> Float? {
    value.doubleValue.map(Float.init).flatMap { $0.isFinite ? $0 : nil }
  }
}

extension Bool: ConfigValue {
  public static var configDescription: String { "true or false" }
  public static func read(_ value: JSONValue, key: String, file: String) -> Bool? {
    value.boolValue
  }
}

extension String: ConfigValue {
  public static var configDescription: String { "a string" }
  public static func read(_ value: JSONValue, key: String, file: String) -> String? {
    value.stringValue
  }
}

extension Array: ConfigValue where Element: ConfigValue {
  public static var configDescription: String {
    "a list, each element \(Element.configDescription)"
  }
  public static func read(_ value: JSONValue, key: String, file: String) -> [Element]? {
    guard let elements = value.arrayValue else { return nil }
    var result: [Element] = []
    for element in elements {
      guard let value = Element.read(element, key: key, file: file) else { return nil }
      result.append(value)
    }
    return result
  }
}

extension JSONValue: ConfigValue {
  public static var configDescription: String { "a value" }
  public static func read(_ value: JSONValue, key: String, file: String) -> JSONValue? { value }
}

extension ConfigFile: ConfigValue {
  public static var configDescription: String { "an object" }
  public static func read(_ value: JSONValue, key: String, file: String) -> ConfigFile? {
    value.objectValue.map { ConfigFile(part: $0, file: file, path: key) }
  }
}
