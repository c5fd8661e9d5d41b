public import ApusTensors

/// The place of a node in its graph's arena; ids ascend in the order of appending.
public struct NodeID: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let index: Int
  public init(_ index: Int) { self.index = index }
  public static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
  public var description: String { "%\(index)" }
}

/// What a node does.
public enum Operation: Sendable {
  case primitive(Primitive)
  case composite(any Composite)

  public var name: String {
    switch self {
    case .primitive(let primitive): primitive.name
    case .composite(let composite): type(of: composite).name
    }
  }

  public var isEffect: Bool {
    if case .primitive(let primitive) = self { return primitive.isEffect }
    return false
  }
}

public struct Node: Sendable {
  public let operation: Operation
  public let operands: [NodeID]
  public let type: TensorType
}

/// A typed, append-only dataflow graph. Node ids ascend, so the order of appending is a topological
/// order, the printing order and the order of interpretation. Equal nodes are appended once.
///
/// Building never throws or traps: a bad operation returns a poisoned `Tensor`, and the graph keeps the
/// first diagnostic, which `verify()` and loading throw.
///
/// A graph is built by one thread; once built, it may be read by many.
public final class Graph {
  public let name: String
  public private(set) var nodes: [Node] = []
  public private(set) var inputs: [(name: String, id: NodeID)] = []
  public private(set) var outputs: [(name: String, id: NodeID)] = []
  /// Names given by `Tensor.named(_:)`, for taps.
  public private(set) var tensorNames: [NodeID: String] = [:]
  /// Paged states in the order of first use.
  public private(set) var states: [PagedState] = []
  public private(set) var diagnostic: Diagnostic?
  /// Number of tensor-parallel ranks that collectives join.
  public let ranks: Int

  private var consed: [ConsKey: NodeID] = [:]
  private var storesOfState: [String: Int] = [:]

  public init(name: String, ranks: Int = 1) {
    self.name = name
    self.ranks = ranks
  }

  public subscript(id: NodeID) -> Node { nodes[id.index] }

  /// Every weight that a node names, in order.
  public var weights: [Weight] {
    nodes.compactMap {
      if case .primitive(.weight(let weight)) = $0.operation { return weight }
      return nil
    }
  }

  // MARK: Sources

  /// - Precondition: no other input has this name with another type.
  public func input(_ name: String, _ dataType: DataType, _ shape: Shape) -> Tensor {
    let type = TensorType(dataType, shape)
    if let existing = inputs.first(where: { $0.name == name }) {
      precondition(self[existing.id].type == type, "input '\(name)' was declared with another type")
      return Tensor(graph: self, id: existing.id)
    }
    let tensor = append(.primitive(.input(name: name)), [], type)
    inputs.append((name, tensor.id))
    return tensor
  }

  public func weight(_ weight: Weight) -> Tensor {
    append(.primitive(.weight(weight)), [], weight.type)
  }

  public func constant(_ value: HostTensor) -> Tensor {
    append(.primitive(.constant(value)), [], TensorType(value.dataType, Shape(value.shape)))
  }

  public func constant(_ value: Float) -> Tensor { constant(HostTensor([value], shape: [])) }

  /// int32 values 0, 1, 2, ... along `axis`.
  public func iota(_ shape: Shape, axis: Int) -> Tensor {
    append(.primitive(.iota(axis: axis)), [], TensorType(.int32, shape))
  }

  // MARK: Sinks

  /// Declares an output. A name is given once.
  public func output(_ name: String, _ tensor: Tensor) {
    precondition(!outputs.contains { $0.name == name }, "output '\(name)' is declared twice")
    outputs.append((name, tensor.id))
  }

  func setName(_ name: String, of id: NodeID) { tensorNames[id] = name }

  // MARK: Composites

  /// Appends a composite, after its own check of the operands' types.
  public func composite(
    _ composite: some Composite, _ operands: [Tensor], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let types = operands.map(\.type)
    if operands.contains(where: \.isPoisoned) { return poisoned }
    do throws(OperandError) {
      let type = try composite.resultType(of: types)
      return append(.composite(composite), operands.map(\.id), type)
    } catch {
      return fail(Swift.type(of: composite).name, operands, error.message, file: file, line: line)
    }
  }

  // MARK: Appending

  /// Appends a node, or finds the equal one. Operands must be ids of this graph, and sound: rewriting
  /// passes use it as it is, `Tensor`'s operations check before they call it.
  public func append(_ operation: Operation, _ operands: [NodeID], _ type: TensorType) -> Tensor {
    precondition(
      operands.allSatisfy { $0.index >= 0 && $0.index < nodes.count },
      "\(operation.name): operands \(operands) of \(nodes.count) nodes")
    let key = ConsKey(operation: operation, operands: operands, type: type)
    if !operation.isEffect, let existing = consed[key] { return Tensor(graph: self, id: existing) }
    let id = NodeID(nodes.count)
    nodes.append(Node(operation: operation, operands: operands, type: type))
    if !operation.isEffect { consed[key] = id }
    switch operation {
    case .primitive(.store(let state)):
      register(state)
      storesOfState[state.name, default: 0] += 1
    case .primitive(.read(let state, _)): register(state)
    default: break
    }
    return Tensor(graph: self, id: id)
  }

  /// Stores appended so far to the state of this name.
  public func storeCount(of state: PagedState) -> Int { storesOfState[state.name, default: 0] }

  private func register(_ state: PagedState) {
    if let existing = states.first(where: { $0.name == state.name }) {
      precondition(existing == state, "state '\(state.name)' was declared with another shape")
    } else {
      states.append(state)
    }
  }

  // MARK: Diagnostics

  var poisoned: Tensor { Tensor(graph: self, id: NodeID(-1)) }

  /// Records the first diagnostic and returns a poisoned tensor.
  func fail(
    _ operation: String, _ operands: [Tensor], _ message: String, file: String, line: Int
  ) -> Tensor {
    if diagnostic == nil {
      diagnostic = Diagnostic(
        operation: operation, operands: operands.map(\.type.description), message: message,
        nearestWeight: nearestWeight(above: operands.map(\.id)), file: file, line: line)
    }
    return poisoned
  }

  /// Breadth-first search upstream, nearest first.
  private func nearestWeight(above start: [NodeID]) -> String? {
    var seen: Set<NodeID> = []
    var level = start
    while !level.isEmpty {
      for id in level where id.index >= 0 {
        if case .primitive(.weight(let weight)) = self[id].operation { return weight.name }
      }
      level = level.flatMap { id in
        id.index >= 0 && seen.insert(id).inserted ? self[id].operands : []
      }
    }
    return nil
  }
}

/// Equality of nodes for consing.
private struct ConsKey: Hashable {
  let operation: AnyHashable
  let operands: [NodeID]
  let type: TensorType

  init(operation: Operation, operands: [NodeID], type: TensorType) {
    switch operation {
    case .primitive(let primitive): self.operation = AnyHashable(primitive)
    case .composite(let composite): self.operation = AnyHashable(composite)
    }
    self.operands = operands
    self.type = type
  }
}
