import ApusCompiler
import Foundation

/// Where the memory of a loaded model goes, in bytes.
public struct MemoryPlan: Sendable, Hashable, CustomStringConvertible {
  /// Weights that are read in their file.
  public let weightsMapped: Int
  /// Weights that were converted at load.
  public let weightsOwned: Int
  /// The most that the values of one step take.
  public let activations: Int
  public let cache: CacheGeometry
  /// Tokens of one request, prompt and generation.
  public let contextLength: Int
  /// What `contextLength` would be if the cache had room for it.
  public let wantedContextLength: Int
  /// Requests of one step.
  public let batchSize: Int
  /// What was left for this process before the cache was made, and what limits it.
  public let left: Int?
  public let limit: String?

  public var cacheBytes: Int { cache.pages * cache.bytesPerPage }
  /// Tokens that the cache holds, over all requests.
  public var cacheTokens: Int { cache.pages * cache.pageSize }

  public var description: String {
    var lines = [
      "weights      \(Self.text(weightsMapped)) mapped, \(Self.text(weightsOwned)) converted",
      "activations  \(Self.text(activations))",
      "cache        \(Self.text(cacheBytes)) = \(cache.pages) pages of \(cache.pageSize) tokens"
        + " = \(cacheTokens) tokens",
      "requests     \(batchSize) in a step, \(contextLength) tokens each",
    ]
    if contextLength < wantedContextLength {
      lines.append(
        "note         the cache has no room for \(wantedContextLength) tokens of a request")
    }
    if let left, let limit { lines.append("left         \(Self.text(left)) by \(limit)") }
    return lines.joined(separator: "\n")
  }

  /// The same with the bytes of a compiled model instead of estimates.
  func with(_ report: PlanMemoryReport) -> MemoryPlan {
    MemoryPlan(
      weightsMapped: report.mappedWeightBytes, weightsOwned: report.ownedWeightBytes,
      activations: report.activationBytes + report.inputOutputBytes, cache: cache,
      contextLength: contextLength, wantedContextLength: wantedContextLength,
      batchSize: batchSize, left: left, limit: limit)
  }

  /// Bytes with a binary unit.
  static func text(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
    return unit == 0 ? "\(bytes) B" : String(format: "%.1f %@", value, units[unit])
  }
}

/// What a memory plan is made for. Fields that are nil were left open, and shrink where they must.
package struct MemoryRequest: Sendable {
  package var weightsMapped = 0
  package var weightsOwned = 0
  package var activations = 0
  package var bytesPerPage = 0
  package var pageSize = 16
  package var batchSize = 1
  /// Tokens that the model was made for.
  package var modelContext = 0
  /// `--max-length`.
  package var fixedContext: Int?
  /// `--kv-cache-pages`.
  package var fixedPages: Int?

  package init() {}

  /// The cache is the smaller of what the batch could ever use and 0.8 of what is left.
  ///
  /// - Throws: where a fixed value does not fit, or not one page would; with the numbers.
  package func plan(_ memory: MachineMemory) throws(PipelineError) -> MemoryPlan {
    let found = memory.left(besidesMapped: weightsMapped)
    let left = found.map { max(0, $0.bytes - weightsOwned - activations) }
    let affordable = left.map { Int(0.8 * Double($0)) / max(1, bytesPerPage) } ?? Int.max
    let context = fixedContext ?? modelContext
    let pages = fixedPages ?? min(batchSize * pagesOf(context), affordable)
    let usable = fixedContext ?? min(context, pages * pageSize)
    let plan = MemoryPlan(
      weightsMapped: weightsMapped, weightsOwned: weightsOwned, activations: activations,
      cache: CacheGeometry(pages: pages, pageSize: pageSize, bytesPerPage: bytesPerPage),
      contextLength: usable, wantedContextLength: context, batchSize: batchSize, left: left,
      limit: found?.limit)
    if let fixedPages, fixedPages > affordable || fixedPages < 1 {
      throw refusal(
        plan, "a cache of \(fixedPages) pages does not fit: \(max(0, affordable)) pages would")
    }
    guard pages >= 1 else { throw refusal(plan, "there is no memory for one page of cache") }
    if let fixedContext, pagesOf(fixedContext) > pages {
      throw refusal(
        plan,
        "a request of \(fixedContext) tokens needs \(pagesOf(fixedContext)) pages of"
          + " \(pageSize) tokens, and the cache has \(pages)")
    }
    return plan
  }

  private func pagesOf(_ tokens: Int) -> Int { (tokens + pageSize - 1) / pageSize }

  private func refusal(_ plan: MemoryPlan, _ reason: String) -> PipelineError {
    PipelineError("\(reason)\n\(plan)")
  }
}
