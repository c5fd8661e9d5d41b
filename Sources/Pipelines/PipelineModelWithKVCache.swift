/// The cache that a model was loaded with.
public struct CacheGeometry: Sendable, Hashable {
  public let pages: Int
  /// Tokens of one page.
  public let pageSize: Int
  /// Bytes of one page over all layers, keys and values.
  public let bytesPerPage: Int

  public init(pages: Int, pageSize: Int, bytesPerPage: Int) {
    self.pages = pages
    self.pageSize = pageSize
    self.bytesPerPage = bytesPerPage
  }
}

/// The most that one step may hold; buffers are planned for it.
public struct StepLimits: Sendable, Hashable {
  public let tokens: Int
  public let requests: Int
  /// Tokens of one request, prompt and generation.
  public let contextLength: Int

  public init(tokens: Int, requests: Int, contextLength: Int) {
    self.tokens = tokens
    self.requests = requests
    self.contextLength = contextLength
  }
}

/// A model that a step batch can be run on. One thread uses it at a time.
///
/// `enqueue` submits a step and returns; `collect` waits for the oldest step that was enqueued
/// and not collected. At most `stepsInFlight` steps may be outstanding. They run in the order in
/// which they were enqueued, each as if those before it were done: so a page that an earlier step
/// uses may be stored to by a later one for another request.
public protocol PipelineModelWithKVCache: AnyObject {
  var vocabularySize: Int { get }
  var cache: CacheGeometry { get }
  var limits: StepLimits { get }
  var stepsInFlight: Int { get }

  func enqueue(_ batch: StepBatch) throws
  /// The drawn token ids of the oldest outstanding step, `[outputs]`, in the order of `outputRows`.
  func collect() throws -> [Int32]
  /// What has happened to the weights, such as that their file was cut short while it is mapped;
  /// nil where everything that was collected so far is sound. Whatever was computed since it was
  /// nil last must not be used, and it never becomes nil again.
  var damage: String? { get }
}

extension PipelineModelWithKVCache {
  /// Nothing can happen to weights that lie in memory.
  public var damage: String? { nil }
}
