/// How an engine thread behaves.
public struct EngineOptions: Sendable {
  /// The engine is unhealthy where there is work and no step has finished for this long.
  public var stallLimit: Duration = .seconds(120)
  /// Generate one token before taking requests; without it the engine is ready at once.
  public var warmsUp = true
  /// Keep full pages of the cache for later prompts that begin in the same way, and share them.
  public var keepsPrefixes = true

  public init() {}
}
