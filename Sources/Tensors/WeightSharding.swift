/// Which part of a weight `[out, in]` a rank of a tensor-parallel group holds.
///
/// - Source: Shoeybi et al. 2019, arXiv:1909.08053, section 3.
public enum WeightSharding: Sendable, Hashable {
  /// Rank r holds a contiguous range of the output rows; a following `.rows` weight completes the
  /// sum. `alignment` output rows stay together (a head).
  case columns(alignment: Int)
  /// Rank r holds a contiguous range of the inputs (columns of the stored matrix); the results of
  /// all ranks are summed.
  case rows(alignment: Int)

  public static let columns = WeightSharding.columns(alignment: 1)
  public static let rows = WeightSharding.rows(alignment: 1)
}
