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
/// Building never throws or traps: a bad operation returns a poisoned `Tensor`, and the graph keeps
/// the first diagnostic, which `verify()` and loading throw.
///
/// A graph is built by one thread; once built, it may be read by many.
public final class Graph {
  public let name: String
  public private(set) var nodes: [Node] = []
  public private(set) var inputs: [(name: String, id: NodeID)] = []
  public private(set) var outputs: [(name: String, id: NodeID)] = []
  /// The last name given to each value by `Tensor.named(_:)`.
  public private(set) var tensorNames: [NodeID: String] = [:]
  /// Every name given by `Tensor.named(_:)`, for taps; equal values may have several names.
  public private(set) var namedTensors: [String: NodeID] = [:]
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

  /// A value that each run is given by name. Asking again for a name gives the same value.
  public func input(
    _ name: String, _ dataType: DataType, _ shape: Shape, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let type = TensorType(dataType, shape)
    if let existing = inputs.first(where: { $0.name == name }) {
      let tensor = Tensor(graph: self, id: existing.id)
      guard tensor.type == type else {
        return fail(
          "input", [tensor], "'\(name)' is declared again as \(type)", file: file, line: line)
      }
      return tensor
    }
    let tensor = apply(.input(name: name), [], type, file: file, line: line)
    if !tensor.isPoisoned { inputs.append((name, tensor.id)) }
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
  public func iota(
    _ shape: Shape, axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    apply(
      .iota(axis: axis < 0 ? shape.rank + axis : axis), [], TensorType(.int32, shape), file: file,
      line: line)
  }

  // MARK: Sinks

  /// Declares an output. A name is given once.
  public func output(
    _ name: String, _ tensor: Tensor, file: String = #fileID, line: Int = #line
  ) {
    guard accepts("output", [tensor], file: file, line: line) else { return }
    if outputs.contains(where: { $0.name == name }) {
      _ = fail("output", [tensor], "'\(name)' is declared twice", file: file, line: line)
    } else {
      outputs.append((name, tensor.id))
    }
  }

  func setName(_ name: String, of id: NodeID) {
    tensorNames[id] = name
    namedTensors[name] = id
  }

  // MARK: Composites

  /// Appends a composite, after its own check of the operands' types.
  public func composite(
    _ composite: some Composite, _ operands: [Tensor], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let name = Swift.type(of: composite).name
    guard accepts(name, operands, file: file, line: line) else { return poisoned }
    do throws(OperandError) {
      let type = try composite.resultType(of: operands.map(\.type))
      return append(.composite(composite), operands.map(\.id), type)
    } catch {
      return fail(name, operands, error.message, file: file, line: line)
    }
  }

  // MARK: Appending

  /// Appends a primitive after checking operands and type by its rules; refused, it is poisoned.
  func apply(
    _ primitive: Primitive, _ operands: [Tensor], _ type: TensorType, file: String, line: Int
  ) -> Tensor {
    guard accepts(primitive.name, operands, file: file, line: line) else { return poisoned }
    do throws(OperandError) {
      try primitive.check(operands.map(\.type), type, ranks: ranks)
      return append(.primitive(primitive), operands.map(\.id), type)
    } catch {
      return fail(primitive.name, operands, error.message, file: file, line: line)
    }
  }

  /// Whether all operands are sound values of this graph; another graph's are refused.
  func accepts(_ operation: String, _ operands: [Tensor], file: String, line: Int) -> Bool {
    if operands.contains(where: \.isPoisoned) {
      // Poison that comes from another graph must fail this one too.
      if diagnostic == nil { diagnostic = operands.firstDiagnostic }
      return false
    }
    guard operands.allSatisfy({ $0.graph === self }) else {
      _ = fail(operation, operands, "the operands belong to several graphs", file: file, line: line)
      return false
    }
    return true
  }

  /// Appends a node, or finds the equal one. Operands must be ids of this graph, and sound:
  /// rewriting passes use it as it is, `Tensor`'s operations check before they call it.
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

  /// Whether no other state has this name; `verify()` refuses graphs where one has.
  func agrees(_ state: PagedState) -> Bool {
    states.allSatisfy { $0.name != state.name || $0 == state }
  }

  private func register(_ state: PagedState) {
    if !states.contains(state) { states.append(state) }
  }

  // MARK: Diagnostics

  /// Takes over the diagnostic of a graph that this one is made from, unless it has its own.
  func adopt(_ other: Diagnostic?) {
    if diagnostic == nil { diagnostic = other }
  }

  var poisoned: Tensor { Tensor(graph: self, id: NodeID(-1)) }

  /// Records the first diagnostic and returns a poisoned tensor.
  func fail(
    _ operation: String, _ operands: [Tensor], _ message: String, file: String, line: Int
  ) -> Tensor {
    if diagnostic == nil {
      diagnostic = Diagnostic(
        operation: operation, operands: operands.map(\.type.description), message: message,
        nearestWeight: nearestWeight(above: operands.filter { $0.graph === self }.map(\.id)),
        file: file, line: line)
    }
    return poisoned
  }

  /// Breadth-first search upstream, nearest first.
  func nearestWeight(above start: [NodeID]) -> String? {
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

extension [Tensor] {
  fileprivate var firstDiagnostic: Diagnostic? {
    lazy.filter(\.isPoisoned).compactMap(\.graph.diagnostic).first
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
