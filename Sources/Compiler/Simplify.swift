package import ApusGraphs
import ApusTensors

/// Removes what no output or effect needs, and applies identities that change no bit of a result
/// (except the sign of a zero).
package func simplify(_ graph: Graph) throws -> Graph {
  let live = graph.liveness()
  var rewriter = GraphRewriter(graph)
  for id in graph.ids where live[id.index] && !rewriter.isRewritten(id) {
    let node = graph[id]
    if case .primitive(let primitive) = node.operation,
      let simpler = try simplified(
        primitive, rewriter.operands(of: node), node.type, in: rewriter.target)
    {
      rewriter.replace(id, by: simpler)
    } else {
      rewriter.copy(id)
    }
  }
  return withoutDeadCode(rewriter.finish())
}

/// What outputs and effects need; rewriting leaves nodes behind that it went past.
private func withoutDeadCode(_ graph: Graph) -> Graph {
  let live = graph.liveness()
  var rewriter = GraphRewriter(graph)
  for id in graph.ids where live[id.index] && !rewriter.isRewritten(id) { rewriter.copy(id) }
  return rewriter.finish()
}

/// A simpler tensor than the primitive over these operands, or nil.
private func simplified(
  _ primitive: Primitive, _ operands: [Tensor], _ type: TensorType, in graph: Graph
) throws -> Tensor? {
  if let folded = try foldedScalar(primitive, operands, type, in: graph) { return folded }
  return switch primitive {
  case .binary(let operation): identity(operation, operands)
  case .unary(.negate):
    inner(of: operands[0]) { if case .unary(.negate) = $0 { true } else { false } }
  case .cast: operands[0].type == type ? operands[0] : nil
  case .reshape: reshaped(operands[0], type, in: graph)
  case .permute(let axes): permuted(operands[0], axes, type, in: graph)
  case .broadcast(let axes): stretched(operands[0], axes, type, in: graph)
  case .slice(let axis, let start, let count):
    sliced(operands[0], axis, start, count, type, in: graph)
  case .concatenate: operands.count == 1 ? operands[0] : nil
  default: nil
  }
}

/// x * 1, x + 0, x - 0, x / 1.
private func identity(_ operation: BinaryOperation, _ operands: [Tensor]) -> Tensor? {
  func constant(_ tensor: Tensor) -> Float? { tensor.graph.scalarConstant(tensor.id) }
  let (left, right) = (operands[0], operands[1])
  switch operation {
  case .multiply: return constant(right) == 1 ? left : constant(left) == 1 ? right : nil
  case .add: return constant(right) == 0 ? left : constant(left) == 0 ? right : nil
  case .subtract: return constant(right) == 0 ? left : nil
  case .divide: return constant(right) == 1 ? left : nil
  default: return nil
  }
}

private func inner(of tensor: Tensor, where matches: (Primitive) -> Bool) -> Tensor? {
  guard case .primitive(let primitive) = tensor.graph[tensor.id].operation, matches(primitive)
  else { return nil }
  return tensor.operand
}

private func reshaped(_ value: Tensor, _ type: TensorType, in graph: Graph) -> Tensor? {
  if value.type == type { return value }
  guard let inner = inner(of: value, where: { $0 == .reshape }) else { return nil }
  if inner.type == type { return inner }
  return graph.append(.primitive(.reshape), [inner.id], type)
}

private func permuted(
  _ value: Tensor, _ axes: [Int], _ type: TensorType, in graph: Graph
) -> Tensor? {
  if axes == Array(axes.indices) { return value }
  guard case .primitive(.permute(let first)) = graph[value.id].operation else { return nil }
  let composed = axes.map { first[$0] }
  if composed == Array(composed.indices) { return value.operand }
  return graph.append(.primitive(.permute(axes: composed)), [value.operand.id], type)
}

private func stretched(
  _ value: Tensor, _ axes: [Int], _ type: TensorType, in graph: Graph
) -> Tensor? {
  if value.type == type { return value }
  guard case .primitive(.broadcast(let first)) = graph[value.id].operation else { return nil }
  let composed = first.map { axes[$0] }
  return graph.append(.primitive(.broadcast(axes: composed)), [value.operand.id], type)
}

private func sliced(
  _ value: Tensor, _ axis: Int, _ start: Int, _ count: Dim, _ type: TensorType, in graph: Graph
) -> Tensor? {
  if value.type == type, start == 0 { return value }
  guard case .primitive(.slice(axis, let first, _)) = graph[value.id].operation else { return nil }
  return graph.append(
    .primitive(.slice(axis: axis, start: first + start, count: count)), [value.operand.id], type)
}

/// An elementwise operation over single constants is a constant.
private func foldedScalar(
  _ primitive: Primitive, _ operands: [Tensor], _ type: TensorType, in graph: Graph
) throws -> Tensor? {
  switch primitive {
  case .unary, .binary, .select, .cast, .reshape: break
  default: return nil
  }
  var values: [HostTensor] = []
  for operand in operands {
    guard case .primitive(.constant(let value)) = graph[operand.id].operation, value.count == 1
    else { return nil }
    values.append(value)
  }
  return graph.constant(try evaluate(.primitive(primitive), values, type))
}

extension Tensor {
  /// The first operand of the node.
  fileprivate var operand: Tensor { graph.tensor(graph[id].operands[0]) }
}
