/// Reads a regular expression: the part of Oniguruma's and Rust's syntax without memory.
///
/// - Source: Oniguruma, `doc/RE`; the crates `regex-syntax` and `fancy-regex`.
struct RegexParser {
  /// Flags that a group may set.
  struct Flags {
    var ignoresCase = false
    var dotMatchesAll = false
    var hasLineAnchors = false
    var isExtended = false
  }

  let scalars: [UInt32]
  let dialect: RegexDialect
  var at = 0
  var flags = Flags()
  var depth = 0

  static let depthLimit = 64
  static let repeatLimit = 1000
  static let lookBehindLimit = 1 << 14

  init(_ pattern: String, dialect: RegexDialect) {
    scalars = pattern.unicodeScalars.map(\.value)
    self.dialect = dialect
    flags.hasLineAnchors = dialect == .oniguruma
  }

  mutating func parse() throws(RegexError) -> RegexNode {
    let node = try alternatives()
    guard at == scalars.count else { throw error("a closing parenthesis too many") }
    return node
  }

  func error(_ message: String) -> RegexError { RegexError(message: message, position: at) }

  func peek(_ character: Unicode.Scalar, ahead: Int = 0) -> Bool {
    at + ahead < scalars.count && scalars[at + ahead] == character.value
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek(character) else { return false }
    at += 1
    return true
  }

  mutating func take(_ text: String) -> Bool {
    let wanted = text.unicodeScalars.map(\.value)
    guard at + wanted.count <= scalars.count,
      scalars[at..<at + wanted.count].elementsEqual(wanted)
    else { return false }
    at += wanted.count
    return true
  }

  mutating func next() throws(RegexError) -> UInt32 {
    guard at < scalars.count else { throw error("the pattern ends too early") }
    at += 1
    return scalars[at - 1]
  }

