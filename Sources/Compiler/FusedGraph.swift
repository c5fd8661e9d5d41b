package import ApusGraphs
import ApusTensors

/// One of the matrix products of a launch, with what happens to its tiles before they leave the
/// cache.
package struct MatmulSegment: Sendable {
  /// The matmul's node.
  package var matmul: NodeID
  package var weight: NodeID
  /// The value that stands in memory afterwards: the matmul, or what its epilogue makes of it.
  package var result: NodeID
  /// Loads the matmul's own tile and further operands; loop dimensions (1, 1, row, column).
  package var epilogue: Loop?
}

/// Matrix products of one input with weights of one format.
package struct MatmulStep: Sendable {
  package var input: NodeID
  package var segments: [MatmulSegment]
}

/// One launch of a fused graph, before a kernel is bound.
package enum FusedStep: Sendable {
  /// A composite or primitive that one kernel runs.
  case kernel(NodeID)
  case matmul(MatmulStep)
  case loop(Loop, result: NodeID)

  /// Values that exist after this step.
  package var results: [NodeID] {
    switch self {
    case .kernel(let id): [id]
    case .matmul(let step): step.segments.map(\.result)
    case .loop(_, let result): [result]
    }
  }
}

/// A graph divided into launches: what is fused, in the order in which it runs.
package struct FusedGraph: Sendable {
  /// Nodes as data: a finished graph is not changed any more.
  package let nodes: [Node]
  package let name: String
  package let inputs: [(name: String, id: NodeID)]
  package let outputs: [(name: String, id: NodeID)]
  package let states: [PagedState]
  package var steps: [FusedStep]

  init(_ graph: Graph, steps: [FusedStep]) {
    nodes = graph.nodes
    name = graph.name
    inputs = graph.inputs
    outputs = graph.outputs
    states = graph.states
    self.steps = steps
  }

  package subscript(id: NodeID) -> Node { nodes[id.index] }

  /// The value whose memory a node shows: reshapes are other shapes of the same memory.
  package func memory(of id: NodeID) -> NodeID { nodes.memory(of: id) }

  /// Values in memory that a step reads.
  package func operands(of step: FusedStep) -> Set<NodeID> {
    switch step {
    case .kernel(let id): return Set(self[id].operands.map { memory(of: $0) })
    case .loop(let loop, _): return loop.operands
    case .matmul(let step):
      var operands: Set = [memory(of: step.input)]
      for segment in step.segments {
        operands.insert(memory(of: segment.weight))
        operands.formUnion(segment.epilogue?.operands.subtracting([segment.matmul]) ?? [])
      }
      return operands
    }
  }
}

extension [Node] {
  /// The value whose memory a node shows: a reshape's operand; what was stored, for a store.
  func memory(of id: NodeID) -> NodeID {
    var id = id
    while true {
      switch self[id.index].operation {
      case .primitive(.reshape), .primitive(.store): id = self[id.index].operands[0]
      default: return id
      }
    }
  }
}

// MARK: Text

extension FusedGraph: CustomStringConvertible {
  package var description: String {
    var lines = ["fused \(name)"]
    for (index, step) in steps.enumerated() { lines.append("\(index): \(text(step))") }
    for (name, id) in outputs { lines.append("output \(name) = \(memory(of: id))") }
    return lines.joined(separator: "\n")
  }

  private func text(_ step: FusedStep) -> String {
    switch step {
    case .kernel(let id):
      let node = self[id]
      let operands = node.operands.map { text(of: memory(of: $0)) }.joined(separator: ", ")
      return "\(id) = \(node.operation.name)(\(operands)) \(node.type)"
    case .loop(let loop, let result): return "\(result) = \(loop.text(name(of:)))"
    case .matmul(let step):
      let input = text(of: memory(of: step.input))
      return step.segments.map { segment in
        let product =
          "\(segment.result) = matmul(\(input), \(text(of: memory(of: segment.weight))))"
        let type = self[segment.matmul].type
        return "\(product) \(type)"
          + (segment.epilogue.map { ", then \($0.text(name(of:)))" } ?? "")
      }.joined(separator: "\n   ")
    }
  }

  private func text(of id: NodeID) -> String {
    if case .primitive(.weight(let weight)) = self[id].operation {
      return "\(weight.name) \(weight.format)"
    }
    return name(of: id)
  }

  private func name(of id: NodeID) -> String {
    switch self[id].operation {
    case .primitive(.input(let name)): name
    case .primitive(.weight(let weight)): weight.name
    case .primitive(.read(let state, let stores)): "\(state.name) after \(stores)"
    default: "\(id)"
    }
  }
}
