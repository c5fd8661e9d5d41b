public import ApusCheckpoints
import ApusTensors

/// The sizes of grouped attention heads over all ranks, and the projections that follow from them.
/// Ranks divide each between heads.
public struct AttentionHeads: Sendable, Hashable {
  /// Size of a token's vector.
  public let hidden: Int
  /// How many heads ask.
  public let queries: Int
  /// How many heads are asked, a divisor of `queries`: neighbouring queries share one.
  public let keys: Int
  /// Size of a head.
  public let size: Int

  public init(hidden: Int, queries: Int, keys: Int, size: Int) {
    self.hidden = hidden
    self.queries = queries
    self.keys = keys
    self.size = size
  }

  /// `[hidden]` to `[queries * size]`.
  public func query(_ weights: Weights, bias: Bool = false) throws(CheckpointError) -> Linear {
    try Linear(
      weights, in: hidden, out: queries * size, bias: bias, shard: .columns(alignment: size))
  }

  /// `[hidden]` to `[keys * size]`, for keys and for values.
  public func key(_ weights: Weights, bias: Bool = false) throws(CheckpointError) -> Linear {
    try Linear(
      weights, in: hidden, out: keys * size, bias: bias, shard: .columns(alignment: size))
  }

  /// `[queries * size]` to `[hidden]`.
  public func output(_ weights: Weights, bias: Bool = false) throws(CheckpointError) -> Linear {
    try Linear(
      weights, in: queries * size, out: hidden, bias: bias, shard: .rows(alignment: size))
  }
}
