package import ApusGraphs
package import ApusTensors

/// What a loop reads besides its own indices.
package enum LoopSource: Hashable, Sendable {
  /// A value that stands in memory.
  case node(NodeID)
  /// 0, 1, 2, ...: the index along an outer dimension, which tile programs do not have.
  case iota(count: Dim)
}

/// A strided view that a loop loads from or stores to, in elements.
package struct LoopAccess: Hashable, Sendable {
  package var source: LoopSource
  package var dataType: DataType
  /// One per loop dimension; 0 where the value is stretched.
  package var strides: [Dim]
  package var offset: Dim
}

/// One step of a loop's expression; operands are indices of earlier steps.
package enum LoopExpression: Hashable, Sendable {
  case load(LoopAccess)
  case constant(Float)
  /// The index along the columns.
  case column
  case unary(UnaryOperation, Int)
  /// Toward zero.
  case truncate(Int)
  case binary(BinaryOperation, Int, Int)
  case select(Int, Int, Int)
  /// Over the columns of a row.
  case reduce(ReductionOperation, Int)

  package var operands: [Int] {
    switch self {
    case .load, .constant, .column: []
    case .unary(_, let a), .truncate(let a), .reduce(_, let a): [a]
    case .binary(_, let a, let b): [a, b]
    case .select(let a, let b, let c): [a, b, c]
    }
  }
}

/// A fused loop: an index space and, for each of its points, an expression whose value is stored.
///
/// The last dimension is the columns, which reductions run along; rows are all others. No value
/// crosses from one row to another, so that a row's result never depends on its place in a batch.
package struct Loop: Sendable {
  /// Outer dimensions, then the columns.
  package var dims: [Dim]
  /// In an order in which operands come first; equal expressions are one.
  package var expressions: [LoopExpression]
  package var stores: [(value: Int, access: LoopAccess)]

  package var loads: [LoopAccess] {
    expressions.compactMap { if case .load(let access) = $0 { access } else { nil } }
  }

  package var hasReduction: Bool {
    expressions.contains { if case .reduce = $0 { true } else { false } }
  }

  /// The first stage in which a value exists: reductions of a stage are complete in the next.
  package var stages: [Int] {
    var stages: [Int] = []
    for expression in expressions {
      let stage =
        expression.operands.map { operand in
          if case .reduce = expressions[operand] { return stages[operand] + 1 }
          return stages[operand]
        }.max() ?? 0
      stages.append(stage)
    }
    return stages
  }

  /// Values in memory that the loop reads.
  package var operands: Set<NodeID> {
    Set(loads.compactMap { if case .node(let id) = $0.source { id } else { nil } })
  }
}

// MARK: Normal form

extension Loop {
  /// Three outer dimensions and the columns: dimensions of size 1 dropped, neighbours merged where
  /// all accesses allow it, missing ones added in front. The columns are never merged with rows.
  ///
  /// - Throws: where more than three outer dimensions remain.
  mutating func normalize() throws {
    for dim in dims.indices.dropLast().reversed() where dims[dim].constant == 1 { remove(dim) }
    for dim in dims.indices.dropLast(2).reversed() where canMerge(dim) {
      dims[dim + 1] = dims[dim] * dims[dim + 1]
      remove(dim)
    }
    while dims.count < 4 {
      dims.insert(1, at: 0)
      changeAccesses { $0.strides.insert(0, at: 0) }
    }
    guard dims.count == 4 else {
      let shape = Shape(dims)
      throw CompileError("a fused loop over \(shape) keeps more than three outer dimensions")
    }
  }

  /// Whether stepping over `dim` is the same as stepping past the end of the next one, for all
  /// accesses.
  private func canMerge(_ dim: Int) -> Bool {
    (loads + stores.map(\.access)).allSatisfy {
      $0.strides[dim] == $0.strides[dim + 1] * dims[dim + 1]
    }
  }

  private mutating func remove(_ dim: Int) {
    dims.remove(at: dim)
    changeAccesses { $0.strides.remove(at: dim) }
  }

  private mutating func changeAccesses(_ change: (inout LoopAccess) -> Void) {
    for index in expressions.indices {
      guard case .load(var access) = expressions[index] else { continue }
      change(&access)
      expressions[index] = .load(access)
    }
    for index in stores.indices { change(&stores[index].access) }
  }
}

// MARK: Text

extension Loop {
  /// The index space and the expression, a line each; the stage in front where there are several.
  ///
  /// - Parameter name: what a value in memory is called
  package func text(_ name: (NodeID) -> String) -> String {
    var lines = ["loop \(Shape(dims))"]
    let stages = stages
    for (index, expression) in expressions.enumerated() {
      let stage = stages.contains { $0 > 0 } ? "\(stages[index])| " : ""
      lines.append("    \(stage)v\(index) = \(Self.text(expression, name))")
    }
    for store in stores { lines.append("    \(Self.text(store.access, name)) = v\(store.value)") }
    return lines.joined(separator: "\n")
  }

  private static func text(_ access: LoopAccess, _ name: (NodeID) -> String) -> String {
    let source =
      switch access.source {
      case .node(let id): name(id)
      case .iota(let count): "iota(\(count))"
      }
    let strides = access.strides.map(\.description).joined(separator: ", ")
    let offset = access.offset == 0 ? "" : " + \(access.offset)"
    return "\(source)\(offset) \(access.dataType.rawValue) by (\(strides))"
  }

  private static func text(_ expression: LoopExpression, _ name: (NodeID) -> String) -> String {
    switch expression {
    case .load(let access): "load \(text(access, name))"
    case .constant(let value): "\(value)"
    case .column: "column"
    case .unary(let operation, let a): "\(operation.rawValue) v\(a)"
    case .truncate(let a): "truncate v\(a)"
    case .binary(let operation, let a, let b): "\(operation.rawValue) v\(a), v\(b)"
    case .select(let a, let b, let c): "select v\(a), v\(b), v\(c)"
    case .reduce(let operation, let a): "reduce_\(operation.rawValue) v\(a)"
    }
  }
}
