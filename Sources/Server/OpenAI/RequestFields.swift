import ApusJSON

/// The members of a request body, read one by one: every field is implemented, accepted at the
/// value that changes nothing, or refused by name. `null` counts as absent.
struct RequestFields {
  let members: JSONObject
  private(set) var read: Set<String> = []

  /// - Throws: where the body is no JSON object.
  init(body: [UInt8]) throws(RequestError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: body)
    } catch {
      throw RequestError(message: "the body is no JSON document: \(error)", code: "invalid_json")
    }
    guard case .object(let members) = value else {
      throw RequestError(
        message: "the body must be a JSON object, found \(value.kind)", code: "invalid_json")
    }
    self.members = members
  }

  /// The value of a field, nil where it is absent or null.
  mutating func value(_ name: String) -> JSONValue? {
    read.insert(name)
    guard let value = members[name], !value.isNull else { return nil }
    return value
  }

  mutating func bool(_ name: String) throws(RequestError) -> Bool? {
    guard let value = value(name) else { return nil }
    guard let bool = value.boolValue else {
      throw .field(name, "expected true or false, found \(value.kind)")
    }
    return bool
  }

  mutating func string(_ name: String) throws(RequestError) -> String? {
    guard let value = value(name) else { return nil }
    guard let string = value.stringValue else {
      throw .field(name, "expected a string, found \(value.kind)")
    }
    return string
  }

  mutating func integer(
    _ name: String, in range: ClosedRange<Int>
  ) throws(RequestError) -> Int? {
    guard let value = value(name) else { return nil }
    guard let integer = value.intValue, range.contains(integer) else {
      throw .field(
        name,
        "expected an integer from \(range.lowerBound) to \(range.upperBound), found "
          + Self.shown(value))
    }
    return integer
  }

  mutating func number(
    _ name: String, in range: ClosedRange<Double>
  ) throws(RequestError) -> Float? {
    guard let value = value(name) else { return nil }
    guard let number = value.doubleValue, range.contains(number) else {
      throw .field(
        name,
        "expected a number from \(range.lowerBound) to \(range.upperBound), found "
          + Self.shown(value))
    }
    return Float(number)
  }

  /// A field that is understood, and accepted only where it changes nothing.
  mutating func neutral(
    _ name: String, _ expectation: String, _ isNeutral: (JSONValue) -> Bool
  ) throws(RequestError) {
    guard let value = value(name) else { return }
    if !isNeutral(value) {
      throw .field(
        name, "not supported: only \(expectation) is accepted, found \(Self.shown(value))",
        code: "unsupported_parameter")
    }
  }

  /// Fields that only say who asks and why.
  mutating func ignored(_ names: [String]) {
    for name in names { read.insert(name) }
  }

  /// - Throws: where a field was given that nobody read.
  func finish(allowingExtra: Bool) throws(RequestError) {
    if allowingExtra { return }
    if let unknown = members.keys.first(where: { !read.contains($0) }) {
      throw .field(
        unknown, "unknown field; the server ignores unknown fields under --allow-extra-fields",
        code: "unknown_parameter")
    }
  }

  /// A value for a message, short.
  static func shown(_ value: JSONValue) -> String {
    let text = value.serialized()
    return text.count <= 60 ? text : value.kind
  }
}
