/// Parses a template: the tokens and the limits; statements and expressions are in extensions.
///
/// - Source: jinja2 3.1, `parser.py`, for the grammar.
struct TemplateParser {
  private var tokens: [TemplateToken]
  private var at = 0
  /// Nesting of expressions and statements at this place.
  private var depth = 0
  /// Levels below the expression that was parsed last.
  private(set) var height = 0
  /// `for` around this place, up to the next macro: where `break` and `continue` may stand.
  var loopDepth = 0
  var blockNames: Set<String> = []

  /// Deep enough for anything that a person writes, and far from the end of a thread's stack.
  static let depthLimit = 100
  /// Members, filters and conditions in a row make an expression higher, not deeper.
  static let heightLimit = 250

  static func parse(_ source: String) throws(TemplateError) -> [TemplateStatement] {
    var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source))
    return try parser.statements(until: [])
  }

  private init(tokens: [TemplateToken]) { self.tokens = tokens }

  // MARK: Tokens

  var token: TemplateToken { tokens[at] }
  var next: TemplateToken { tokens[min(at + 1, tokens.count - 1)] }
  var line: Int { tokens[at].line }

  func isName(_ name: String) -> Bool { token.kind == .name(name) }
  func isSymbol(_ symbol: String) -> Bool { token.kind == .symbol(symbol) }

  mutating func advance() { if at + 1 < tokens.count { at += 1 } }

  mutating func skipName(_ name: String) -> Bool {
    guard isName(name) else { return false }
    advance()
    return true
  }

  mutating func skipSymbol(_ symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func expect(_ symbol: String) throws(TemplateError) {
    guard skipSymbol(symbol) else {
      throw fail("expected '\(symbol)', found \(token.description)")
    }
  }

  mutating func expectWord(_ name: String) throws(TemplateError) {
    guard skipName(name) else { throw fail("expected '\(name)', found \(token.description)") }
  }

  mutating func expectName() throws(TemplateError) -> String {
    guard case .name(let name) = token.kind else {
      throw fail("expected a name, found \(token.description)")
    }
    advance()
    return name
  }

  func fail(_ message: String, line: Int? = nil) -> TemplateError {
    TemplateError(.syntax, message, line: line ?? self.line)
  }

  // MARK: Limits

  mutating func descend() throws(TemplateError) {
    depth += 1
    guard depth <= TemplateParser.depthLimit else {
      throw TemplateError(
        .limit, "nested more than \(TemplateParser.depthLimit) deep", line: line)
    }
  }

  mutating func ascend() { depth -= 1 }

  /// Sets the height of the expression that was just parsed.
  mutating func rise(to height: Int) throws(TemplateError) {
    self.height = height
    guard height <= TemplateParser.heightLimit else {
      throw TemplateError(
        .limit, "an expression with more than \(TemplateParser.heightLimit) operations in a row",
        line: line)
    }
  }
}
