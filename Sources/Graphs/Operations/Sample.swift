public import ApusTensors

/// Draws one token per row of logits, keyed by seed and counter, whatever else is in the batch.
///
/// Operands: logits float32 `[outputs, n]`; temperature float32, topK int32, topP float32, minP
/// float32, all `[outputs]`; seeds int32 `[outputs, 2]`; counters int32 `[outputs]`. The result is
/// int32 `[outputs]`.
///
/// A NaN among the logits counts as -infinity. Temperature 0 (or below): the greatest logit, lower
/// id first among equals. Otherwise, with p = softmax(logits / temperature) in descending order
/// (lower id first among equals), an entry is kept if its index is below topK (0: all), the sum of
/// p before it is below topP and p is at least minP times the greatest; the first is always kept.
/// The token is the first kept entry whose running sum exceeds `random(seeds, counter)` times the
/// sum of what was kept.
///
/// - Source: topK: Fan, Lewis and Dauphin 2018, arXiv:1805.04833; topP: Holtzman et al. 2019,
///   arXiv:1904.09751; minP: Nguyen et al. 2024, arXiv:2407.01082.
public struct Sample: Composite {
  public static let name = "sample"

  public init() {}

  public func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType {
    try expectCount(operands, 7...7)
    let logits = operands[0]
    guard logits.rank == 2 else {
      throw OperandError("expected logits float32 [outputs, n], found \(logits)")
    }
    _ = try expectRows("logits", logits)
    let rows = Shape([logits.shape[0]])
    try expectType("temperature", operands[1], TensorType(.float32, rows))
    try expectType("topK", operands[2], TensorType(.int32, rows))
    try expectType("topP", operands[3], TensorType(.float32, rows))
    try expectType("minP", operands[4], TensorType(.float32, rows))
    try expectType("seeds", operands[5], TensorType(.int32, [logits.shape[0], 2]))
    try expectType("counters", operands[6], TensorType(.int32, rows))
    return TensorType(.int32, rows)
  }

  public func definition(_ operands: [Tensor]) -> Tensor {
    let (graph, outputs) = (operands[0].graph, operands[0].shape[0])
    let columns = operands[1...4].map { $0.reshaped([outputs, 1]) }
    let (temperature, topK, topP, minP) = (columns[0], columns[1], columns[2], columns[3])
    let isNumber = operands[0].binary(.equal, operands[0])
    let logits = operands[0].select(where: isNumber, else: graph.constant(-Float.infinity))

    let isGreedy = temperature.binary(.lessOrEqual, graph.constant(0))
    let divisor = graph.constant(1).select(where: isGreedy, else: temperature)
    let p = Self.probabilities(logits / divisor)
    let order = p.argsortDescending()
    let sorted = p.gatheredAlongRows(order)
    let kept = Self.kept(sorted, topK: topK, topP: topP, minP: minP)

    let mass = sorted.select(where: kept, else: graph.constant(0)).cumulativeSum(axis: 1)
    // The last running sum, not another sum of the same terms: it then exceeds every draw times
    // itself.
    let total = mass.maximum(axis: 1)
    let draw = graph.random(seeds: operands[5], counters: operands[6]).reshaped([outputs, 1])
    let exceeds = (draw * total).binary(.less, mass).binary(.logicalAnd, kept)
    let chosen = order.gatheredAlongRows(Self.first(exceeds))

    let greatest = logits.binary(.equal, logits.maximum(axis: 1))
    return Self.first(greatest).select(where: isGreedy, else: chosen).reshaped([outputs])
  }

  /// Softmax in which equal maxima share the mass even where they are infinite.
  private static func probabilities(_ x: Tensor) -> Tensor {
    let greatest = x.maximum(axis: 1)
    let isGreatest = x.binary(.equal, greatest)
    let exponents = x.graph.constant(0).select(where: isGreatest, else: x - greatest)
    let exponentials = exponents.exp()
    return exponentials / exponentials.sum(axis: 1)
  }

  /// Which entries of descending probabilities `[outputs, n]` may be drawn.
  private static func kept(_ sorted: Tensor, topK: Tensor, topP: Tensor, minP: Tensor) -> Tensor {
    let graph = sorted.graph
    let (outputs, n) = (sorted.shape[0], sorted.shape[1])
    let index = graph.iota(sorted.shape, axis: 1)
    let none = graph.constant(HostTensor([Int32(0)], shape: []))
    let withinTopK = index.binary(.less, topK)
      .binary(.logicalOr, topK.binary(.lessOrEqual, none))
    let before = Tensor.concatenated(
      [
        graph.constant(0).broadcast(to: [outputs, 1]),
        sorted.cumulativeSum(axis: 1).sliced(axis: 1, start: 0, count: n - 1),
      ], axis: 1)
    let withinTopP = before.binary(.less, topP)
    let threshold = minP * sorted.sliced(axis: 1, start: 0, count: 1)
    let likely = threshold.binary(.lessOrEqual, sorted)
    return withinTopK.binary(.logicalAnd, withinTopP).binary(.logicalAnd, likely)
      .binary(.logicalOr, index.binary(.equal, none))
  }

  /// The lowest index of each row where the condition holds, `[outputs, 1]`; 2^31 - 1 where none
  /// does.
  private static func first(_ condition: Tensor) -> Tensor {
    let graph = condition.graph
    let index = graph.iota(condition.shape, axis: 1)
    let beyond = graph.constant(HostTensor([Int32.max], shape: []))
    return index.select(where: condition, else: beyond).reduce(.minimum, axis: 1)
  }
}

extension Tensor {
  /// One token per row of these logits, `[outputs, n]`; see `Sample`.
  public func sampled(
    temperature: Tensor, topK: Tensor, topP: Tensor, minP: Tensor, seeds: Tensor, counters: Tensor,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.composite(
      Sample(), [self, temperature, topK, topP, minP, seeds, counters], file: file, line: line)
  }
}
