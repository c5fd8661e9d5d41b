import ApusGraphs
import ApusTensors

/// Writes the expression of one group.
struct LoopBuilder {
  private struct Place: Hashable {
    let id: NodeID
    let map: IndexMap
  }

  private let graph: Graph
  private let grouping: LoopGrouping
  private let group: LoopGroup
  private var loop: Loop
  private var known: [Place: Int] = [:]
  private var consed: [LoopExpression: Int] = [:]

  init(_ graph: Graph, _ grouping: LoopGrouping, _ group: LoopGroup) {
    self.graph = graph
    self.grouping = grouping
    self.group = group
    loop = Loop(dims: group.dims, expressions: [], stores: [])
  }

  mutating func build() throws -> Loop {
    let root = graph[group.root]
    let strides = root.type.shape.rowMajorStrides
    var target = access(
      .node(group.root), root.type.dataType, strides: strides, map: group.rootMap)
    let value: Int
    if let part = group.part, case .primitive(.concatenate(let axis)) = root.operation {
      target.offset = strides[axis] * part.start
      value = try expression(root.operands[part.operand], group.rootMap)
    } else {
      value = try computed(group.root, group.rootMap)
    }
    loop.stores = [(value, target)]
    dropOpenColumn()
    moveBitsUnchanged()
    try loop.normalize()
    return loop
  }

  /// No reduction gave the columns a meaning: the innermost row dimension takes their place.
  private mutating func dropOpenColumn() {
    guard group.isColumnOpen, loop.dims.count > 1 else { return }
    loop.dims.removeLast()
    for index in loop.expressions.indices {
      guard case .load(var access) = loop.expressions[index] else { continue }
      access.strides.removeLast()
      loop.expressions[index] = .load(access)
    }
    for index in loop.stores.indices { loop.stores[index].access.strides.removeLast() }
  }

  /// Integers beyond 2^24 would not survive float registers: where a loop only moves them, it moves
  /// their bits.
  private mutating func moveBitsUnchanged() {
    guard loop.expressions.count == 1, case .load(var access) = loop.expressions[0],
      access.dataType == .int32, loop.stores[0].access.dataType == .int32
    else { return }
    access.dataType = .float32
    loop.expressions[0] = .load(access)
    loop.stores[0].access.dataType = .float32
  }

  // MARK: Expressions

  private mutating func append(_ expression: LoopExpression) -> Int {
    if let index = consed[expression] { return index }
    loop.expressions.append(expression)
    consed[expression] = loop.expressions.count - 1
    return loop.expressions.count - 1
  }

  /// The value of a node at a place: loaded where it stands in memory, computed otherwise.
  private mutating func expression(_ id: NodeID, _ map: IndexMap) throws -> Int {
    let place = Place(id: id, map: map)
    if let index = known[place] { return index }
    let node = graph[id]
    let index: Int
    switch grouping.kind(id) {
    case .source, .kernel, .alias, .concatenate: index = load(id, node, map)
    case .view: index = try computed(id, map)
    case .compute:
      let inMemory = grouping.isMaterialized(id) && !isIota(node)
      index = inMemory ? load(id, node, map) : try computed(id, map)
    }
    known[place] = index
    return index
  }

  private func isIota(_ node: Node) -> Bool {
    if case .primitive(.iota) = node.operation { true } else { false }
  }

  private mutating func load(_ id: NodeID, _ node: Node, _ map: IndexMap) -> Int {
    if let value = graph.scalarConstant(id) { return append(.constant(value)) }
    var type = node.type.dataType
    switch node.operation {
    case .primitive(.weight(let weight)):
      if case .dense(let stored) = weight.format { type = stored }
    case .primitive(.read(let state, _)):
      if case .dense(let stored) = state.format { type = stored }
    default: break
    }
    let source = LoopSource.node(graph.nodes.memory(of: id))
    return append(
      .load(access(source, type, strides: node.type.shape.rowMajorStrides, map: map)))
  }

  private func access(
    _ source: LoopSource, _ type: DataType, strides: [Dim], map: IndexMap
  ) -> LoopAccess {
    var access = LoopAccess(
      source: source, dataType: type, strides: Array(repeating: 0, count: loop.dims.count),
      offset: 0)
    for (axis, index) in map.enumerated() {
      if let dim = index.dim { access.strides[dim] = access.strides[dim] + strides[axis] }
      access.offset = access.offset + strides[axis] * Dim(index.offset)
    }
    return access
  }

  /// The node's operation over its operands, inside this loop.
  private mutating func computed(_ id: NodeID, _ map: IndexMap) throws -> Int {
    let node = graph[id]
    guard case .primitive(let primitive) = node.operation else {
      throw CompileError("\(node.operation.name) \(node.type) cannot be part of a fused loop")
    }
    var operands: [Int] = []
    for operand in node.operands {
      let mapped = LoopGrouping.map(
        node, map, operand: graph[operand].type.shape, column: group.column)
      operands.append(try expression(operand, mapped))
    }
    switch primitive {
    case .iota(let axis): return iota(map[axis], node.type.shape[axis])
    case .unary(let operation): return append(.unary(operation, operands[0]))
    case .binary(let operation):
      let value = append(.binary(operation, operands[0], operands[1]))
      return operation == .divide && node.type.dataType == .int32 ? append(.truncate(value)) : value
    case .select: return append(.select(operands[0], operands[1], operands[2]))
    case .cast(let type):
      return cast(operands[0], from: graph[node.operands[0]].type.dataType, to: type)
    case .reduce(let operation, _) where grouping.kind(id) == .compute:
      return append(.reduce(operation, operands[0]))
    default: return operands[0]
    }
  }

  private mutating func cast(_ value: Int, from: DataType, to: DataType) -> Int {
    if to == .bool {
      let isZero = append(.binary(.equal, value, append(.constant(0))))
      return append(.unary(.logicalNot, isZero))
    }
    return from.isFloatingPoint && !to.isFloatingPoint ? append(.truncate(value)) : value
  }

  private mutating func iota(_ index: AxisIndex, _ count: Dim) -> Int {
    guard let dim = index.dim else { return append(.constant(Float(index.offset))) }
    // Without a reduction an open column goes away, and the last row dimension becomes the columns.
    let columns = group.isColumnOpen ? max(group.column - 1, 0) : group.column
    if dim == columns {
      let column = append(.column)
      return index.offset == 0
        ? column : append(.binary(.add, column, append(.constant(Float(index.offset)))))
    }
    var access = LoopAccess(
      source: .iota(count: count), dataType: .int32,
      strides: Array(repeating: 0, count: loop.dims.count), offset: Dim(index.offset))
    access.strides[dim] = 1
    return append(.load(access))
  }
}
