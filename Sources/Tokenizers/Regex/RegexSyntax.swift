/// Whose regular expressions a pattern is written in. They differ in anchors and word characters.
enum RegexDialect: Sendable, Hashable {
  /// Ruby's, as `tokenizers` uses it: `^` and `$` are ends of lines, `(?m)` lets `.` match them.
  case oniguruma
  /// Rust's, as tiktoken uses it: `^` and `$` are the ends of the text.
  case rust
}

/// A regular expression as a tree.
indirect enum RegexNode: Sendable, Hashable {
  enum Greed: Sendable, Hashable {
    case greedy
    case lazy
    /// Never gives back what it took.
    case possessive
  }

  enum Anchor: Sendable, Hashable {
    case textStart
    case textEnd
    /// The end, or before a line break that ends the text.
    case lastLineEnd
    case lineStart
    case lineEnd
    case wordBoundary
    case insideWord
  }

  case sequence([RegexNode])
  case alternatives([RegexNode])
  /// One scalar.
  case set(ScalarSet)
  case loop(RegexNode, minimum: Int, maximum: Int?, greed: Greed)
  case look(RegexNode, ahead: Bool, isNegated: Bool)
  case atomic(RegexNode)
  case anchor(Anchor)

  /// How many scalars a match has.
  var length: (minimum: Int, maximum: Int?) {
    switch self {
    case .sequence(let nodes):
      return nodes.reduce((0, 0)) { sum, node in
        let next = node.length
        return (sum.0 + next.minimum, sum.1.flatMap { a in next.maximum.map { a + $0 } })
      }
    case .alternatives(let nodes):
      let lengths = nodes.map(\.length)
      let isBounded = lengths.allSatisfy { $0.maximum != nil }
      return (
        lengths.map(\.minimum).min() ?? 0,
        isBounded ? lengths.compactMap(\.maximum).max() ?? 0 : nil
      )
    case .set: return (1, 1)
    case .loop(let body, let minimum, let maximum, _):
      let one = body.length
      if one.maximum == 0 { return (0, 0) }
      return (
        one.minimum * minimum, one.maximum.flatMap { a in maximum.map { a * $0 } }
      )
    case .look, .anchor: return (0, 0)
    case .atomic(let body): return body.length
    }
  }

  /// In how many ways a match may come about, up to `RegexNode.mostWays`: what a matcher that
  /// remembers nothing may have to try.
  var ways: Int {
    let most = RegexNode.mostWays
    switch self {
    case .sequence(let nodes): return nodes.reduce(1) { min($0 * $1.ways, most) }
    case .alternatives(let nodes): return nodes.reduce(0) { min($0 + $1.ways, most) }
    case .loop(let body, let minimum, let maximum, _):
      let once = max(body.ways, 1)
      var sum = 0
      var power = 1
      for count in 0...(maximum ?? minimum) {
        if count >= minimum { sum = min(sum + power, most) }
        power = min(power * once, most)
      }
      return sum
    case .look(let body, _, _), .atomic(let body): return body.ways
    case .set, .anchor: return 1
    }
  }

  static let mostWays = 1 << 20

  /// The scalars that a match can begin with; nil where it may be empty or is not known.
  var firstScalars: ScalarSet? {
    switch self {
    case .sequence(let nodes):
      for (index, node) in nodes.enumerated() {
        if let first = node.firstScalars { return first }
        switch node {
        case .look, .anchor: continue
        case .loop(let body, _, _, _):
          // May be skipped: what follows counts too.
          let rest = RegexNode.sequence(Array(nodes[(index + 1)...]))
          guard var first = body.firstScalars, let more = rest.firstScalars else { return nil }
          first.formUnion(more)
          return first
        default: return nil
        }
      }
      return nil
    case .alternatives(let nodes):
      var union = ScalarSet()
      for node in nodes {
        guard let first = node.firstScalars else { return nil }
        union.formUnion(first)
      }
      return union
    case .set(let set): return set
    case .loop(let body, let minimum, _, _): return minimum > 0 ? body.firstScalars : nil
    case .look, .anchor: return nil
    case .atomic(let body): return body.firstScalars
    }
  }
}

/// Why a pattern cannot be used.
struct RegexError: Error, Sendable, Hashable, CustomStringConvertible {
  let message: String
  /// In Unicode scalars from the pattern's beginning.
  let position: Int

  var description: String { "at \(position): \(message)" }
}
