public import ApusGraphs

/// Attention and a feed-forward part, each behind a norm and beside a residual path:
/// `h = x + attention(attentionNorm(x))`, then `h + feedForward(feedForwardNorm(h))`.
///
/// The parts are values: a variant replaces one and keeps the others.
///
/// - Source: Xiong et al. 2020, arXiv:2002.04745, figure 1b.
public struct TransformerBlock<
  Mixer: AttentionModule, FeedForward: Module, Norm: Module
>: Sendable {
  public let attention: Mixer
  public let feedForward: FeedForward
  public let attentionNorm: Norm
  public let feedForwardNorm: Norm

  public init(
    attention: Mixer, feedForward: FeedForward, attentionNorm: Norm, feedForwardNorm: Norm
  ) {
    self.attention = attention
    self.feedForward = feedForward
    self.attentionNorm = attentionNorm
    self.feedForwardNorm = feedForwardNorm
  }

  /// - Parameters:
  ///   - x: `[tokens, hidden]`.
  ///   - layer: the index that names this layer's part of the cache.
  public func callAsFunction(_ x: Tensor, layer: Int, _ batch: RaggedBatch) -> Tensor {
    let h = x + attention(attentionNorm(x), layer: layer, batch)
    return h + feedForward(feedForwardNorm(h))
  }
}
