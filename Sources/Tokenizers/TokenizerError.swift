/// Why a tokenizer could not be made. One error names the place, what was expected and what was
/// found.
public enum TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A file is absent, unreadable or no JSON.
  case unreadable(path: String, reason: String)
  /// A field has the wrong shape.
  case malformed(field: String, expected: String, found: String)
  /// A field asks for something that this tokenizer does not do.
  case unsupported(field: String, value: String, supported: [String])

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .malformed(let field, let expected, let found):
      "tokenizer: \(field): expected \(expected), found \(found)"
    case .unsupported(let field, let value, let supported):
      "tokenizer: \(field): \(value) is not supported"
        + (supported.isEmpty ? "" : "; supported: \(supported.joined(separator: ", "))")
    }
  }
}
