import ApusTensors

/// What every primitive means, as plain loops over host tensors.
enum Reference {
  /// A primitive without state, collectives or names of the outside.
  ///
  /// - Parameters:
  ///   - shape: sizes of the result.
  ///   - type: the node's type, whose shape may have symbols.
  static func evaluate(
    _ primitive: Primitive, _ operands: [HostTensor], shape: [Int], symbols: [String: Int],
    type: TensorType
  ) throws(OperandError) -> HostTensor {
    switch primitive {
    case .constant(let value): return value
    case .iota(let axis): return iota(shape, axis: axis)
    case .unary(let operation): return unary(operation, operands[0])
    case .binary(let operation): return binary(operation, operands[0], operands[1])
    case .select: return select(operands[0], operands[1], operands[2])
    case .cast(let element): return cast(operands[0], to: element)
    case .broadcast(let axes): return broadcast(operands[0], to: shape, axes: axes)
    case .reshape: return reshaped(operands[0], shape)
    case .permute(let axes): return permuted(operands[0], axes)
    case .slice(let axis, let start, _):
      let size = operands[0].shape[axis]
      guard start + shape[axis] <= size else {
        throw OperandError("\(shape[axis]) elements from \(start) of axis \(axis) of size \(size)")
      }
      return sliced(operands[0], axis: axis, start: start, to: shape)
    case .concatenate(let axis): return concatenated(operands, axis: axis)
    case .reduce(let operation, let axis): return reduced(operands[0], operation, axis: axis)
    case .cumulativeSum(let axis): return cumulativeSum(operands[0], axis: axis)
    case .gather: return gathered(operands[0], operands[1], shape)
    case .gatherAlongRows: return gatheredAlongRows(operands[0], operands[1])
    case .argsortDescending: return argsortDescending(operands[0])
    case .matmul(let transposeRight):
      return matmul(operands[0], operands[1], transposeRight: transposeRight, shape)
    case .random: return random(operands[0].integers, operands[1].integers)
    case .customCall(let name): throw OperandError("no interpreter knows the kernel '\(name)'")
    case .input, .weight, .allReduceSum, .allGather, .store, .read:
      throw OperandError("cannot be computed alone")
    }
  }

  static func iota(_ shape: [Int], axis: Int) -> HostTensor {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let size = shape[axis]
    var values = [Int32](repeating: 0, count: shape.reduce(1, *))
    for index in 0..<values.count { values[index] = Int32(index / inner % size) }
    return HostTensor(values, shape: shape)
  }

  static func random(_ seeds: [Int32], _ counters: [Int32]) -> HostTensor {
    HostTensor(
      counters.indices.map {
        Philox.uniform(seeds[2 * $0], seeds[2 * $0 + 1], counter: counters[$0])
      })
  }
}
