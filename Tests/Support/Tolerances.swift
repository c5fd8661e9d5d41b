/// Every tolerance of the model gates, in one table. None is loosened to make a test pass.
public enum Tolerances {
  /// Float32 logits against `transformers`, absolute.
  public static let logits: Float = 1e-3
  /// Greedy tokens that must be the same.
  public static let greedyTokens = 64
  /// Each row of a layer's output against stored activations of `transformers`.
  public static let layerCosine = 0.9999
  /// Bfloat16 weights against `transformers` in float32 on the same rounded weights: root mean
  /// square of the differences over the standard deviation of the logits.
  public static let bfloat16Logits = 0.01
  /// A quantised file against its own weights decoded to float32: the same measure, for formats
  /// whose activations stay in 16 bits or more.
  public static let decodedLogits = 0.01
  /// The same for formats whose activations are rounded to 8 bits.
  public static let eightBitLogits = 0.025
  /// Tensor-parallel ranks against one rank, relative to the greatest logit.
  public static let rankedLogits: Float = 1e-4
  /// At the first differing token of a rounded model, each side's token is among the other's best.
  public static let bestTokens = 5
  /// A greedy token may differ from a golden where the two best logits are nearer than this.
  public static let goldenMargin = 1e-3
}
