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
    forEachMatch(of: &matcher, in: text, range, body)
  }

  private func forEachMatch(
    of matcher: inout RegexMatcher, in text: [UInt8], _ range: Range<Int>,
    _ body: (Range<Int>) -> Void
  ) {
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

  /// All matches in a text, with what finding them cost.
  fileprivate func search(_ text: [UInt8], memoryLimit: Int) -> RegexSearch {
    let range = 0..<text.count
    var matcher = RegexMatcher(program, text: text, range: range, memoryLimit: memoryLimit)
    var matches: [Range<Int>] = []
    forEachMatch(of: &matcher, in: text, range) { matches.append($0) }
    return RegexSearch(
      matches: matches, steps: matcher.steps, memoryBytes: matcher.memory.byteCount,
      instructions: program.instructions.count, hasGivenUp: matcher.hasGivenUp)
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

/// What a pattern finds in a text and what that costs, to hold the limits against it.
package struct RegexSearch {
  /// In bytes of the text.
  package let matches: [Range<Int>]
  /// Instructions that were run.
  package let steps: Int
  /// What was remembered at the end.
  package let memoryBytes: Int
  /// In the program.
  package let instructions: Int
  /// Whether it took more steps than it may.
  package let hasGivenUp: Bool

  /// Searches with the dialect of `tokenizer.json`.
  package static func run(
    _ pattern: String, in text: String, memoryLimit: Int = RegexMemory.limit
  ) throws -> RegexSearch {
    try RegexPattern(pattern, dialect: .oniguruma).search(
      Array(text.utf8), memoryLimit: memoryLimit)
  }
}
