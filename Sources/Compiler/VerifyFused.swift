import ApusGraphs

extension FusedGraph {
  /// Checks that every value is made before it is read, that a read of a state sees exactly the
  /// stores that were appended before it, and that no loop stores to a state that it reads.
  ///
  /// - Throws: `CompileError` that names the step.
  package func verify() throws {
    var known: Set<NodeID> = []
    var stores: [String: Int] = [:]
    for (index, step) in steps.enumerated() {
      for operand in operands(of: step).sorted() {
        switch self[operand].operation {
        case .primitive(.input), .primitive(.weight), .primitive(.constant): break
        case .primitive(.read(let state, let count)):
          guard stores[state.name, default: 0] == count else {
            throw CompileError(
              "step \(index) reads state '\(state.name)' after \(stores[state.name, default: 0]) "
                + "stores, the graph after \(count): a value read from a state must be used before "
                + "the state's next store")
          }
        default:
          guard known.contains(operand) else {
            throw CompileError("step \(index) reads \(operand) before it is made")
          }
        }
      }
      if case .kernel(let id) = step, case .primitive(.store(let state)) = self[id].operation {
        stores[state.name, default: 0] += 1
      }
      if case .loop(let loop, let result) = step { try verify(loop, result, index) }
      known.formUnion(step.results)
    }
    for (name, id) in outputs where !known.contains(memory(of: id)) {
      throw CompileError("output '\(name)' (\(memory(of: id))) is made by no step")
    }
  }

  private func verify(_ loop: Loop, _ result: NodeID, _ index: Int) throws {
    guard loop.dims.count == 4 else {
      throw CompileError("step \(index): a loop of \(loop.dims.count) dimensions")
    }
    for store in loop.stores where store.access.source != .node(result) {
      throw CompileError("step \(index) stores to what is not its result")
    }
    // Loads of the result itself would read what the same loop writes, a state's pages among them.
    if loop.operands.contains(result) || isState(result) {
      throw CompileError("step \(index) reads and stores \(result) in one loop")
    }
  }

  private func isState(_ id: NodeID) -> Bool {
    switch self[id].operation {
    case .primitive(.read), .primitive(.store): true
    default: false
    }
  }
}
