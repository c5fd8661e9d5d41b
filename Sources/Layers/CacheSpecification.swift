public import ApusGraphs
public import ApusTensors

/// The names of the symbols of serving graphs.
public enum ServingSymbol {
  /// Rows of a step, over all requests.
  public static let tokens = "tokens"
  /// Rows of the page table.
  public static let requests = "requests"
  /// Columns of the page table.
  public static let pagesPerRequest = "pagesPerRequest"
  /// Rows whose logits are wanted.
  public static let outputs = "outputs"
  /// Pages of the whole cache.
  public static let cachePages = "cachePages"
}

/// How the pages of a key-value cache are laid out. Layers make their states from it; how many
/// there are, and of what size, follows from the model.
public struct CacheSpecification: Sendable, Hashable {
  /// Tokens of a page.
  public let pageSize: Int
  /// `.float32`, `.bfloat16` or `.float16`.
  public let format: StorageFormat

  public init(pageSize: Int, format: StorageFormat) {
    self.pageSize = pageSize
    self.format = format
  }

  /// The keys of a layer.
  public func keys(layer: Int, heads: Int, headSize: Int) -> PagedState {
    state("layers.\(layer).keys", heads, headSize)
  }

  /// The values of a layer.
  public func values(layer: Int, heads: Int, headSize: Int) -> PagedState {
    state("layers.\(layer).values", heads, headSize)
  }

  private func state(_ name: String, _ heads: Int, _ headSize: Int) -> PagedState {
    PagedState(
      name: name, pages: .symbol(ServingSymbol.cachePages), heads: heads, pageSize: pageSize,
      headSize: headSize, format: format)
  }
}

/// Layers that keep the same tokens and so share one page table. There is one kind so far.
public struct CacheGroup: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// Every token of a request is kept.
    case fullAttention
  }

  public let kind: Kind
  public let pageSize: Int
  /// Bytes of one page over all states of the group.
  public let bytesPerPage: Int

  /// The group of all states that a graph stores to.
  public init(of graph: Graph) {
    kind = .fullAttention
    pageSize = graph.states.first?.pageSize ?? 1
    bytesPerPage = graph.states.map { state in
      state.heads * state.pageSize * (state.format.byteCount(elements: state.headSize) ?? 0)
    }.reduce(0, +)
  }
}
