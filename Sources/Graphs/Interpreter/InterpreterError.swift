/// Why the interpreter could not run a graph; each names what it is about.
public enum InterpreterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Building or verifying found this.
  case invalidGraph(Diagnostic)
  case missingInput(name: String, expected: String)
  case unknownInput(name: String, known: [String])
  case inputMismatch(name: String, expected: String, found: String)
  /// A size that neither the caller nor an input's shape gave.
  case missingSymbol(names: [String], neededBy: String)
  case symbolConflict(name: String, input: String, expected: Int, found: Int)
  case unknownTap(name: String)
  /// The weight could not be loaded, or has another number of elements.
  case weight(name: String, reason: String)
  /// The state's format or number of pages is not what it has to be.
  case state(name: String, reason: String)
  /// A value could not be computed.
  case node(printed: String, reason: String)
  /// The graphs of the ranks do not meet at the same collectives.
  case ranks(reason: String)

  public var description: String {
    switch self {
    case .invalidGraph(let diagnostic): "\(diagnostic)"
    case .missingInput(let name, let expected): "input '\(name)', \(expected), is missing"
    case .unknownInput(let name, let known):
      "the graph has no input '\(name)'; its inputs are \(known.joined(separator: ", "))"
    case .inputMismatch(let name, let expected, let found):
      "input '\(name)': expected \(expected), found \(found)"
    case .missingSymbol(let names, let neededBy):
      "no value is known for \(names.joined(separator: ", ")), needed by \(neededBy)"
    case .symbolConflict(let name, let input, let expected, let found):
      "input '\(input)' makes '\(name)' \(found), but it is \(expected)"
    case .unknownTap(let name): "no value is named '\(name)'"
    case .weight(let name, let reason): "weight '\(name)': \(reason)"
    case .state(let name, let reason): "state '\(name)': \(reason)"
    case .node(let printed, let reason): "\(printed): \(reason)"
    case .ranks(let reason): reason
    }
  }
}
