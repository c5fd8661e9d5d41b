/// A word of a template.
struct TemplateToken: Sendable {
  enum Kind: Sendable, Hashable {
    /// Text between tags.
    case text([UInt8])
    case blockBegin, blockEnd, variableBegin, variableEnd
    case name(String)
    case string([UInt8])
    case integer(Int)
    case bigInteger(BigInteger)
    case float(Double)
    case symbol(String)
    case end
  }

  let kind: Kind
  let line: Int

  /// For messages.
  var description: String {
    switch kind {
    case .text: "text"
    case .blockBegin: "'{%'"
    case .blockEnd: "'%}'"
    case .variableBegin: "'{{'"
    case .variableEnd: "'}}'"
    case .name(let name): "'\(name)'"
    case .string: "a string"
    case .integer, .bigInteger, .float: "a number"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the template"
    }
  }
}
