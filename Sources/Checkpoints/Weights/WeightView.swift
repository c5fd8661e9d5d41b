public import ApusTensors

/// A weight that was declared: checked, but not yet made.
public struct WeightView: Sendable, Hashable {
  /// The full name, such as `layers.3.self_attn.q_proj.weight`.
  public let name: String
  /// The part of this rank, outermost first; a matrix is `[out, in]`.
  public let shape: [Int]
  /// The layout that `Weights.storage(of:)` will give.
  public let format: StorageFormat
  /// How ranks divide it; nil where every rank holds all of it.
  public let sharding: WeightSharding?
}

extension WeightSharding {
  /// The axis that is divided and the range of it that a rank holds.
  ///
  /// Output rows (`columns`) of which there are fewer aligned units than ranks, such as key heads,
  /// are held by several ranks each. Inputs (`rows`) never are, since results are summed.
  func part(
    of shape: [Int], rank: Int, count: Int, file: String, name: String
  ) throws(CheckpointError) -> (axis: Int, range: Range<Int>) {
    let alignment: Int
    let axis: Int
    let mayRepeat: Bool
    switch self {
    case .columns(let value):
      (alignment, axis, mayRepeat) = (value, max(0, shape.count - 2), true)
    case .rows(let value): (alignment, axis, mayRepeat) = (value, shape.count - 1, false)
    }
    guard axis >= 0, alignment > 0, shape[axis] % alignment == 0 else {
      throw CheckpointError(
        file: file, .tensor(name), expected: "an axis in units of \(alignment) to divide it",
        found: describe(shape))
    }
    let units = shape[axis] / alignment
    if units % count == 0 {
      let size = units / count * alignment
      return (axis, rank * size..<(rank + 1) * size)
    }
    guard mayRepeat, alignment > 1, units > 0, count % units == 0 else {
      throw CheckpointError(
        file: file, .tensor(name),
        expected: "\(units) units of \(alignment) along axis \(axis) that \(count) ranks can share",
        found: describe(shape))
    }
    let unit = rank / (count / units)
    return (axis, unit * alignment..<(unit + 1) * alignment)
  }
}