  private mutating func alternatives() throws(RegexError) -> RegexNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= RegexParser.depthLimit else { throw error("groups nested too deeply") }
    let outer = flags
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    // A flag that is set in a group ends with it.
    flags = outer
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func sequence() throws(RegexError) -> RegexNode {
    var nodes: [RegexNode] = []
    while at < scalars.count, !peek("|"), !peek(")") {
      if flags.isExtended, skipComment() { continue }
      guard let node = try atom() else { continue }
      nodes.append(try quantified(node))
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func skipComment() -> Bool {
    if take("#") {
      while at < scalars.count, scalars[at] != 0x0A { at += 1 }
      return true
    }
    guard at < scalars.count, [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D].contains(scalars[at]) else {
      return false
    }
    at += 1
    return true
  }

  private mutating func atom() throws(RegexError) -> RegexNode? {
    switch Unicode.Scalar(try next()) {
    case "(": return try group()
    case "[": return .set(try characterClass())
    case ".": return .set(flags.dotMatchesAll ? .all : RegexSets.notLineBreak)
    case "^": return .anchor(flags.hasLineAnchors ? .lineStart : .textStart)
    case "$": return .anchor(flags.hasLineAnchors ? .lineEnd : .textEnd)
    case "\\": return try escape()
    case "*", "+", "?":
      at -= 1
      throw error("nothing to repeat")
    default: return literal(scalars[at - 1])
    }
  }

  func literal(_ scalar: UInt32) -> RegexNode {
    if flags.ignoresCase, let group = UnicodeTables.caseGroup[scalar] {
      return .set(ScalarSet(group))
    }
    return .set(ScalarSet([scalar]))
  }

  private mutating func group() throws(RegexError) -> RegexNode? {
    guard take("?") else { return try closed(alternatives()) }
    if take("#") {
      while at < scalars.count, !peek(")") { at += 1 }
      _ = try closed(.sequence([]))
      return nil
    }
    if take(":") { return try closed(alternatives()) }
    if take(">") { return .atomic(try closed(alternatives())) }
    if take("=") { return .look(try closed(alternatives()), ahead: true, isNegated: false) }
    if take("!") { return .look(try closed(alternatives()), ahead: true, isNegated: true) }
    if take("<=") { return try lookBehind(isNegated: false) }
    if take("<!") { return try lookBehind(isNegated: true) }
    if take("<") || take("P<") || take("'") {
      while at < scalars.count, !peek(">"), !peek("'") { at += 1 }
      _ = try next()
      return try closed(alternatives())
    }
    return try flagGroup()
  }

  private mutating func lookBehind(isNegated: Bool) throws(RegexError) -> RegexNode {
    let body = try closed(alternatives())
    guard let longest = body.length.maximum, longest <= 255 else {
      throw error("a look-behind of unlimited length is not supported")
    }
    // Inside one nothing is remembered, so that all ways may be tried, and that at every place.
    guard body.ways * (longest + 1) <= RegexParser.lookBehindLimit else {
      throw error("a look-behind with so many ways to match is not supported")
    }
    return .look(body, ahead: false, isNegated: isNegated)
  }

  /// `(?i)` until the group's end, or `(?i:...)`.
  private mutating func flagGroup() throws(RegexError) -> RegexNode? {
    let outer = flags
    var isOn = true
    while true {
      switch Unicode.Scalar(try next()) {
      case "-": isOn = false
      case "i": flags.ignoresCase = isOn
      case "s": flags.dotMatchesAll = isOn
      case "m":
        if dialect == .oniguruma {
          flags.dotMatchesAll = isOn
        } else {
          flags.hasLineAnchors = isOn
        }
      case "x": flags.isExtended = isOn
      case "u": break
      case ")": return nil
      case ":":
        let body = try closed(alternatives())
        flags = outer
        return body
      default:
        at -= 1
        throw error("this kind of group is not supported")
      }
    }
  }

  private mutating func closed(_ node: RegexNode) throws(RegexError) -> RegexNode {
    guard take(")") else { throw error("a closing parenthesis is missing") }
    return node
  }
}

extension RegexParser {
  private mutating func quantified(_ node: RegexNode) throws(RegexError) -> RegexNode {
    var result = node
    while true {
      if flags.isExtended, at < scalars.count, scalars[at] == 0x20 { break }
      let minimum: Int
      let maximum: Int?
      var isInterval = false
      if take("*") {
        (minimum, maximum) = (0, nil)
      } else if take("+") {
        (minimum, maximum) = (1, nil)
      } else if take("?") {
        (minimum, maximum) = (0, 1)
      } else if peek("{"), let interval = try interval() {
        (minimum, maximum) = interval
        isInterval = true
      } else {
        break
      }
      result = .loop(
        result, minimum: minimum, maximum: maximum,
        greed: greed(isInterval: isInterval, isExact: minimum == maximum))
    }
    return result
  }

  private mutating func greed(isInterval: Bool, isExact: Bool) -> RegexNode.Greed {
    if dialect == .oniguruma, isInterval {
      // Ruby reads `{n,m}+` as a repetition of the repetition, and `{n}?` as an optional one.
      return !isExact && take("?") ? .lazy : .greedy
    }
    return take("?") ? .lazy : take("+") ? .possessive : .greedy
  }

  /// `{n}`, `{n,}`, `{n,m}` or Ruby's `{,m}`; nil where the brace is an ordinary character.
  private mutating func interval() throws(RegexError) -> (Int, Int?)? {
    let start = at
    at += 1
    let low = digits()
    var high = low
    if take(",") { high = digits() }
    let isRange = at > start + 1 && scalars[at - 1] == 0x2C
    guard take("}"), low != nil || (high != nil && dialect == .oniguruma) else {
      at = start
      return nil
    }
    let minimum = low ?? 0
    let maximum = isRange ? nil : high
    guard minimum <= RegexParser.repeatLimit, maximum ?? 0 <= RegexParser.repeatLimit,
      maximum ?? minimum >= minimum
    else { throw error("a repetition of more than \(RegexParser.repeatLimit) is not supported") }
    return (minimum, maximum)
  }

  private mutating func digits() -> Int? {
    var value: Int?
    while at < scalars.count, (0x30...0x39).contains(scalars[at]) {
      value = min((value ?? 0) * 10 + Int(scalars[at] - 0x30), 1 << 20)
      at += 1
    }
    return value
  }
}
