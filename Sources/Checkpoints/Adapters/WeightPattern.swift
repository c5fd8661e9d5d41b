/// A dotted name with wildcards: `*` stands for any one part, `#` for a number, as in
/// `layers.*.experts.#.up_proj.weight`.
struct WeightPattern {
  private enum Part: Equatable {
    case exactly(Substring)
    case any, number
  }

  private let parts: [Part]

  init(_ text: String) {
    parts = text.split(separator: ".", omittingEmptySubsequences: false).map {
      $0 == "*" ? .any : $0 == "#" ? .number : .exactly($0)
    }
  }

  /// What the wildcards stand for.
  struct Match {
    /// Of each `*`, in order.
    var captures: [Substring] = []
    /// Of the `#`.
    var number: Int?
  }

  /// What the wildcards stand for in a name that was split at its dots, or nil where it does not
  /// match.
  func match(_ name: [Substring]) -> Match? {
    guard name.count == parts.count else { return nil }
    var result = Match()
    for (part, text) in zip(parts, name) {
      switch part {
      case .exactly(let wanted): if wanted != text { return nil }
      case .any: result.captures.append(text)
      case .number:
        guard let number = Int(text), number >= 0 else { return nil }
        result.number = number
      }
    }
    return result
  }

  func match(_ name: String) -> Match? { match(Self.parts(of: name)) }

  static func parts(of name: String) -> [Substring] {
    name.split(separator: ".", omittingEmptySubsequences: false)
  }

  /// This pattern with its `*` replaced in order.
  ///
  /// - Precondition: there are as many captures as `*`.
  func filled(with match: Match) -> String {
    var captures = match.captures[...]
    let texts = parts.map { part -> Substring in
      switch part {
      case .exactly(let text): return text
      case .any:
        guard let next = captures.popFirst() else {
          preconditionFailure("a weight rule's result has more * than its pattern")
        }
        return next
      case .number: return match.number.map { Substring("\($0)") } ?? "#"
      }
    }
    return texts.joined(separator: ".")
  }
}
