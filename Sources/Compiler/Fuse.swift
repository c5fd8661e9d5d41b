import ApusGraphs
import ApusTensors

/// Divides a graph into launches: elementwise chains, movements and reductions become loops around
/// their last consumer, everything else is a kernel's.
func fuse(_ graph: Graph) throws -> FusedGraph {
  let source = copyingOutputs(graph)
  var forced: Set<NodeID> = []
  // A loop that does not fit a tile program is cut at one of its values, and all is grouped again.
  while true {
    var grouping = LoopGrouping(source, forced: forced)
    try grouping.run()
    let (steps, cuts) = try launches(source, grouping)
    if cuts.isEmpty { return FusedGraph(source, steps: steps) }
    forced.formUnion(cuts)
  }
}

private func launches(
  _ graph: Graph, _ grouping: LoopGrouping
) throws -> (steps: [FusedStep], cuts: Set<NodeID>) {
  var steps: [FusedStep] = []
  var cuts: Set<NodeID> = []
  for id in graph.ids where grouping.isMaterialized(id) {
    let groups = grouping.groups(at: id)
    for group in groups {
      var builder = LoopBuilder(graph, grouping, group)
      let loop = try builder.build()
      if TileLimits.fit(loop) {
        steps.append(.loop(loop, result: id))
      } else if let cut = grouping.cut(group) {
        cuts.insert(cut)
      } else {
        throw CompileError(
          "\(graph[id].operation.name) \(graph[id].type) needs more operands than a fused loop has")
      }
    }
    guard groups.isEmpty, grouping.kind(id) == .kernel else { continue }
    if case .primitive(.matmul) = graph[id].operation {
      let operands = graph[id].operands
      let segment = MatmulSegment(matmul: id, weight: operands[1], result: id)
      steps.append(.matmul(MatmulStep(input: operands[0], segments: [segment])))
    } else {
      steps.append(.kernel(id))
    }
  }
  return (steps, cuts)
}

/// Outputs that would show an input, a weight, a constant or a state become copies: a concatenation
/// of one part is a copy.
private func copyingOutputs(_ graph: Graph) -> Graph {
  let live = graph.liveness()
  var rewriter = GraphRewriter(graph)
  for id in graph.ids where live[id.index] && !rewriter.isRewritten(id) { rewriter.copy(id) }
  for id in Set(graph.outputs.map(\.id)).sorted() {
    let image = rewriter[id]
    switch rewriter.target[rewriter.target.nodes.memory(of: image.id)].operation {
    case .primitive(.input), .primitive(.weight), .primitive(.constant), .primitive(.read):
      rewriter.replace(id, by: copy(image))
    default: break
    }
  }
  return rewriter.finish()
}

private func copy(_ tensor: Tensor) -> Tensor {
  let flat = tensor.type.rank == 0 ? tensor.reshaped([1]) : tensor
  let copied = tensor.graph.append(
    .primitive(.concatenate(axis: 0)), [flat.id], flat.type)
  return copied.reshaped(tensor.shape)
}
