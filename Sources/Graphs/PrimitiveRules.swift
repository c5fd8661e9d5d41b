import ApusTensors

extension DataType {
  /// Whether values in a graph may have this type: the interpreter holds them as float32 or int32.
  var isGraphType: Bool {
    switch self {
    case .bool, .int8, .uint8, .int16, .uint16, .int32, .float16, .bfloat16, .float32: true
    case .uint32, .int64, .uint64, .float64: false
    }
  }
}

/// The rules of every primitive: which operands give which type.
///
/// `Tensor`'s operations ask them when a node is appended, `verify()` asks them again.
extension Primitive {
  /// - Parameters:
  ///   - operands: types of the operands, in order.
  ///   - type: the node's own type.
  /// - Throws: `OperandError` that says what does not fit.
  func check(
    _ operands: [TensorType], _ type: TensorType, ranks: Int
  ) throws(OperandError) {
    try expect(type.dataType.isGraphType, "\(type.dataType.rawValue) is no type of a graph's value")
    switch self {
    case .input, .weight, .constant, .iota: try checkSource(operands, type)
    case .unary, .binary, .select, .cast: try checkElementwise(operands, type)
    case .broadcast, .reshape, .permute, .slice, .concatenate: try checkMovement(operands, type)
    case .reduce, .cumulativeSum, .allReduceSum, .allGather:
      try checkReduction(operands, type, ranks)
    case .gather, .gatherAlongRows, .argsortDescending, .random: try checkIndexing(operands, type)
    case .matmul(let transposeRight):
      try expectCount(operands, 2...2)
      try checkMatmul(operands[0], operands[1], transposeRight, type)
    case .store(let state):
      try expectCount(operands, 2...2)
      let (value, slots) = (operands[0], operands[1])
      try expect(
        value.rank == 3
          && value.dataType == .float32 && value.shape[1] == Dim(state.heads)
          && value.shape[2] == Dim(state.headSize)
          && slots == TensorType(.int32, [value.shape[0]]),
        "expected float32 [tokens, \(state.heads), \(state.headSize)] and slots int32 [tokens] "
          + "for state '\(state.name)'")
      try expectResult(type, value)
    case .read(let state, _):
      try expectCount(operands, 0...0)
      try expectResult(type, state.type)
    case .customCall: break
    }
  }

  private func checkSource(
    _ operands: [TensorType], _ type: TensorType
  ) throws(OperandError) {
    try expectCount(operands, 0...0)
    switch self {
    case .weight(let weight): try expectResult(type, weight.type)
    case .constant(let value):
      try expectResult(type, TensorType(value.dataType, Shape(value.shape)))
    case .iota(let axis):
      try expect(type.dataType == .int32, "expected int32, found \(type)")
      try expectAxis(axis, of: type)
    default: break
    }
  }

  private func checkElementwise(
    _ operands: [TensorType], _ type: TensorType
  ) throws(OperandError) {
    switch self {
    case .unary(let operation):
      try expectCount(operands, 1...1)
      let element = operands[0].dataType
      switch operation {
      case .logicalNot: try expect(element == .bool, "expected bool, found \(operands[0])")
      case .negate, .absolute: try expectNumbers(operands[0])
      default:
        try expect(element.isFloatingPoint, "expected a floating-point type, found \(operands[0])")
      }
      try expectResult(type, operands[0])
    case .binary(let operation):
      try expectCount(operands, 2...2)
      try expect(
        operands[0] == operands[1], "expected equal types, found \(operands[0]) and \(operands[1])")
      switch operation {
      case .logicalAnd, .logicalOr:
        try expect(operands[0].dataType == .bool, "expected bool, found \(operands[0])")
      case .equal: break
      case .power:
        try expect(
          operands[0].dataType.isFloatingPoint,
          "expected a floating-point type, found \(operands[0])")
      default: try expectNumbers(operands[0])
      }
      let element = operation.isPredicate ? DataType.bool : operands[0].dataType
      try expectResult(type, TensorType(element, operands[0].shape))
    case .select:
      try expectCount(operands, 3...3)
      try expectType("condition", operands[0], TensorType(.bool, operands[1].shape))
      try expectType("else", operands[2], operands[1])
      try expectResult(type, operands[1])
    case .cast(let element):
      try expectCount(operands, 1...1)
      try expectResult(type, TensorType(element, operands[0].shape))
    default: break
    }
  }

