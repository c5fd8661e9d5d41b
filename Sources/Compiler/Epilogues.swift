import ApusGraphs
import ApusTensors

/// Attaches loops to the matmul whose result they read, so that they run on its tiles while those
/// are in the cache: bias, residual, scale, activation.
///
/// A loop qualifies if nothing else reads the matmul's result, it goes over the same rows and
/// columns in place and it has no reduction. Where it reads several matmuls, the last one takes it.
func attachEpilogues(_ graph: FusedGraph) -> FusedGraph {
  var graph = graph
  let readers = graph.readers()
  let wanted = Set(graph.outputs.map { graph.memory(of: $0.id) })
  for index in graph.steps.indices {
    guard case .loop(let loop, let result) = graph.steps[index],
      let (producer, segment) = graph.lastMatmul(before: index, readBy: loop),
      case .matmul(let step) = graph.steps[producer], step.segments[segment].epilogue == nil
    else { continue }
    let matmul = step.segments[segment].matmul
    guard readers[matmul] == [index], !wanted.contains(matmul),
      qualifies(loop, result, after: matmul, in: graph)
    else { continue }
    var fused = step
    fused.segments[segment].epilogue = loop
    fused.segments[segment].result = result
    // The matmul moves to the loop's place, where the other operands exist.
    graph.steps[index] = .matmul(fused)
    graph.steps[producer] = .matmul(MatmulStep(input: step.input, segments: []))
  }
  graph.steps.removeAll { if case .matmul(let step) = $0 { step.segments.isEmpty } else { false } }
  return graph
}

private func qualifies(
  _ loop: Loop, _ result: NodeID, after matmul: NodeID, in graph: FusedGraph
) -> Bool {
  let shape = graph[matmul].type.shape
  let tile: [Dim] = [0, 0, shape[1], 1]
  let ownLoads = loop.loads.filter { $0.source == .node(matmul) }
  let others = Set(loop.loads.filter { $0.source != .node(matmul) }.map { BufferKey($0) })
  return loop.dims == [1, 1, shape[0], shape[1]] && !loop.hasReduction && loop.stores.count == 1
    && graph[result].type.dataType == .float32
    && (ownLoads + loop.stores.map(\.access)).allSatisfy {
      $0.strides == tile && $0.offset == 0 && $0.dataType == .float32
    }
    && others.count <= TileLimits.epilogueBuffers
}

extension FusedGraph {
  /// Indices of the steps that read each value.
  func readers() -> [NodeID: [Int]] {
    var readers: [NodeID: [Int]] = [:]
    for (index, step) in steps.enumerated() {
      for operand in operands(of: step) { readers[operand, default: []].append(index) }
    }
    return readers
  }

  fileprivate func lastMatmul(
    before index: Int, readBy loop: Loop
  ) -> (step: Int, segment: Int)? {
    let read = loop.operands
    for step in steps[..<index].indices.reversed() {
      guard case .matmul(let matmul) = steps[step] else { continue }
      if let segment = matmul.segments.firstIndex(where: { read.contains($0.matmul) }) {
        return (step, segment)
      }
    }
    return nil
  }
}
