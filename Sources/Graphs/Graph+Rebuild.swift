import ApusTensors

extension Graph {
  /// A new graph of the same inputs, outputs and names, made by one pass over the nodes in order.
  ///
  /// - Parameter rewrite: what stands for a node, built in the new graph from the new operands (by
  ///   `Tensor`'s operations or `append`); nil copies the node. Stores must be kept in order.
  public func rebuilt(
    _ rewrite: (_ node: Node, _ operands: [Tensor], _ graph: Graph) -> Tensor?
  ) -> Graph {
    let graph = Graph(name: name, ranks: ranks)
    var replacement: [Tensor] = []
    replacement.reserveCapacity(nodes.count)
    for node in nodes {
      let operands = node.operands.map { replacement[$0.index] }
      let isSound = !operands.contains(where: \.isPoisoned)
      if case .primitive(.input(let name)) = node.operation {
        // Inputs are interface: they stay, whatever becomes of them.
        replacement.append(graph.input(name, node.type.dataType, node.type.shape))
      } else if isSound, let rewritten = rewrite(node, operands, graph) {
        replacement.append(rewritten)
      } else if isSound {
        replacement.append(graph.append(node.operation, operands.map(\.id), node.type))
      } else {
        replacement.append(graph.poisoned)
      }
    }
    for (name, id) in outputs { graph.output(name, replacement[id.index]) }
    // Sorted, so that the names of values that became one do not depend on the order of hashing.
    for (name, id) in namedTensors.sorted(by: { $0.key < $1.key }) {
      _ = replacement[id.index].named(name)
    }
    for (id, name) in tensorNames.sorted(by: { $0.key < $1.key }) {
      _ = replacement[id.index].named(name)
    }
    graph.adopt(diagnostic)
    return graph
  }

  /// The same graph with composites replaced by their definitions, and those in definitions as
  /// well.
  ///
  /// - Parameter shouldExpand: which composites to replace; all of them unless given.
  public func expanded(
    where shouldExpand: (any Composite) -> Bool = { _ in true }
  ) -> Graph {
    var graph = self
    func isExpandable(_ node: Node) -> Bool {
      if case .composite(let composite) = node.operation { return shouldExpand(composite) }
      return false
    }
    while graph.diagnostic == nil, graph.nodes.contains(where: isExpandable) {
      graph = graph.rebuilt { node, operands, graph in
        guard isExpandable(node), case .composite(let composite) = node.operation else {
          return nil
        }
        let result = composite.definition(operands)
        if result.isPoisoned || result.type == node.type { return result }
        return graph.fail(
          node.operation.name, operands, "the definition gives \(result.type), not \(node.type)",
          file: "", line: 0)
      }
    }
    return graph
  }
}
