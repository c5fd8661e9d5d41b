import ApusTensors

/// What composites say about their operands' types.
func expect(
  _ condition: Bool, _ message: @autoclosure () -> String
) throws(OperandError) {
  if !condition { throw OperandError(message()) }
}

func expectCount(_ operands: [TensorType], _ counts: ClosedRange<Int>) throws(OperandError) {
  let expected =
    counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
  try expect(
    counts.contains(operands.count), "expected \(expected) operands, found \(operands.count)")
}

func expectType(
  _ name: String, _ found: TensorType, _ expected: TensorType
) throws(OperandError) {
  try expect(found == expected, "expected \(name) \(expected), found \(found)")
}

/// float32 with a last axis of fixed, non-zero size, which is returned.
func expectRows(_ name: String, _ found: TensorType) throws(OperandError) -> Int {
  guard found.dataType == .float32, found.rank >= 1, let size = found.shape[-1].constant, size > 0
  else {
    throw OperandError("expected \(name) float32 [..., n] with a fixed n above 0, found \(found)")
  }
  return size
}
