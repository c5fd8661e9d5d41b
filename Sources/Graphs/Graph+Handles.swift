extension Graph {
  /// A handle of a node that exists: passes use it to go back from ids to tensors.
  package func tensor(_ id: NodeID) -> Tensor {
    precondition(id.index >= 0 && id.index < nodes.count, "\(id) of \(nodes.count) nodes")
    return Tensor(graph: self, id: id)
  }
}
