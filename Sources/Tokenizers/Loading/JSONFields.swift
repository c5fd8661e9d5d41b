import ApusJSON

/// A part of a tokenizer file with its path, so that every complaint names its field.
struct JSONField {
  let value: JSONValue
  let path: String

  /// What a `pattern` is.
  enum Pattern {
    case literal([UInt8])
    case regex(RegexPattern)
  }

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

  func bytes(_ name: String, default fallback: String) -> [UInt8] {
    Array(string(name, default: fallback).utf8)
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
    try character("replacement", default: "▁")
  }

  /// The bytes of a member that is a single character.
  func character(_ name: String, default fallback: String) throws(TokenizerError) -> [UInt8] {
    let text = string(name, default: fallback)
    guard text.unicodeScalars.count == 1 else {
      throw .malformed(
        field: "\(path).\(name)", expected: "one character", found: "\"\(text.prefix(20))\"")
    }
    return Array(text.utf8)
  }

  /// A count that is not negative.
  func count(_ name: String, default fallback: Int = 0) throws(TokenizerError) -> Int {
    let count = int(name, default: fallback)
    guard count >= 0 else {
      throw .malformed(field: "\(path).\(name)", expected: "0 or more", found: "\(count)")
    }
    return count
  }

  /// A number of tokens to fill up to, if one is given: every text would be as long as the file
  /// says.
  func paddedLength(_ name: String) throws(TokenizerError) -> Int? {
    guard let length = self[name]?.value.intValue else { return nil }
    guard (0...16_777_216).contains(length) else {
      throw .malformed(field: "\(path).\(name)", expected: "0 to 16777216", found: "\(length)")
    }
    return length
  }

  /// The member `pattern`: `{"String": ..}`, `{"Regex": ..}`.
  func pattern() throws(TokenizerError) -> Pattern {
    let field = try required("pattern")
    if let text = field["String"]?.value.stringValue, !text.isEmpty {
      return .literal(Array(text.utf8))
    }
    // An empty string occurs everywhere, as an empty expression does.
    guard let text = (field["Regex"] ?? field["String"])?.value.stringValue else {
      throw field.mismatch("a String or a Regex")
    }
    do {
      return .regex(try RegexPattern(text, dialect: .oniguruma))
    } catch {
      throw .unsupported(field: field.path, value: "the pattern \(text) (\(error))", supported: [])
    }
  }

  func splitBehavior(
    default fallback: SplitBehavior?
  ) throws(TokenizerError) -> SplitBehavior {
    guard let field = self["behavior"] else {
      guard let fallback else { return try required("behavior").mismatchedBehavior() }
      return fallback
    }
    guard let behavior = SplitBehavior(rawValue: try field.string()) else {
      return try field.mismatchedBehavior()
    }
    return behavior
  }

  private func mismatchedBehavior() throws(TokenizerError) -> SplitBehavior {
    throw unsupported(value.stringValue ?? value.kind, SplitBehavior.allCases.map(\.rawValue))
  }

  /// Where Metaspace puts its marker, in either of the two ways that files say it.
  func metaspaceScheme() throws(TokenizerError) -> PreTokenizer.MetaspacePrefix {
    let prefixes = bool("add_prefix_space", default: true)
    let scheme = string("prepend_scheme", default: prefixes ? "always" : "never")
    switch scheme {
    case "always": return .always
    case "first": return .first
    case "never": return .never
    default: throw unsupported("prepend_scheme \(scheme)", ["always", "first", "never"])
    }
  }
}
