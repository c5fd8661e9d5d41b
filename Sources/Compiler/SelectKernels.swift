import ApusDevices
import ApusGraphs
import ApusTensors

/// Binds every step to a kernel: what its buffers, sizes and scalars are.
///
/// - Throws: where no kernel runs an operation, naming it and its types.
func selectKernels(_ graph: FusedGraph, kernels: KernelTable) throws -> PlanDraft {
  var selection = KernelSelection(graph, kernels)
  for step in graph.steps {
    switch step {
    case .kernel(let id): try selection.addKernel(id)
    case .loop(let loop, let result): try selection.addLoop(loop, result)
    case .matmul(let step): try selection.addMatmul(step)
    }
  }
  for (name, id) in graph.outputs {
    let value = try selection.value(of: id)
    selection.draft.outputs.append((name, value, graph[id].type))
  }
  return selection.draft
}

private struct KernelSelection {
  let graph: FusedGraph
  let kernels: KernelTable
  var draft = PlanDraft()
  private var values: [NodeID: Int] = [:]
  private var states: [String: Int] = [:]
  private var iotas: [Dim: Int] = [:]
  private var converted: [Converted: [Int]] = [:]
  private let outputs: Set<NodeID>

  private struct Converted: Hashable {
    let input: NodeID
    let conversion: ActivationConversion
    let columns: Dim
  }

  init(_ graph: FusedGraph, _ kernels: KernelTable) {
    self.graph = graph
    self.kernels = kernels
    outputs = Set(graph.outputs.map { graph.memory(of: $0.id) })
    // All inputs have memory, used or not: callers write them by name.
    for (name, id) in graph.inputs {
      let type = graph[id].type
      values[id] = add(name, .input(name), type.byteCount)
      draft.inputs.append((name, values[id]!, type))
    }
    for state in graph.states { states[state.name] = add(state) }
  }

  // MARK: Values

  private mutating func add(_ name: String, _ kind: PlanValue.Kind, _ byteCount: Dim) -> Int {
    draft.values.append(PlanValue(name: name, kind: kind, byteCount: byteCount))
    return draft.values.count - 1
  }

  private mutating func add(_ state: PagedState) -> Int {
    let bytes = Dim(state.format.blockBytes)
    return add(state.name, .state(state), state.type.shape.elementCount * bytes)
  }

  /// The memory that a node shows.
  mutating func value(of node: NodeID) throws -> Int {
    let id = graph.memory(of: node)
    if let value = values[id] { return value }
    let type = graph[id].type
    let value: Int
    switch graph[id].operation {
    case .primitive(.weight(let weight)):
      let columns = weight.shape.last ?? 1
      guard let row = weight.format.byteCount(elements: columns) else {
        throw CompileError(
          "weight '\(weight.name)' \(weight.shape): rows of \(columns) are no whole "
            + "\(weight.format) blocks")
      }
      let rows = weight.shape.dropLast().reduce(1, *)
      value = add(weight.name, .weight(weight), Dim(rows * row))
    case .primitive(.constant(let constant)):
      value = add("constant \(id)", .constant(constant), type.byteCount)
    case .primitive(.read(let state, _)): value = states[state.name]!
    default:
      value = add("\(id)", outputs.contains(id) ? .output : .activation, type.byteCount)
    }
    values[id] = value
    return value
  }

  private mutating func iota(_ count: Dim) -> Int {
    if let value = iotas[count] { return value }
    let value = add("iota(\(count))", .iota, count * 4)
    iotas[count] = value
    return value
  }

  private mutating func read(_ id: NodeID) throws -> DraftBuffer {
    DraftBuffer(value: try value(of: id), byteOffset: 0, isWritten: false)
  }

  private mutating func written(_ id: NodeID) throws -> DraftBuffer {
    DraftBuffer(value: try value(of: id), byteOffset: 0, isWritten: true)
  }

  // MARK: Kernels

  mutating func addKernel(_ id: NodeID) throws {
    let node = graph[id]
    let request = KernelRequest(graph.nodes, id)
    guard let call = kernels.call(request) else {
      throw CompileError("no kernel runs \(request.description)")
    }
    let buffers = try call.buffers.map { buffer -> DraftBuffer? in
      switch buffer {
      case .operand(let index): return try read(node.operands[index])
      case .result: return try written(id)
      case .state(let state):
        return DraftBuffer(value: states[state.name]!, byteOffset: 0, isWritten: true)
      case .none: return nil
      }
    }
    draft.launches.append(
      DraftLaunch(
        kernel: call.kernel, note: node.operation.name, buffers: buffers, sizes: call.sizes,
        scalars: call.scalars))
  }

  // MARK: Loops

  /// Buffer slots of a loop's accesses, from `first` on.
  private mutating func slots(
    _ accesses: [LoopAccess], from first: Int, into buffers: inout [DraftBuffer?],
    fixed: [BufferKey: Int]
  ) throws -> [BufferKey: Int] {
    var slots = fixed
    for access in accesses where slots[BufferKey(access)] == nil {
      let key = BufferKey(access)
      let value: Int
      switch access.source {
      case .node(let id): value = try self.value(of: id)
      case .iota(let count): value = iota(count)
      }
      slots[key] = max(first, buffers.count)
      while buffers.count < first { buffers.append(nil) }
      buffers.append(DraftBuffer(value: value, byteOffset: key.byteOffset, isWritten: false))
    }
    return slots
  }

