package import ApusGraphs
import ApusTensors

/// The frame of a pass: one loop over the arena of `source` that appends to `target`.
///
/// Inputs keep their order, effects are copied, outputs are declared by `finish()`.
struct GraphRewriter {
  let source: Graph
  let target: Graph
  private var images: [Tensor?]

  init(_ source: Graph) {
    self.source = source
    target = Graph(name: source.name, ranks: source.ranks)
    images = Array(repeating: nil, count: source.nodes.count)
    // Inputs stay although nothing may use them: callers write them by name.
    for (name, id) in source.inputs {
      let type = source[id].type
      images[id.index] = target.input(name, type.dataType, type.shape)
    }
  }

  /// The image of a node that was rewritten already.
  subscript(id: NodeID) -> Tensor {
    guard let image = images[id.index] else { preconditionFailure("\(id) was not rewritten") }
    return image
  }

  func isRewritten(_ id: NodeID) -> Bool { images[id.index] != nil }

  func operands(of node: Node) -> [Tensor] { node.operands.map { self[$0] } }

  mutating func replace(_ id: NodeID, by tensor: Tensor) {
    images[id.index] = source.tensorNames[id].map { tensor.named($0) } ?? tensor
  }

  /// Appends the same operation over the images of its operands.
  mutating func copy(_ id: NodeID) {
    let node = source[id]
    replace(id, by: target.append(node.operation, node.operands.map { self[$0].id }, node.type))
  }

  /// The finished graph.
  func finish() -> Graph {
    for (name, id) in source.outputs { target.output(name, self[id]) }
    return target
  }
}

extension Graph {
  /// Ids in the order of the arena.
  package var ids: [NodeID] { nodes.indices.map { NodeID($0) } }

  /// Which nodes outputs and effects depend on, by index.
  package func liveness() -> [Bool] {
    var live = Array(repeating: false, count: nodes.count)
    for (_, id) in outputs { live[id.index] = true }
    for index in nodes.indices.reversed() {
      if nodes[index].operation.isEffect { live[index] = true }
      guard live[index] else { continue }
      for operand in nodes[index].operands { live[operand.index] = true }
    }
    return live
  }

  /// The value of a constant of one element, also where it was stretched.
  package func scalarConstant(_ id: NodeID) -> Float? {
    switch self[id].operation {
    case .primitive(.constant(let value)) where value.count == 1: value.floats[0]
    case .primitive(.broadcast): scalarConstant(self[id].operands[0])
    default: nil
    }
  }
}
