import ApusGraphs
import ApusTensors

/// Replaces composites and matmuls that no kernel runs by their definitions, until none is left.
func expand(_ graph: Graph, kernels: KernelTable) -> Graph {
  var current = graph
  while let next = expandOnce(current, kernels: kernels) { current = next }
  return current
}

/// One level of definitions, or nil where there was nothing to expand.
private func expandOnce(_ graph: Graph, kernels: KernelTable) -> Graph? {
  let live = graph.liveness()
  var rewriter = GraphRewriter(graph)
  var changed = false
  for id in graph.ids where live[id.index] && !rewriter.isRewritten(id) {
    let node = graph[id]
    let needsKernel: Bool =
      switch node.operation {
      case .composite, .primitive(.matmul): true
      default: false
      }
    guard needsKernel, !kernels.supports(KernelRequest(graph, id)) else {
      rewriter.copy(id)
      continue
    }
    changed = true
    let operands = rewriter.operands(of: node)
    switch node.operation {
    case .composite(let composite):
      rewriter.replace(id, by: composite.definition(operands))
    case .primitive(.matmul(let transposeRight)):
      rewriter.replace(
        id, by: matmul(operands[0], operands[1], transposeRight, node.type, rewriter.target))
    default: rewriter.copy(id)
    }
  }
  return changed ? rewriter.finish() : nil
}

/// A plain matrix product turns its right side, so that a kernel takes it; any other becomes a
/// product summed along a last axis: one fused loop, correct for every shape.
private func matmul(
  _ left: Tensor, _ right: Tensor, _ transposeRight: Bool, _ type: TensorType, _ graph: Graph
) -> Tensor {
  let batch = Array(0..<type.rank - 2)
  let (row, column, inner) = (type.rank - 2, type.rank - 1, type.rank)
  let turned = transposeRight ? right : right.permuted(batch + [column, row])
  if !transposeRight, type.rank == 2 { return left.matmul(turned, transposeRight: true) }
  var space = type.shape
  space.dims.append(left.shape[-1])
  let stretched = TensorType(.float32, space)
  let a = graph.append(.primitive(.broadcast(axes: batch + [row, inner])), [left.id], stretched)
  let b = graph.append(
    .primitive(.broadcast(axes: batch + [column, inner])), [turned.id], stretched)
  return (a * b).sum(axis: inner).reshaped(type.shape)
}
