public import ApusTensors

/// Rotates pairs of elements of each head by an angle that grows with the token's position.
///
/// Pair i turns by `Float(position) * inverseFrequencies[i]`, one float32 product; cosine and sine
/// are multiplied by `factor`. Elements beyond the rotary ones are copied.
///
/// Operands: x float32 `[tokens, heads, head]`, positions int32 `[tokens]`, inverse frequencies
/// float32 `[rotary / 2]` with rotary <= head; the result is as x.
///
/// - Source: Su et al. 2021, arXiv:2104.09864, section 3.4.2; `factor`: Peng et al. 2023 (YaRN),
///   arXiv:2309.00071, section 3.4.
public struct Rotary: Composite {
  /// Which two of the first `rotary` elements of a head make pair i.
  public enum Pairing: String, Sendable, Hashable {
    /// (i, i + rotary / 2)
    case halves
    /// (2i, 2i + 1)
    case interleaved
  }

  public static let name = "rotary"
  public let pairing: Pairing
  public let factor: Float

  public init(pairing: Pairing, factor: Float = 1) {
    self.pairing = pairing
    self.factor = factor
  }

  public var parameters: String { "pairing=\(pairing.rawValue) factor=\(factor)" }

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 3...3)
    let (x, positions, frequencies) = (operands[0], operands[1], operands[2])
    guard x.dataType == .float32, x.rank == 3, let head = x.shape[2].constant else {
      throw OperandError("expected x float32 [tokens, heads, head] with a fixed head, found \(x)")
    }
    try expectType("positions", positions, TensorType(.int32, [x.shape[0]]))
    guard frequencies.dataType == .float32, frequencies.rank == 1,
      let pairs = frequencies.shape[0].constant, 2 * pairs <= head
    else {
      throw OperandError(
        "expected inverse frequencies float32 [rotary / 2] with rotary <= \(head), "
          + "found \(frequencies)")
    }
    return x
  }

  public func definition(_ operands: [Tensor]) -> Tensor {
    let (x, positions, frequencies) = (operands[0], operands[1], operands[2])
    guard let pairs = frequencies.shape[0].constant, let head = x.shape[2].constant else {
      return x
    }
    let (tokens, heads) = (x.shape[0], x.shape[1])
    let column = positions.cast(.float32).reshaped([tokens, 1])
    let angle = column * frequencies.reshaped([1, Dim(pairs)])
    let cosine = angle.cos() * factor
    let sine = angle.sin() * factor
    // The two members of each pair, side by side along `axis`.
    let (members, axis, angles): (Tensor, Int, Shape) =
      switch pairing {
      case .halves:
        (x.sliced(axis: 2, start: 0, count: Dim(2 * pairs)), 2, [tokens, 1, Dim(pairs)])
      case .interleaved:
        (
          x.sliced(axis: 2, start: 0, count: Dim(2 * pairs))
            .reshaped([tokens, heads, Dim(pairs), 2]), 3, [tokens, 1, Dim(pairs), 1]
        )
      }
    let half = pairing == .halves ? pairs : 1
    let first = members.sliced(axis: axis, start: 0, count: Dim(half))
    let second = members.sliced(axis: axis, start: half, count: Dim(half))
    let c = cosine.reshaped(angles)
    let s = sine.reshaped(angles)
    let rotated = Tensor.concatenated(
      [first * c - second * s, second * c + first * s], axis: axis
    ).reshaped([tokens, heads, Dim(2 * pairs)])
    if 2 * pairs == head { return rotated }
    let rest = x.sliced(axis: 2, start: 2 * pairs, count: Dim(head - 2 * pairs))
    return Tensor.concatenated([rotated, rest], axis: 2)
  }
}

extension Tensor {
  /// Rotary position embedding of this, `[tokens, heads, head]`, at int32 positions `[tokens]`.
  public func rotated(
    positions: Tensor, inverseFrequencies: Tensor, pairing: Rotary.Pairing, factor: Float = 1,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.composite(
      Rotary(pairing: pairing, factor: factor), [self, positions, inverseFrequencies], file: file,
      line: line)
  }
}
