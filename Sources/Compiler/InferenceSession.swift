public import ApusCheckpoints
public import ApusDevices
public import ApusGraphs
import ApusTensors

/// Compiles graphs for a device and loads them.
public struct InferenceSession {
  public let device: any Device
  public let options: CompileOptions

  public init(device: any Device, options: CompileOptions = CompileOptions()) {
    self.device = device
    self.options = options
  }

  /// Compiles a graph, binds its weights and gives it memory. Everything is allocated here.
  ///
  /// - Parameters:
  ///   - bounds: the greatest value of every symbol; memory is planned for it
  /// - Throws: the graph's `Diagnostic`, a `CheckpointError` for a weight, `CompileError`, or
  ///   `DeviceError` where memory runs out.
  public func load(_ graph: Graph, weights: Weights, bounds: [String: Int]) throws -> Model {
    try load(graph, source: weights, bounds: bounds)
  }

  /// What `load` would run and how much memory it would take. Weights are read only where they
  /// fold.
  public func plan(_ graph: Graph, weights: Weights, bounds: [String: Int]) throws -> Plan {
    try Compilation(
      graph, options: options, bounds: bounds, weights: { try weights.elements(of: $0) }
    ).plan
  }

  package func load(
    _ graph: Graph, source: some WeightSource, bounds: [String: Int]
  ) throws -> Model {
    if let isa = options.isa, isa != device.isa {
      throw CompileError("the device runs \(device.isa.name) kernels, options ask for \(isa.name)")
    }
    let compilation = try Compilation(
      graph, options: options, bounds: bounds, weights: { try source.elements(of: $0) })
    return try Model(compilation.plan, device: device, weights: source)
  }
}
