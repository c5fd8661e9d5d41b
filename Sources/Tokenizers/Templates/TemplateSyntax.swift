/// A name of a template, as a number.
typealias TemplateSymbol = Int

indirect enum TemplateExpression: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(MarkedString)
  case name(TemplateSymbol, line: Int)
  case list([TemplateExpression])
  case tuple([TemplateExpression])
  case dict([(key: TemplateExpression, value: TemplateExpression)])
  case attribute(TemplateExpression, String, line: Int)
  case item(TemplateExpression, TemplateExpression, line: Int)
  case slice(TemplateExpression, TemplateSlice, line: Int)
  case call(TemplateExpression, TemplateArguments, line: Int)
  case filter(TemplateExpression, TemplateFilterCall)
  case test(TemplateExpression, String, TemplateArguments, isNegated: Bool, line: Int)
  case not(TemplateExpression)
  case negative(TemplateExpression, line: Int)
  case positive(TemplateExpression, line: Int)
  case binary(TemplateOperator, TemplateExpression, TemplateExpression, line: Int)
  case compare(TemplateExpression, [TemplateComparison], line: Int)
  case and(TemplateExpression, TemplateExpression)
  case or(TemplateExpression, TemplateExpression)
  case conditional(TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
  case concatenation([TemplateExpression])
}

enum TemplateOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case power = "**"
}

struct TemplateComparison: Sendable {
  enum Kind: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
  }

  let kind: Kind
  let operand: TemplateExpression
}

struct TemplateSlice: Sendable {
  var start: TemplateExpression?
  var stop: TemplateExpression?
  var step: TemplateExpression?
}

struct TemplateArguments: Sendable {
  var positional: [TemplateExpression] = []
  var keywords: [(name: String, value: TemplateExpression)] = []
  /// `*values`
  var spread: TemplateExpression?
  /// `**values`
  var spreadKeywords: TemplateExpression?
}

struct TemplateFilterCall: Sendable {
  let name: String
  let arguments: TemplateArguments
  let line: Int
}

/// What a value is assigned to.
indirect enum TemplateTarget: Sendable {
  case name(TemplateSymbol)
  case tuple([TemplateTarget])
  /// `namespace.name`
  case attribute(TemplateSymbol, String, line: Int)
}

indirect enum TemplateStatement: Sendable {
  case text(MarkedString)
  case output(TemplateExpression)
  case conditional([TemplateBranch], otherwise: [TemplateStatement])
  case loop(TemplateLoop)
  case set(TemplateTarget, TemplateExpression, line: Int)
  case setBlock(TemplateTarget, [TemplateFilterCall], [TemplateStatement], line: Int)
  case macro(TemplateMacroDefinition)
  case callBlock(TemplateExpression, TemplateArguments, TemplateMacroDefinition, line: Int)
  case filterBlock([TemplateFilterCall], [TemplateStatement])
  case with([(target: TemplateTarget, value: TemplateExpression)], [TemplateStatement], line: Int)
  /// Statements with names of their own: `generation`, `block`.
  case scope([TemplateStatement])
  case breakLoop
  case continueLoop
}

struct TemplateBranch: Sendable {
  let condition: TemplateExpression
  let body: [TemplateStatement]
}

struct TemplateLoop: Sendable {
  let target: TemplateTarget
  let sequence: TemplateExpression
  let condition: TemplateExpression?
  let isRecursive: Bool
  let body: [TemplateStatement]
  let otherwise: [TemplateStatement]
  let line: Int
}

struct TemplateMacroDefinition: Sendable {
  let name: String
  let symbol: TemplateSymbol
  let parameters: [(symbol: TemplateSymbol, name: String, value: TemplateExpression?)]
  let body: [TemplateStatement]
  /// Which of `varargs`, `kwargs` and `caller` its body mentions: only those it takes.
  let takes: Set<String>
  let line: Int
}

/// A template after parsing: immutable, rendered any number of times.
struct TemplateProgram: Sendable {
  let body: [TemplateStatement]
  /// Names by symbol.
  let names: [String]
}
