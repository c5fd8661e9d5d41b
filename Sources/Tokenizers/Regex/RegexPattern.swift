/// A regular expression that is ready to search.
struct RegexPattern: Sendable {
  /// As the file spells it.
  let text: String
  let dialect: RegexDialect
  /// The least number of scalars that a match has.
  let shortestMatch: Int
  private let program: RegexProgram

  /// - Throws: `RegexError` that says where the pattern cannot be read or what of it is not
  ///   supported.
  init(_ text: String, dialect: RegexDialect) throws(RegexError) {
    self.text = text
    self.dialect = dialect
    var parser = RegexParser(text, dialect: dialect)
    let root = try parser.parse()
    shortestMatch = root.length.minimum
    program = try RegexProgram(root, dialect: dialect)
  }

  /// A pattern that matches this text only.
  init(literal: String) {
    text = literal
    dialect = .rust
    let nodes = literal.unicodeScalars.map { RegexNode.set(ScalarSet([$0.value])) }
    shortestMatch = nodes.count
    program = RegexProgram(literal: nodes)
  }

  /// Calls `body` with every match in `text[range]`, from left to right and without overlap.
  ///
  /// An empty match right behind another one does not count.
  func forEachMatch(in text: [UInt8], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    guard !range.isEmpty else { return }
    var matcher = RegexMatcher(program, text: text, range: range)
    var at = range.lowerBound
    var lastEnd: Int?
    while at <= range.upperBound, let match = matcher.firstMatch(from: at) {
      if match.isEmpty, match.lowerBound == lastEnd {
        guard match.upperBound < range.upperBound else { return }
        at = match.upperBound + UTF8Text.length(lead: text[match.upperBound])
        continue
      }
      body(match)
      lastEnd = match.upperBound
      at = match.upperBound
    }
  }

  func matches(in text: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    var result: [Range<Int>] = []
    forEachMatch(in: text, range) { result.append($0) }
    return result
  }
}

extension RegexPattern: Hashable {
  static func == (a: RegexPattern, b: RegexPattern) -> Bool {
    a.text == b.text && a.dialect == b.dialect
  }

  func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
