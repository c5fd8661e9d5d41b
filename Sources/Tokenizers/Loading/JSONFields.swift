import ApusJSON

/// A part of a tokenizer file with its path, so that every complaint names its field.
struct JSONField {
  let value: JSONValue
  let path: String

  subscript(name: String) -> JSONField? {
    guard let member = value[name], !member.isNull else { return nil }
    return JSONField(value: member, path: "\(path).\(name)")
  }

  var elements: [JSONField] {
    (value.arrayValue ?? []).enumerated().map { JSONField(value: $1, path: "\(path)[\($0)]") }
  }

  func required(_ name: String) throws(TokenizerError) -> JSONField {
    guard let field = self[name] else {
      throw .malformed(field: "\(path).\(name)", expected: "a value", found: "none")
    }
    return field
  }

  func string() throws(TokenizerError) -> String {
    guard let string = value.stringValue else { throw mismatch("a string") }
    return string
  }

  func int32() throws(TokenizerError) -> Int32 {
    guard let int = value.intValue.flatMap({ Int32(exactly: $0) }) else {
      throw mismatch("an integer of 32 bits")
    }
    return int
  }

  func string(_ name: String, default fallback: String) -> String {
    self[name]?.value.stringValue ?? fallback
  }

  func bool(_ name: String, default fallback: Bool) -> Bool {
    self[name]?.value.boolValue ?? fallback
  }

  func int(_ name: String, default fallback: Int) -> Int { self[name]?.value.intValue ?? fallback }

  /// The name in the member `type`.
  func type() throws(TokenizerError) -> String { try required("type").string() }

  func mismatch(_ expected: String) -> TokenizerError {
    .malformed(field: path, expected: expected, found: value.kind)
  }

  func unsupported(_ value: String, _ supported: [String]) -> TokenizerError {
    .unsupported(field: path, value: value, supported: supported)
  }

  /// The steps of a `Sequence`, flattened, or this one alone.
  func steps(_ list: String) throws(TokenizerError) -> [JSONField] {
    guard try type() == "Sequence" else { return [self] }
    var steps: [JSONField] = []
    for element in try required(list).elements { steps += try element.steps(list) }
    return steps
  }

  /// What Metaspace writes for a space: one character, since text is cut before each.
  func metaspaceMarker() throws(TokenizerError) -> [UInt8] {
    let marker = string("replacement", default: "▁")
    guard marker.unicodeScalars.count == 1 else {
      throw .malformed(
        field: "\(path).replacement", expected: "one character", found: "\"\(marker.prefix(20))\"")
    }
    return Array(marker.utf8)
  }

  /// The text of a pattern that is a plain string, `{"String": ..}`; nil for a regular expression.
  var literalPattern: String? { self["pattern"]?["String"]?.value.stringValue }
  var regexPattern: String? { self["pattern"]?["Regex"]?.value.stringValue }
}
