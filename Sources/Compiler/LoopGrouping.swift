import ApusGraphs
import ApusTensors

/// The part a node plays in fusion.
enum FusionKind: Hashable {
  /// Stands in memory before the plan runs.
  case source
  /// Run by a kernel over operands in memory.
  case kernel
  /// Another shape of its operand's memory.
  case alias
  /// An index map over its operand, free inside a loop.
  case view
  /// Elementwise or a reduction.
  case compute
  /// A loop for each part.
  case concatenate
}

/// A loop in the making: the value it ends in (for concatenations, one of its parts) and its space.
struct LoopGroup {
  let root: NodeID
  /// The operand of a concatenation that this loop copies, with its first index along the joined
  /// axis.
  let part: (operand: Int, start: Dim)?
  /// Outer dimensions and, last, the columns.
  var dims: [Dim]
  /// Rows only so far: the first reduction decides what the columns are.
  var isColumnOpen: Bool
  /// For each axis of the stored value, where the loop stands.
  let rootMap: IndexMap
  var column: Int { dims.count - 1 }
}

/// Decides which values stand in memory and which are computed inside the loop that uses them.
///
/// One pass from the last node to the first. A value whose consumers all lie in one loop, at one
/// index map, joins that loop; any other is stored once, by its own.
struct LoopGrouping {
  private struct Demand: Hashable {
    let group: Int
    let map: IndexMap
  }

  private let graph: Graph
  private let forced: Set<NodeID>
  private(set) var groups: [LoopGroup] = []
  private var demands: [Set<Demand>]
  private var inMemory: [Bool]
  private var groupsOfRoot: [NodeID: [Int]] = [:]
  private var members: [Int: [NodeID]] = [:]
  private let kinds: [FusionKind]

  init(_ graph: Graph, forced: Set<NodeID>) {
    self.graph = graph
    self.forced = forced
    demands = Array(repeating: [], count: graph.nodes.count)
    inMemory = Array(repeating: false, count: graph.nodes.count)
    kinds = graph.nodes.map { Self.kind($0, graph) }
  }

  func kind(_ id: NodeID) -> FusionKind { kinds[id.index] }
  func isMaterialized(_ id: NodeID) -> Bool { inMemory[id.index] }
  func groups(at id: NodeID) -> [LoopGroup] { (groupsOfRoot[id] ?? []).map { groups[$0] } }

  /// A value inside a loop at which it can be cut in two.
  func cut(_ group: LoopGroup) -> NodeID? {
    guard
      let index = groupsOfRoot[group.root]?.first(where: {
        groups[$0].part?.operand == group.part?.operand
      })
    else { return nil }
    let inside = (members[index] ?? []).sorted()
    return inside.isEmpty ? nil : inside[inside.count / 2]
  }

  mutating func run() throws {
    for (_, id) in graph.outputs { inMemory[id.index] = true }
    for id in graph.ids.reversed() { try visit(id) }
  }

  private mutating func visit(_ id: NodeID) throws {
    let node = graph[id]
    if node.operation.isEffect { inMemory[id.index] = true }
    guard inMemory[id.index] || !demands[id.index].isEmpty else { return }
    switch kind(id) {
    case .source: break
    case .kernel:
      inMemory[id.index] = true
      for operand in node.operands { inMemory[operand.index] = true }
    case .alias: inMemory[node.operands[0].index] = true
    case .view: visitView(id, node)
    case .concatenate: visitConcatenation(id, node)
    case .compute: try visitCompute(id, node)
    }
  }

  private mutating func visitView(_ id: NodeID, _ node: Node) {
    if inMemory[id.index] {
      if case .primitive(.reshape) = node.operation {
        inMemory[node.operands[0].index] = true
      } else {
        let group = open(id, node)
        demand(node, 0, in: group, at: groups[group].rootMap)
      }
    }
    for entry in demands[id.index] { demand(node, 0, in: entry.group, at: entry.map) }
  }

  private mutating func visitConcatenation(_ id: NodeID, _ node: Node) {
    guard case .primitive(.concatenate(let axis)) = node.operation else { return }
    inMemory[id.index] = true
    var start = Dim(0)
    for (index, operand) in node.operands.enumerated() {
      let shape = graph[operand].type.shape
      let map = Self.identity(shape)
      let dims = shape.dims.isEmpty ? [1] : shape.dims
      let group = append(
        LoopGroup(
          root: id, part: (index, start), dims: dims, isColumnOpen: false, rootMap: map))
      demands[operand.index].insert(Demand(group: group, map: map))
      start = start + shape[axis]
    }
  }

  private mutating func visitCompute(_ id: NodeID, _ node: Node) throws {
    try Self.checkType(node)
    if isFree(node) {
      if inMemory[id.index] { _ = open(id, node) }
      return
    }
    if let only = demands[id.index].first, demands[id.index].count == 1, !inMemory[id.index],
      !forced.contains(id), !Self.rounds(node), let group = joined(node, only)
    {
      members[group, default: []].append(id)
      for index in node.operands.indices { demand(node, index, in: group, at: only.map) }
    } else {
      inMemory[id.index] = true
      let group = open(id, node)
      for index in node.operands.indices {
        demand(node, index, in: group, at: groups[group].rootMap)
      }
    }
  }

