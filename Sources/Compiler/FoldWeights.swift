package import ApusGraphs
import ApusTensors

/// Where the elements of weights come from while a graph is compiled.
package typealias WeightElements = (Weight) throws -> [Float]

/// Results of more elements are folded only where what they come from is as large: a turned weight
/// is folded, a mask of all positions is not.
private let foldLimit = 1 << 22

/// Computes once, at load, what depends on weights and constants only; the results become
/// constants.
///
/// A weight that a kernel reads in its own format stays a weight; one in a block format that fused
/// loops would have to read is decoded.
func foldWeights(_ graph: Graph, kernels: KernelTable, weights: @escaping WeightElements) throws
  -> Graph
{
  let live = graph.liveness()
  let fixed = fixedNodes(graph)
  let wanted = foldedNodes(graph, fixed: fixed, live: live, kernels: kernels)
  var rewriter = GraphRewriter(graph)
  let values = try evaluate(graph, wanted, weights: weights)
  for id in graph.ids where live[id.index] && !rewriter.isRewritten(id) {
    if let value = values[id] {
      rewriter.replace(id, by: rewriter.target.constant(value))
    } else {
      rewriter.copy(id)
    }
  }
  return try simplify(rewriter.finish())
}

/// By index: whether a node has a fixed shape and depends on nothing but weights and constants.
private func fixedNodes(_ graph: Graph) -> [Bool] {
  var fixed: [Bool] = []
  // The most elements of a weight or constant upstream.
  var sources: [Int] = []
  for node in graph.nodes {
    let size = node.type.shape.constant?.reduce(1, *) ?? Int.max
    let upstream = node.operands.map { sources[$0.index] }.max() ?? 0
    var isFixed = node.operands.allSatisfy { fixed[$0.index] }
    var isSource = false
    switch node.operation {
    case .primitive(.input), .primitive(.random), .primitive(.allReduceSum),
      .primitive(.allGather), .primitive(.store), .primitive(.read), .primitive(.customCall):
      isFixed = false
    case .primitive(.weight), .primitive(.constant): isSource = true
    default: break
    }
    fixed.append(isFixed && (isSource || size <= max(foldLimit, upstream)))
    sources.append(isSource ? size : upstream)
  }
  return fixed
}

/// The fixed nodes that something which is not fixed reads.
private func foldedNodes(
  _ graph: Graph, fixed: [Bool], live: [Bool], kernels: KernelTable
) -> [NodeID] {
  var wanted: Set<NodeID> = []
  for id in graph.ids where live[id.index] && !fixed[id.index] {
    let node = graph[id]
    let hasKernel = kernels.supports(KernelRequest(graph, id))
    for operand in node.operands where fixed[operand.index] {
      frontier(graph, operand, readByKernel: hasKernel, into: &wanted)
    }
  }
  for (_, id) in graph.outputs where fixed[id.index] {
    frontier(graph, id, readByKernel: false, into: &wanted)
  }
  return wanted.sorted()
}

/// Walks through what only stretches or renames elements, which costs a loop nothing, to what
/// computes.
private func frontier(
  _ graph: Graph, _ id: NodeID, readByKernel: Bool, into wanted: inout Set<NodeID>
) {
  switch graph[id].operation {
  case .primitive(.constant), .primitive(.iota): break
  case .primitive(.weight(let weight)):
    if case .quantized = weight.format, !readByKernel { wanted.insert(id) }
  case .primitive(.broadcast), .primitive(.reshape):
    frontier(graph, graph[id].operands[0], readByKernel: false, into: &wanted)
  default: wanted.insert(id)
  }
}

/// The values of nodes that need no inputs.
private func evaluate(
  _ graph: Graph, _ wanted: [NodeID], weights: @escaping WeightElements
) throws -> [NodeID: HostTensor] {
  if wanted.isEmpty { return [:] }
  var needed = Set(wanted)
  for id in graph.ids.reversed() where needed.contains(id) {
    needed.formUnion(graph[id].operands)
  }
  let part = Graph(name: "\(graph.name) folded")
  var images: [NodeID: Tensor] = [:]
  for id in needed.sorted() {
    let node = graph[id]
    images[id] = part.append(node.operation, node.operands.map { images[$0]!.id }, node.type)
  }
  for id in wanted { part.output("\(id)", images[id]!) }
  var interpreter = try Interpreter(part, weights: weights)
  let outputs = try interpreter.run(inputs: [:], symbols: [:])
  return Dictionary(
    uniqueKeysWithValues: try wanted.map { id in
      guard let value = outputs["\(id)"] else {
        throw CompileError("folding \(id) of '\(graph.name)' gave no value")
      }
      return (id, value)
    })
}

/// One operation over constants.
func evaluate(_ operation: Operation, _ operands: [HostTensor], _ type: TensorType) throws
  -> HostTensor
{
  let graph = Graph(name: "constant")
  let ids = operands.map { graph.constant($0).id }
  graph.output("value", graph.append(operation, ids, type))
  var interpreter = try Interpreter(graph, weights: { _ in [] })
  guard let value = try interpreter.run(inputs: [:], symbols: [:])["value"] else {
    throw CompileError("\(operation.name) over constants gave no value")
  }
  return value
}
