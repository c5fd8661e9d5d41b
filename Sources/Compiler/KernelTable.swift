public import ApusDevices
public import ApusGraphs
public import ApusTensors

/// An operation with what is known about its operands: the question that kernels are asked.
public struct KernelRequest {
  /// Where an operand's elements are.
  public enum Place: Hashable {
    /// An activation or a constant, in the type of the graph.
    case value
    case weight(StorageFormat)
    /// The pages of a state.
    case state(PagedState)
  }

  public let operation: ApusGraphs.Operation
  public let operands: [TensorType]
  public let places: [Place]
  public let result: TensorType

  init(_ graph: Graph, _ id: NodeID) { self.init(graph.nodes, id) }

  init(_ nodes: [Node], _ id: NodeID) {
    let node = nodes[id.index]
    operation = node.operation
    operands = node.operands.map { nodes[$0.index].type }
    places = node.operands.map { operand in
      switch nodes[nodes.memory(of: operand).index].operation {
      case .primitive(.weight(let weight)): .weight(weight.format)
      case .primitive(.read(let state, _)): .state(state)
      default: .value
      }
    }
    result = node.type
  }

  /// Whether an operand lies in memory as row-major float32.
  public func isFloat32(_ operand: Int) -> Bool {
    switch places[operand] {
    case .value: operands[operand].dataType == .float32
    case .weight(let format): format == .float32
    case .state: false
    }
  }

  /// In one line, for errors and dumps.
  public var description: String {
    let types = zip(operands, places).map { type, place in
      switch place {
      case .value: "\(type)"
      case .weight(let format): "weight \(format)\(type.shape)"
      case .state(let state): "state \(state.format)\(type.shape)"
      }
    }
    return "\(operation.name)(\(types.joined(separator: ", "))) -> \(result)"
  }
}

/// How a kernel is called for a request. The meaning of each slot is the kernel's own.
public struct KernelCall {
  public enum Buffer: Hashable {
    case operand(Int)
    case result
    /// The state that a store writes.
    case state(PagedState)
    /// NULL.
    case none
  }

  public var kernel: KernelFunction
  public var buffers: [Buffer]
  public var sizes: [Dim]
  public var scalars: [Float]

  public init(
    _ kernel: KernelFunction, _ buffers: [Buffer], sizes: [Dim], scalars: [Float] = []
  ) {
    self.kernel = kernel
    self.buffers = buffers
    self.sizes = sizes
    self.scalars = scalars
  }
}

/// What a matmul kernel wants its activation converted to, once per input.
public enum ActivationConversion: String, Sendable, Hashable {
  case none
  /// bfloat16, rows padded with zeros to 32 elements.
  case bfloat16
  /// int8 with a scale and a sum for each 32 elements.
  case q8
}

/// A kernel of products with weights of one format.
public struct MatmulKernel: Sendable {
  public var kernel: KernelFunction
  public var conversion: ActivationConversion

  public init(_ kernel: KernelFunction, _ conversion: ActivationConversion) {
    self.kernel = kernel
    self.conversion = conversion
  }
}

/// One line of the table: a composite or primitive by name, and how a kernel runs it.
public struct KernelEntry: Sendable {
  public let operation: String
  /// nil where the kernel does not take these types, formats or parameters.
  public let call: @Sendable (KernelRequest) -> KernelCall?

  public init(_ operation: String, call: @escaping @Sendable (KernelRequest) -> KernelCall?) {
    self.operation = operation
    self.call = call
  }
}

/// The open registry of kernels. Built-in kernels are its first lines; later lines win, so that a
/// custom architecture adds its own composites and kernels, or replaces ours.
public struct KernelTable: Sendable {
  private var entries: [String: [KernelEntry]] = [:]
  private var matmuls: [StorageFormat: MatmulKernel] = [:]

  /// No kernels: everything runs as fused loops.
  public init() {}

  public mutating func register(_ entry: KernelEntry) {
    entries[entry.operation, default: []].append(entry)
  }

  /// The kernel for weights of a format.
  public mutating func register(_ kernel: MatmulKernel, for format: StorageFormat) {
    matmuls[format] = kernel
  }

  /// The call of the newest entry that takes the request.
  func call(_ request: KernelRequest) -> KernelCall? {
    for entry in (entries[request.operation.name] ?? []).reversed() {
      if let call = entry.call(request) { return call }
    }
    return nil
  }

  /// The kernel for a product `[rows, k]` times `[n, k]`, transposed.
  func matmul(_ request: KernelRequest) -> MatmulKernel? {
    guard case .primitive(.matmul(transposeRight: true)) = request.operation,
      request.result.rank == 2, request.isFloat32(0),
      let inner = request.operands[0].shape[1].constant
    else { return nil }
    let format: StorageFormat
    switch request.places[1] {
    case .weight(let stored): format = stored
    case .value: format = .float32
    case .state: return nil
    }
    return format.byteCount(elements: inner) == nil ? nil : matmuls[format]
  }

  func supports(_ request: KernelRequest) -> Bool {
    if case .primitive(.matmul) = request.operation { return matmul(request) != nil }
    return call(request) != nil
  }
}
