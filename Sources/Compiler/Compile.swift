package import ApusGraphs
import ApusTensors

/// From a graph to a plan: the list of passes.
package struct Compilation {
  package let graph: Graph
  package let fused: FusedGraph
  package let plan: Plan

  /// - Parameters:
  ///   - weights: elements of the weights that are folded
  ///   - bounds: the greatest value of every symbol
  /// - Throws: the graph's `Diagnostic`, or `CompileError`.
  package init(
    _ source: Graph, options: CompileOptions, bounds: [String: Int],
    weights: @escaping WeightElements
  ) throws {
    let kernels = options.kernels
    try source.verify()
    Self.dump(.graph, source.printed(), options)

    var graph = try checked(simplify(source))
    graph = try checked(expand(graph, kernels: kernels))
    graph = try checked(simplify(graph))
    graph = try checked(foldWeights(graph, kernels: kernels, weights: weights))

    var fused = try fuse(graph)
    if options.fusesEpilogues { fused = try checked(attachEpilogues(fused)) }
    if options.mergesMatmuls { fused = try checked(mergeMatmuls(fused)) }
    try fused.verify()
    Self.dump(.fused, fused.description, options)

    let draft = try selectKernels(fused, kernels: kernels)
    plan = try Plan(name: source.name, draft: draft, bounds: bounds)
    Self.dump(.plan, plan.printed(), options)
    Self.dump(.kernels, plan.printedKernels(), options)
    self.graph = graph
    self.fused = fused
  }

  private static func dump(
    _ stage: DumpStage, _ text: @autoclosure () -> String, _ options: CompileOptions
  ) {
    guard options.dump.contains(stage), let sink = options.dumpSink else { return }
    sink(text())
  }
}

/// In debug builds every pass leaves a sound graph.
private func checked(_ graph: Graph) throws -> Graph {
  #if DEBUG
    try graph.verify()
  #endif
  return graph
}

private func checked(_ graph: FusedGraph) throws -> FusedGraph {
  #if DEBUG
    try graph.verify()
  #endif
  return graph
}
