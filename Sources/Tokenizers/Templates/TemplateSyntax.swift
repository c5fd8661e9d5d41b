/// An expression as it was written. Chains of operators of one strength are flat, so that a long
/// sum makes no deep tree.
indirect enum TemplateExpression: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case big(BigInteger)
  case double(Double)
  case string([UInt8])
  case name(String, line: Int)
  case list([TemplateExpression])
  case tuple([TemplateExpression])
  case dict([TemplatePair], line: Int)
  case attribute(TemplateExpression, String, line: Int)
  case item(TemplateExpression, TemplateExpression, line: Int)
  case slice(TemplateExpression, TemplateSlice, line: Int)
  case call(TemplateExpression, TemplateArguments, line: Int)
  case filter(TemplateExpression, TemplateFilterCall)
  case test(TemplateExpression, TemplateFilterCall)
  case not(TemplateExpression)
  case sign(TemplateExpression, isNegative: Bool, line: Int)
  /// From left to right.
  case arithmetic(TemplateExpression, [TemplateOperation])
  case compare(TemplateExpression, [TemplateComparison], line: Int)
  case and([TemplateExpression])
  case or([TemplateExpression])
  case conditional(
    TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
  case concatenation([TemplateExpression], line: Int)
}

extension TemplateExpression {
  /// The expressions right inside.
  var parts: [TemplateExpression] {
    switch self {
    case .none, .bool, .int, .big, .double, .string, .name: []
    case .list(let elements), .tuple(let elements), .and(let elements), .or(let elements),
      .concatenation(let elements, _):
      elements
    case .dict(let members, _): members.flatMap { [$0.key, $0.value] }
    case .attribute(let object, _, _), .not(let object), .sign(let object, _, _): [object]
    case .item(let object, let index, _): [object, index]
    case .slice(let object, let slice, _): [object] + slice.parts
    case .call(let callee, let arguments, _): [callee] + arguments.expressions
    case .filter(let operand, let call), .test(let operand, let call):
      [operand] + call.arguments.expressions
    case .arithmetic(let first, let operations): [first] + operations.map(\.operand)
    case .compare(let first, let comparisons, _): [first] + comparisons.map(\.operand)
    case .conditional(let condition, let value, let otherwise):
      [condition, value] + [otherwise].compactMap { $0 }
    }
  }
}

struct TemplatePair: Sendable {
  let key: TemplateExpression
  let value: TemplateExpression
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

struct TemplateOperation: Sendable {
  let kind: TemplateOperator
  let operand: TemplateExpression
  let line: Int
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

  var parts: [TemplateExpression] { [start, stop, step].compactMap { $0 } }
}

struct TemplateArguments: Sendable {
  var positional: [TemplateExpression] = []
  var keywords: [(name: String, value: TemplateExpression)] = []
  /// `*values`
  var spread: TemplateExpression?
  /// `**values`
  var spreadKeywords: TemplateExpression?

  var expressions: [TemplateExpression] {
    positional + keywords.map(\.value) + [spread, spreadKeywords].compactMap { $0 }
  }
}

/// A filter or a test with its arguments.
struct TemplateFilterCall: Sendable {
  let name: String
  let arguments: TemplateArguments
  let line: Int
}

/// What a value is assigned to.
indirect enum TemplateTarget: Sendable {
  case name(String)
  case tuple([TemplateTarget])
  /// `namespace.name`
  case attribute(String, String)
}

indirect enum TemplateStatement: Sendable {
  case text([UInt8])
  case output(TemplateExpression, line: Int)
  case conditional([TemplateBranch], otherwise: [TemplateStatement])
  case loop(TemplateLoop)
  case set(TemplateTarget, TemplateExpression, line: Int)
  case setBlock(TemplateTarget, [TemplateFilterCall], [TemplateStatement], line: Int)
  case macro(TemplateMacroDefinition)
  case callBlock(TemplateExpression, TemplateArguments, TemplateMacroDefinition, line: Int)
  /// What `transformers` marks as the assistant's; a call block around nothing.
  case generation(TemplateMacroDefinition)
  case filterBlock([TemplateFilterCall], [TemplateStatement], line: Int)
  case with([TemplateBinding], [TemplateStatement], line: Int)
  case autoescape(TemplateExpression, [TemplateStatement], line: Int)
  case block(TemplateBlock)
  /// Needs another template, and there is none: an error when it is reached.
  case foreign(String, [TemplateExpression], names: [String], line: Int)
  case breakLoop
  case continueLoop
}

struct TemplateBranch: Sendable {
  let condition: TemplateExpression
  let body: [TemplateStatement]
  let line: Int
}

struct TemplateBinding: Sendable {
  let target: TemplateTarget
  let value: TemplateExpression
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
  let parameters: [(name: String, value: TemplateExpression?)]
  let body: [TemplateStatement]
  let line: Int
}

struct TemplateBlock: Sendable {
  let name: String
  let isScoped: Bool
  let body: [TemplateStatement]
  let line: Int
}
