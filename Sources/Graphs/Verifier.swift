import ApusTensors

extension Graph {
  /// Checks the whole graph: that building met no error, and that every node follows from its
  /// operands by the rules of its operation, as passes that append nodes themselves must keep it.
  ///
  /// - Throws: the first `Diagnostic`; that of building comes before what is found here.
  public func verify() throws(Diagnostic) {
    if let diagnostic { throw diagnostic }
    var storesBefore: [String: Int] = [:]
    var known = Declarations()
    for (index, node) in nodes.enumerated() {
      do throws(OperandError) {
        try check(node, at: index)
        if case .primitive(let primitive) = node.operation {
          try known.check(primitive, storesBefore: &storesBefore)
        }
      } catch {
        throw refusal(node.operation.name, node.operands, "%\(index): \(error.message)")
      }
    }
    try verifyInterface()
  }

  private func check(_ node: Node, at index: Int) throws(OperandError) {
    for operand in node.operands {
      try expect(
        0 <= operand.index && operand.index < index, "operand \(operand) is not defined before")
    }
    let operands = node.operands.map { self[$0].type }
    switch node.operation {
    case .primitive(let primitive): try primitive.check(operands, node.type, ranks: ranks)
    case .composite(let composite):
      let type = try composite.resultType(of: operands)
      try expect(type == node.type, "gives \(type), not \(node.type)")
    }
  }

  private func verifyInterface() throws(Diagnostic) {
    for (name, id) in inputs {
      guard id.index >= 0, id.index < nodes.count,
        case .primitive(.input(name: name)) = self[id].operation
      else { throw refusal("input", [], "'\(name)' is \(id), which is no such input") }
    }
    var names: Set<String> = []
    for (name, id) in outputs {
      guard id.index >= 0, id.index < nodes.count else {
        throw refusal("output", [], "'\(name)' is \(id) of \(nodes.count) nodes")
      }
      guard names.insert(name).inserted else {
        throw refusal("output", [id], "'\(name)' is declared twice")
      }
    }
  }

  private func refusal(
    _ operation: String, _ operands: [NodeID], _ message: String
  ) -> Diagnostic {
    let known = operands.filter { 0 <= $0.index && $0.index < nodes.count }
    return Diagnostic(
      operation: operation, operands: known.map { self[$0].type.description }, message: message,
      nearestWeight: nearestWeight(above: known), file: "", line: 0)
  }
}

/// What must be declared alike wherever its name occurs.
private struct Declarations {
  private var inputs: Set<String> = []
  private var weights: [String: Weight] = [:]
  private var states: [String: PagedState] = [:]

  mutating func check(
    _ primitive: Primitive, storesBefore: inout [String: Int]
  ) throws(OperandError) {
    switch primitive {
    case .input(let name):
      try expect(inputs.insert(name).inserted, "input '\(name)' is declared twice")
    case .weight(let weight):
      let first = weights[weight.name] ?? weight
      weights[weight.name] = first
      try expect(
        first == weight,
        "weight '\(weight.name)' is \(weight.format)\(weight.shape) and elsewhere "
          + "\(first.format)\(first.shape)")
    case .store(let state):
      try check(state)
      storesBefore[state.name, default: 0] += 1
    case .read(let state, let stores):
      try check(state)
      let before = storesBefore[state.name, default: 0]
      try expect(
        stores == before,
        "a read of state '\(state.name)' after \(stores) stores stands after \(before)")
    default: break
    }
  }

  private mutating func check(_ state: PagedState) throws(OperandError) {
    let first = states[state.name] ?? state
    states[state.name] = first
    try expect(first == state, "state '\(state.name)' is declared with two layouts")
  }
}