  mutating func addLoop(_ loop: Loop, _ result: NodeID) throws {
    var buffers: [DraftBuffer?] = []
    let accesses = loop.loads + loop.stores.map(\.access)
    let slots = try slots(accesses, from: 0, into: &buffers, fixed: [:])
    for store in loop.stores { buffers[slots[BufferKey(store.access)]!]?.isWritten = true }
    let program = TileProgram(loop) { slots[BufferKey($0)]! }
    draft.launches.append(
      DraftLaunch(
        kernel: .tileLoop, note: "\(result)", buffers: buffers, sizes: loop.dims,
        programs: [program], inPlace: try inPlace(loop, result)))
  }

  /// Values whose every load stands at the element that is stored next.
  private mutating func inPlace(_ loop: Loop, _ result: NodeID) throws -> [Int] {
    guard loop.stores.count == 1, !loop.hasReduction else { return [] }
    let store = loop.stores[0].access
    var safe: [Int] = []
    for operand in loop.operands.sorted() {
      let loads = loop.loads.filter { $0.source == .node(operand) }
      let fits = loads.allSatisfy {
        $0.strides == store.strides && $0.offset == 0 && store.offset == 0
          && $0.dataType.byteCount == store.dataType.byteCount
      }
      if fits { safe.append(try value(of: operand)) }
    }
    return safe
  }

  // MARK: Matmuls

  mutating func addMatmul(_ step: MatmulStep) throws {
    let matmul = step.segments[0].matmul
    let request = KernelRequest(graph.nodes, matmul)
    guard let kernel = kernels.matmul(request) else {
      throw CompileError("no kernel runs \(request.description)")
    }
    let shape = graph[step.input].type.shape
    var sizes = [Dim](repeating: 0, count: 12)
    (sizes[0], sizes[1], sizes[2]) = (shape[0], shape[1], Dim(step.segments.count))
    var buffers = [DraftBuffer?](repeating: nil, count: 11)
    for (slot, value) in try conversion(step.input, kernel.conversion).enumerated() {
      buffers[slot] = DraftBuffer(value: value, byteOffset: 0, isWritten: false)
    }
    for (index, segment) in step.segments.enumerated() {
      let columns = graph[segment.matmul].type.shape[1]
      buffers[3 + 2 * index] = try read(segment.weight)
      buffers[4 + 2 * index] = try written(segment.result)
      sizes[4 + index] = columns
      sizes[8 + index] = columns
    }
    var programs: [TileProgram?] = []
    for (index, segment) in step.segments.enumerated() {
      guard let epilogue = segment.epilogue else {
        programs.append(nil)
        continue
      }
      let own = (epilogue.loads + epilogue.stores.map(\.access)).filter {
        $0.source == .node(segment.matmul) || $0.source == .node(segment.result)
      }
      let fixed = Dictionary(own.map { (BufferKey($0), 4 + 2 * index) }) { first, _ in first }
      let slots = try slots(epilogue.loads, from: 11, into: &buffers, fixed: fixed)
      programs.append(TileProgram(epilogue) { slots[BufferKey($0)]! })
    }
    let note = step.segments.map { "\($0.result)" }.joined(separator: ", ")
    draft.launches.append(
      DraftLaunch(
        kernel: kernel.kernel, note: note, buffers: buffers, sizes: sizes, programs: programs))
  }

  /// The values that a matmul reads its input from: converted once per input and kind.
  private mutating func conversion(
    _ input: NodeID, _ conversion: ActivationConversion
  ) throws -> [Int] {
    let source = try read(input)
    let shape = graph[input].type.shape
    let (rows, columns) = (shape[0], shape[1])
    let key = Converted(
      input: graph.memory(of: input), conversion: conversion, columns: columns)
    if let values = converted[key] { return values }
    guard conversion != .none, let k = columns.constant else { return [source.value] }
    let padded = (k + 31) / 32 * 32
    let name = "\(key.input):\(conversion.rawValue)"
    var made: [Int] = []
    switch conversion {
    case .none: break
    case .bfloat16: made = [add(name, .activation, rows * Dim(padded * 2))]
    case .q8:
      made = [
        add(name, .activation, rows * Dim(padded)),
        add("\(key.input):scales", .activation, rows * Dim(padded / 8)),
        add("\(key.input):sums", .activation, rows * Dim(padded / 8)),
      ]
    }
    let targets = made.map { DraftBuffer(value: $0, byteOffset: 0, isWritten: true) }
    draft.launches.append(
      DraftLaunch(
        kernel: conversion == .q8 ? .quantizeRows : .convertRows, note: name,
        buffers: [source] + targets, sizes: [rows, columns]))
    converted[key] = made
    return made
  }
}

extension TensorType {
  /// Bytes of the values row-major.
  var byteCount: Dim { shape.elementCount * Dim(dataType.byteCount) }
}
