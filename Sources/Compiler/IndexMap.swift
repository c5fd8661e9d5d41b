import ApusGraphs
package import ApusTensors

/// Where along one axis of a value a loop stands: a loop dimension's index plus a fixed offset, or
/// the offset alone (stretched axes, axes of size 1).
struct AxisIndex: Hashable {
  var dim: Int?
  var offset: Int

  static let fixed = AxisIndex(dim: nil, offset: 0)
  static func loop(_ dim: Int) -> AxisIndex { AxisIndex(dim: dim, offset: 0) }
}

/// For each axis of a value, where a loop stands.
typealias IndexMap = [AxisIndex]

/// How the operands of a movement are indexed where its result is indexed by `map`; nil where no
/// index map says it.
func operandMap(_ primitive: Primitive, _ map: IndexMap, operand: Shape, result: Shape) -> IndexMap?
{
  switch primitive {
  case .broadcast(let axes):
    return axes.enumerated().map { axis, target in
      operand[axis].constant == 1 ? .fixed : map[target]
    }
  case .permute(let axes):
    var mapped = map
    for (axis, source) in axes.enumerated() { mapped[source] = map[axis] }
    return mapped
  case .slice(let axis, let start, _):
    var mapped = map
    mapped[axis].offset += start
    return mapped
  case .reshape: return squeezedMap(map, operand: operand, result: result)
  default: return nil
  }
}

/// A reshape that only adds or drops axes of size 1.
private func squeezedMap(_ map: IndexMap, operand: Shape, result: Shape) -> IndexMap? {
  let kept = result.dims.indices.filter { result[$0].constant != 1 }
  let axes = operand.dims.indices.filter { operand[$0].constant != 1 }
  guard kept.map({ result[$0] }) == axes.map({ operand[$0] }) else { return nil }
  var mapped = Array(repeating: AxisIndex.fixed, count: operand.rank)
  for (from, to) in zip(kept, axes) { mapped[to] = map[from] }
  return mapped
}

extension Shape {
  /// Elements between neighbours along each axis of a row-major tensor.
  package var rowMajorStrides: [Dim] {
    var strides = Array(repeating: Dim(1), count: rank)
    for axis in dims.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * dims[axis + 1]
    }
    return strides
  }
}
