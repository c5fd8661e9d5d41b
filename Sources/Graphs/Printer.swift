import ApusTensors

extension Graph {
  /// The graph as text that a person can read: states, one line per node in order, outputs.
  ///
  /// `%12 = rms_normalization(%3, %11) epsilon=1e-05 : float32[tokens, 64]`
  public func printed() -> String {
    var lines = ["graph \(name)" + (ranks == 1 ? "" : " of \(ranks) ranks")]
    for state in states {
      lines.append("state '\(state.name)' \(state.format) : \(state.type)")
    }
    for index in nodes.indices { lines.append(printed(NodeID(index))) }
    for (name, id) in outputs { lines.append("output '\(name)' = \(id) : \(self[id].type)") }
    if let diagnostic { lines.append("error: \(diagnostic)") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// One line of `printed()`.
  public func printed(_ id: NodeID) -> String {
    let node = self[id]
    var text = "\(id) = \(node.operation.name)"
    if !node.operands.isEmpty {
      text += "(\(node.operands.map(\.description).joined(separator: ", ")))"
    }
    let parameters =
      switch node.operation {
      case .primitive(let primitive): primitive.parameters
      case .composite(let composite): composite.parameters
      }
    if !parameters.isEmpty { text += " \(parameters)" }
    text += " : \(node.type)"
    if let name = tensorNames[id] { text += "  # \(name)" }
    return text
  }
}

extension Primitive {
  /// What is printed after the operands; empty where the name says everything.
  var parameters: String {
    switch self {
    case .input(let name): "'\(name)'"
    case .weight(let weight): "'\(weight.name)' \(weight.format)\(weight.sharding?.printed ?? "")"
    case .constant(let value): value.printed
    case .iota(let axis), .cumulativeSum(let axis), .reduce(_, let axis), .concatenate(let axis),
      .allGather(let axis):
      "axis=\(axis)"
    case .broadcast(let axes), .permute(let axes): "axes=\(axes)"
    case .slice(let axis, let start, let count): "axis=\(axis) start=\(start) count=\(count)"
    case .matmul(let transposeRight): transposeRight ? "transpose_right" : ""
    case .store(let state): "'\(state.name)'"
    case .read(let state, let stores): "'\(state.name)' stores=\(stores)"
    case .customCall(let name): "'\(name)'"
    case .unary, .binary, .select, .cast, .reshape, .gather, .gatherAlongRows, .argsortDescending,
      .random, .allReduceSum:
      ""
    }
  }
}

extension WeightSharding {
  fileprivate var printed: String {
    switch self {
    case .columns(let alignment): " columns" + (alignment == 1 ? "" : "(\(alignment))")
    case .rows(let alignment): " rows" + (alignment == 1 ? "" : "(\(alignment))")
    }
  }
}

extension HostTensor {
  /// The first elements; those beyond eight are left out.
  fileprivate var printed: String {
    let (shown, count) =
      switch elements {
      case .float32(let values): (values.prefix(8).map { "\($0)" }, values.count)
      case .int32(let values): (values.prefix(8).map { "\($0)" }, values.count)
      }
    if shape.isEmpty { return shown[0] }
    return "[" + shown.joined(separator: ", ") + (count > shown.count ? ", ...]" : "]")
  }
}
