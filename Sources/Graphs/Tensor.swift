public import ApusTensors

/// A handle of a value in a graph.
public struct Tensor {
  public let graph: Graph
  public let id: NodeID

  init(graph: Graph, id: NodeID) {
    self.graph = graph
    self.id = id
  }

  /// An operation upstream was refused; the graph holds the diagnostic.
  public var isPoisoned: Bool { id.index < 0 }

  /// The type; of a poisoned tensor, float32 of no dimensions.
  public var type: TensorType { isPoisoned ? TensorType(.float32, []) : graph[id].type }
  public var shape: Shape { type.shape }
  public var dataType: DataType { type.dataType }

  /// Gives the value a name by which the interpreter can tap it.
  public func named(_ name: String) -> Tensor {
    if !isPoisoned { graph.setName(name, of: id) }
    return self
  }
}
