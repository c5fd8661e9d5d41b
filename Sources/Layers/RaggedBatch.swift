public import ApusGraphs
import ApusTensors

/// The requests of one step as a graph sees them: their tokens one after the other, and for each
/// token its request, its position and its place in the cache. Prefill, parts of prompts, decode
/// and any mixture are the same graph.
///
/// - Source: Yu et al. 2022, "Orca", OSDI 22, section 3; Kwon et al. 2023, arXiv:2309.06180.
public struct RaggedBatch {
  /// int32 `[tokens]`.
  public let tokenIDs: Tensor
  /// Of each token in its request, int32 `[tokens]`.
  public let positions: Tensor
  /// Row of the page table of each token, int32 `[tokens]`.
  public let requestOfToken: Tensor
  /// Place in the cache of each token, int32 `[tokens]`: page * pageSize + place; below zero: none.
  public let slots: Tensor
  /// Pages of each request in order, int32 `[requests, pagesPerRequest]`.
  public let pageTable: Tensor
  /// The rows whose logits are wanted, int32 `[outputs]`.
  public let outputRows: Tensor
  public let cache: CacheSpecification

  /// Declares the batch's inputs in a graph: `token_ids`, `positions`, `request_of_token`, `slots`,
  /// `page_table` and `output_rows`.
  public init(in graph: Graph, cache: CacheSpecification) {
    let tokens = Dim.symbol(ServingSymbol.tokens)
    tokenIDs = graph.input("token_ids", .int32, [tokens])
    positions = graph.input("positions", .int32, [tokens])
    requestOfToken = graph.input("request_of_token", .int32, [tokens])
    slots = graph.input("slots", .int32, [tokens])
    pageTable = graph.input(
      "page_table", .int32,
      [.symbol(ServingSymbol.requests), .symbol(ServingSymbol.pagesPerRequest)])
    outputRows = graph.input("output_rows", .int32, [.symbol(ServingSymbol.outputs)])
    self.cache = cache
  }

  /// Stores keys and values of these tokens, then lets each see all tokens of its request up to
  /// itself.
  ///
  /// - Parameters:
  ///   - queries: `[tokens, heads, headSize]`.
  ///   - keys: `[tokens, kvHeads, headSize]`.
  ///   - values: as the keys.
  ///   - layer: names the states that are stored to.
  /// - Returns: as the queries.
  public func attend(
    _ queries: Tensor, keys: Tensor, values: Tensor, layer: Int, scale: Float
  ) -> Tensor {
    if let poisoned = [queries, keys, values].first(where: \.isPoisoned) { return poisoned }
    let (heads, headSize) = (keys.shape[1].constant ?? 0, keys.shape[2].constant ?? 0)
    let keyState = cache.keys(layer: layer, heads: heads, headSize: headSize)
    let valueState = cache.values(layer: layer, heads: heads, headSize: headSize)
    keys.store(in: keyState, slots: slots)
    values.store(in: valueState, slots: slots)
    let graph = queries.graph
    return queries.pagedAttention(
      keys: graph.read(keyState), values: graph.read(valueState), positions: positions,
      requestOfToken: requestOfToken, pageTable: pageTable, scale: scale)
  }

  /// The rows of `x`, `[tokens, n]`, whose logits are wanted: `[outputs, n]`.
  public func outputs(of x: Tensor) -> Tensor { x.gathered(outputRows) }
}
