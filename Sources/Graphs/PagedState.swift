public import ApusTensors

/// A named state that outlives a step: pages of a cache.
///
/// Logical and physical shape is `[pages, heads, pageSize, headSize]`: one page of one head is
/// contiguous, so that attention reads `pageSize * headSize` elements in sequence.
///
/// Slot `s` is page `s / pageSize`, place `s % pageSize`.
public struct PagedState: Sendable, Hashable {
  public let name: String
  /// The number of pages: the symbol `cachePages` in serving graphs.
  public let pages: Dim
  public let heads: Int
  public let pageSize: Int
  public let headSize: Int
  /// `.float32`, `.bfloat16` or `.float16`; stores round to nearest even.
  public let format: StorageFormat

  public init(
    name: String, pages: Dim, heads: Int, pageSize: Int, headSize: Int, format: StorageFormat
  ) {
    self.name = name
    self.pages = pages
    self.heads = heads
    self.pageSize = pageSize
    self.headSize = headSize
    self.format = format
  }

  public var type: TensorType {
    TensorType(.float32, [pages, Dim(heads), Dim(pageSize), Dim(headSize)])
  }
}