  private func checkMovement(
    _ operands: [TensorType], _ type: TensorType
  ) throws(OperandError) {
    guard let first = operands.first else { throw OperandError("expected an operand, found none") }
    if case .concatenate(let axis) = self {
      try expectAxis(axis, of: first)
      var expected = first
      expected.shape[axis] = 0
      for part in operands {
        var rest = part
        if part.rank == first.rank { rest.shape[axis] = 0 }
        try expect(rest == expected, "\(part) beside \(first) along axis \(axis)")
      }
      expected.shape[axis] = operands.map { $0.shape[axis] }.reduce(0, +)
      return try expectResult(type, expected)
    }
    try expectCount(operands, 1...1)
    try expect(
      first.dataType == type.dataType, "expected \(first.dataType.rawValue), found \(type)")
    switch self {
    case .broadcast(let axes):
      try expect(
        axes.count == first.rank && axes.allSatisfy { 0 <= $0 && $0 < type.rank }
          && zip(axes, axes.dropFirst()).allSatisfy { $0 < $1 }
          && zip(first.shape.dims, axes).allSatisfy { $0 == 1 || $0 == type.shape[$1] },
        "\(first.shape) does not stretch to \(type.shape) along axes \(axes)")
    case .reshape:
      let (found, wanted) = (first.shape.elementCount, type.shape.elementCount)
      try expect(
        found == wanted, "\(first.shape) has \(found) elements, \(type.shape) has \(wanted)")
    case .permute(let axes):
      try expect(
        axes.sorted() == Array(0..<first.rank), "\(axes) is no permutation of \(first.rank) axes")
      try expectResult(type, TensorType(first.dataType, Shape(axes.map { first.shape[$0] })))
    case .slice(let axis, let start, let count):
      try expectAxis(axis, of: first)
      let rest = first.shape[axis] - Dim(start) - count
      try expect(
        start >= 0 && (rest.constant ?? 0) >= 0 && (count.constant ?? 0) >= 0,
        "\(count) elements from \(start) along axis \(axis) of \(first.shape)")
      var expected = first
      expected.shape[axis] = count
      try expectResult(type, expected)
    default: break
    }
  }

  private func checkReduction(
    _ operands: [TensorType], _ type: TensorType, _ ranks: Int
  ) throws(OperandError) {
    try expectCount(operands, 1...1)
    try expectNumbers(operands[0])
    var expected = operands[0]
    switch self {
    case .reduce(_, let axis):
      try expectAxis(axis, of: operands[0])
      expected.shape[axis] = 1
    case .cumulativeSum(let axis): try expectAxis(axis, of: operands[0])
    case .allGather(let axis):
      try expectAxis(axis, of: operands[0])
      expected.shape[axis] = expected.shape[axis] * Dim(ranks)
    default: break
    }
    try expectResult(type, expected)
  }

  private func checkIndexing(
    _ operands: [TensorType], _ type: TensorType
  ) throws(OperandError) {
    if case .argsortDescending = self {
      try expectCount(operands, 1...1)
      try expectNumbers(operands[0])
      try expectAxis(operands[0].rank - 1, of: operands[0])
      return try expectResult(type, TensorType(.int32, operands[0].shape))
    }
    try expectCount(operands, 2...2)
    let (values, indices) = (operands[0], operands[1])
    try expect(indices.dataType == .int32, "expected int32 indices, found \(indices)")
    switch self {
    case .gather:
      try expectAxis(0, of: values)
      let shape = Shape(indices.shape.dims + values.shape.dims.dropFirst())
      try expectResult(type, TensorType(values.dataType, shape))
    case .gatherAlongRows:
      try expect(
        values.rank == 2 && indices.rank == 2 && values.shape[0] == indices.shape[0],
        "expected [rows, n] and [rows, m], found \(values.shape) and \(indices.shape)")
      try expectResult(type, TensorType(values.dataType, indices.shape))
    case .random:
      try expect(indices.rank == 1, "expected counters int32 [n], found \(indices)")
      try expectType("seeds", values, TensorType(.int32, [indices.shape[0], 2]))
      try expectResult(type, TensorType(.float32, indices.shape))
    default: break
    }
  }

  private func checkMatmul(
    _ left: TensorType, _ right: TensorType, _ transposeRight: Bool, _ type: TensorType
  ) throws(OperandError) {
    let (a, b) = (left.shape, right.shape)
    try expect(
      a.rank >= 2 && a.rank == b.rank && left.dataType == .float32 && right.dataType == .float32
        && a.dims.dropLast(2) == b.dims.dropLast(2),
      "expected float32 [batch..., m, k] and equal batch axes")
    let inner = transposeRight ? b[-1] : b[-2]
    try expect(a[-1] == inner, "expected equal inner sizes, found \(a[-1]) and \(inner)")
    var expected = left
    expected.shape[-1] = transposeRight ? b[-2] : b[-1]
    try expectResult(type, expected)
  }
}

private func expectResult(_ type: TensorType, _ expected: TensorType) throws(OperandError) {
  try expect(type == expected, "gives \(expected), not \(type)")
}

private func expectNumbers(_ type: TensorType) throws(OperandError) {
  try expect(type.dataType != .bool, "expected numbers, found \(type)")
}

private func expectAxis(_ axis: Int, of type: TensorType) throws(OperandError) {
  try expect(0 <= axis && axis < type.rank, "no axis \(axis) in \(type.shape)")
}
