import ApusTensors
package import ApusGraphs
package import ApusLayers

/// The graph that serves a decoder: a ragged batch in, logits and drawn tokens out.
///
/// Beside the batch's inputs it has, per output row, `temperature`, `top_p`, `min_p` (float32),
/// `top_k`, `draw_positions` (int32) and `seeds` (int32 `[outputs, 2]`). Outputs: `logits`
/// `[outputs, vocabulary]` and `sampled` int32 `[outputs]`.
package enum ServingGraph {
  /// - Parameter tokens: only ids below this are drawn, and the logits of padding rows are left
  ///   out; nil draws from all.
  /// - Throws: the first diagnostic of building, or what the verifier finds.
  package static func build(
    _ model: some CausalLanguageModel, name: String, cache: CacheSpecification, ranks: Int = 1,
    tokens: Int? = nil
  ) throws(Diagnostic) -> Graph {
    let graph = Graph(name: name, ranks: ranks)
    let logits = model(RaggedBatch(in: graph, cache: cache))
    let outputs = Dim.symbol(ServingSymbol.outputs)
    let sampled = drawable(logits, tokens).sampled(
      temperature: graph.input("temperature", .float32, [outputs]),
      topK: graph.input("top_k", .int32, [outputs]),
      topP: graph.input("top_p", .float32, [outputs]),
      minP: graph.input("min_p", .float32, [outputs]),
      seeds: graph.input("seeds", .int32, [outputs, 2]),
      counters: graph.input("draw_positions", .int32, [outputs]))
    if let diagnostic = graph.diagnostic { throw diagnostic }
    graph.output("logits", logits)
    graph.output("sampled", sampled)
    try graph.verify()
    return graph
  }

  /// - Precondition: there are no more tokens than logits.
  private static func drawable(_ logits: Tensor, _ tokens: Int?) -> Tensor {
    // A poisoned tensor has no columns to speak of; its diagnostic is thrown by `build`.
    guard let tokens, logits.shape.rank == 2, logits.shape[1].constant != tokens else {
      return logits
    }
    return logits.sliced(axis: 1, start: 0, count: Dim(tokens))
  }
}