  /// The group, where the node can be a member of it; binds the group's columns to a first
  /// reduction.
  private mutating func joined(_ node: Node, _ demand: Demand) -> Int? {
    guard case .primitive(.reduce(_, let axis)) = node.operation else { return demand.group }
    let group = groups[demand.group]
    let size = graph[node.operands[0]].type.shape[axis]
    guard group.isColumnOpen || group.dims[group.column] == size,
      !demand.map.contains(where: { $0.dim == group.column })
    else { return nil }
    groups[demand.group].dims[group.column] = size
    groups[demand.group].isColumnOpen = false
    return demand.group
  }

  private mutating func demand(_ node: Node, _ operand: Int, in group: Int, at map: IndexMap) {
    let id = node.operands[operand]
    let mapped = Self.map(
      node, map, operand: graph[id].type.shape, column: groups[group].column)
    demands[id.index].insert(Demand(group: group, map: mapped))
  }

  /// A group that ends in this value.
  private mutating func open(_ id: NodeID, _ node: Node) -> Int {
    let shape = node.type.shape
    var reducedAxis: Int?
    if case .primitive(.reduce(_, let axis)) = node.operation { reducedAxis = axis }
    if reducedAxis == nil, let last = shape.dims.last, last.constant == 1 {
      reducedAxis = shape.rank - 1
    }
    guard let reducedAxis else {
      let dims = shape.dims.isEmpty ? [1] : shape.dims
      return append(
        LoopGroup(
          root: id, part: nil, dims: dims, isColumnOpen: shape.dims.isEmpty,
          rootMap: Self.identity(shape)))
    }
    var map = Self.identity(shape)
    map[reducedAxis] = .fixed
    var dims: [Dim] = []
    for axis in shape.dims.indices where axis != reducedAxis {
      if map[axis].dim != nil { map[axis] = .loop(dims.count) }
      dims.append(shape[axis])
    }
    dims.append(1)
    var group = LoopGroup(root: id, part: nil, dims: dims, isColumnOpen: true, rootMap: map)
    if case .primitive(.reduce) = node.operation {
      group.dims[group.column] = graph[node.operands[0]].type.shape[reducedAxis]
      group.isColumnOpen = false
    }
    return append(group)
  }

  private mutating func append(_ group: LoopGroup) -> Int {
    groups.append(group)
    groupsOfRoot[group.root, default: []].append(groups.count - 1)
    return groups.count - 1
  }
}

// MARK: Nodes

extension LoopGrouping {
  static func identity(_ shape: Shape) -> IndexMap {
    shape.dims.enumerated().map { $1.constant == 1 ? .fixed : .loop($0) }
  }

  /// How an operand is indexed where the node is indexed by `map` in a loop with these columns.
  static func map(_ node: Node, _ map: IndexMap, operand: Shape, column: Int) -> IndexMap {
    guard case .primitive(let primitive) = node.operation else { return map }
    if case .reduce(_, let axis) = primitive {
      var mapped = map
      mapped[axis] = operand[axis].constant == 1 ? .fixed : .loop(column)
      return mapped
    }
    return operandMap(primitive, map, operand: operand, result: node.type.shape) ?? map
  }

  /// Values of this type are rounded by being stored.
  static func rounds(_ node: Node) -> Bool {
    if case .primitive(.cast(let type)) = node.operation {
      return type == .bfloat16 || type == .float16
    }
    return false
  }

  /// Nothing is read and nothing computed: every loop makes its own.
  private func isFree(_ node: Node) -> Bool {
    if case .primitive(.iota) = node.operation { return true }
    return false
  }

  private static func kind(_ node: Node, _ graph: Graph) -> FusionKind {
    guard case .primitive(let primitive) = node.operation else { return .kernel }
    switch primitive {
    case .input, .weight, .constant, .read: return .source
    case .iota, .unary, .binary, .select, .cast: return .compute
    case .reduce(_, let axis):
      return graph[node.operands[0]].type.shape[axis].constant == 1 ? .view : .compute
    case .broadcast, .permute, .slice: return .view
    case .reshape:
      let operand = graph[node.operands[0]].type.shape
      let map = identity(node.type.shape)
      return operandMap(.reshape, map, operand: operand, result: node.type.shape) == nil
        ? .alias : .view
    case .concatenate: return .concatenate
    case .cumulativeSum, .gather, .gatherAlongRows, .argsortDescending, .matmul, .random,
      .allReduceSum, .allGather, .store, .customCall:
      return .kernel
    }
  }

  /// Loops compute in float32; other types are loaded and stored where they are exact in it.
  private static func checkType(_ node: Node) throws {
    switch node.type.dataType {
    case .bool, .int32, .float32, .bfloat16, .float16: return
    default:
      throw CompileError(
        "\(node.operation.name) \(node.type): fused loops know bool, int32, float32, bfloat16 and "
          + "float16")
    }
  }
}
