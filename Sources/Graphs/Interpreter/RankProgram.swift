import ApusTensors

/// The values of one run of one rank.
struct RankValues: Sendable {
  var symbols: [String: Int]
  /// One place per node; empty before it is computed and after its last use.
  var nodes: [HostTensor?]
  /// Index into the schedule of the node that comes next.
  var next = 0
  let inputs: [String: HostTensor]
}

/// One rank's graph, ready to run: composites expanded, weights loaded.
struct RankProgram: Sendable {
  let nodes: [Node]
  let states: [PagedState]
  private let inputs: [(name: String, type: TensorType)]
  private let outputs: [(name: String, id: NodeID)]
  private let names: [String: NodeID]
  private let weights: [Int: HostTensor]
  private let printer: [String]

  private var schedule: Schedule
  /// Sizes of every node for `shapeSymbols`: decoding asks for the same ones again and again.
  private var shapes: [[Int]?] = []
  private var shapeSymbols: [String: Int] = [:]

  init(
    _ graph: Graph, weights load: (Weight) throws -> [Float]
  ) throws(InterpreterError) {
    let expanded = graph.expanded()
    do throws(Diagnostic) {
      try graph.verify()
      try expanded.verify()
    } catch { throw .invalidGraph(error) }
    nodes = expanded.nodes
    states = expanded.states
    inputs = expanded.inputs.map { ($0.name, expanded[$0.id].type) }
    outputs = expanded.outputs
    names = expanded.namedTensors
    printer = nodes.indices.map { expanded.printed(NodeID($0)) }
    for state in states {
      guard case .dense(let type) = state.format, type.isFloatingPoint, type != .float64 else {
        throw .state(name: state.name, reason: "\(state.format) is no format of a cache")
      }
    }
    var loaded: [Int: HostTensor] = [:]
    for (index, node) in nodes.enumerated() {
      if case .primitive(.weight(let weight)) = node.operation {
        loaded[index] = try Self.load(weight, load)
      }
    }
    weights = loaded
    schedule = Schedule(nodes, keeping: Set(outputs.map(\.id.index)), taps: [])
  }

  private static func load(
    _ weight: Weight, _ load: (Weight) throws -> [Float]
  ) throws(InterpreterError) -> HostTensor {
    let values: [Float]
    do { values = try load(weight) } catch {
      throw .weight(name: weight.name, reason: "\(error)")
    }
    let count = weight.shape.reduce(1, *)
    guard values.count == count else {
      throw .weight(
        name: weight.name,
        reason: "expected \(count) elements for \(weight.shape), found \(values.count)")
    }
    return HostTensor(values, shape: weight.shape)
  }

  // MARK: A run

  /// Checks inputs, deduces symbols, and plans what to compute and when to let go of it.
  mutating func prepare(
    inputs given: [String: HostTensor], symbols: [String: Int], taps: Set<String>
  ) throws(InterpreterError) -> RankValues {
    for name in given.keys.sorted() where !inputs.contains(where: { $0.name == name }) {
      throw .unknownInput(name: name, known: inputs.map(\.name))
    }
    var symbols = symbols
    for (name, type) in inputs {
      guard let value = given[name] else {
        throw .missingInput(name: name, expected: "\(type)")
      }
      try deduce(&symbols, from: name, type, value)
    }
    for (name, type) in inputs {
      guard let shape = type.shape.evaluate(symbols) else {
        throw .missingSymbol(names: type.shape.unknown(symbols), neededBy: "input '\(name)'")
      }
      if let value = given[name], value.shape != shape {
        throw .inputMismatch(name: name, expected: "\(type)", found: "\(value.shape)")
      }
    }
    if schedule.taps != taps {
      var kept = Set(outputs.map(\.id.index))
      for tap in taps.sorted() {
        guard let id = names[tap] else { throw .unknownTap(name: tap) }
        kept.insert(id.index)
      }
      schedule = Schedule(nodes, keeping: kept, taps: taps)
    }
    if shapes.isEmpty || shapeSymbols != symbols {
      shapes = nodes.map { $0.type.shape.evaluate(symbols) }
      shapeSymbols = symbols
    }
    return RankValues(
      symbols: symbols, nodes: Array(repeating: nil, count: nodes.count), inputs: given)
  }

  private func deduce(
    _ symbols: inout [String: Int], from name: String, _ type: TensorType, _ value: HostTensor
  ) throws(InterpreterError) {
    guard value.dataType == type.dataType, value.shape.count == type.rank else {
      throw .inputMismatch(
        name: name, expected: "\(type)", found: "\(value.dataType.rawValue)\(value.shape)")
    }
    for (dim, size) in zip(type.shape.dims, value.shape) {
      guard let symbol = dim.symbolName else { continue }
      if let known = symbols[symbol], known != size {
        throw .symbolConflict(name: symbol, input: name, expected: known, found: size)
      }
      symbols[symbol] = size
    }
  }

  /// Computes node after node up to a collective, whose position is returned, or to the end.
  func advance(
    _ values: inout RankValues, states: inout [PagedStateStorage?]
  ) throws(InterpreterError) -> Int? {
    while values.next < schedule.steps.count {
      let position = schedule.steps[values.next].node
      guard case .primitive(let primitive) = nodes[position].operation else { return nil }
      switch primitive {
      case .allReduceSum, .allGather: return position
      default:
        let result = try compute(primitive, position, values, &states)
        finish(position, with: result, &values)
      }
    }
    return nil
  }

  /// Keeps a node's value and lets go of what was used for the last time.
  func finish(_ position: Int, with result: HostTensor, _ values: inout RankValues) {
    values.nodes[position] = result
    for used in schedule.steps[values.next].releases { values.nodes[used] = nil }
    values.next += 1
  }

  func collectiveOperand(_ position: Int, _ values: RankValues) -> HostTensor? {
    values.nodes[nodes[position].operands[0].index]
  }

  func results(_ values: RankValues, _ taps: Set<String>) -> [String: HostTensor] {
    var results: [String: HostTensor] = [:]
    for tap in taps {
      if let id = names[tap] { results[tap] = values.nodes[id.index] }
    }
    for (name, id) in outputs { results[name] = values.nodes[id.index] }
    return results
  }

  private func compute(
    _ primitive: Primitive, _ position: Int, _ values: RankValues,
    _ states: inout [PagedStateStorage?]
  ) throws(InterpreterError) -> HostTensor {
    let node = nodes[position]
    guard let shape = shapes[position] else {
      throw .missingSymbol(
        names: node.type.shape.unknown(values.symbols), neededBy: printer[position])
    }
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw .node(printed: printer[position], reason: "the shape is \(shape)")
    }
    let operands = node.operands.compactMap { values.nodes[$0.index] }
    switch primitive {
    case .input(let name):
      if let value = values.inputs[name] { return value }
      throw .missingInput(name: name, expected: "\(node.type)")
    case .weight(let weight):
      if let value = weights[position] { return value }
      throw .weight(name: weight.name, reason: "is not loaded")
    case .store(let state):
      guard let index = self.states.firstIndex(of: state) else { break }
      do throws(OperandError) {
        try states[index]?.store(operands[0].floats, slots: operands[1].integers)
      } catch { throw .node(printed: printer[position], reason: error.message) }
      return operands[0]
    case .read(let state, _):
      guard let index = self.states.firstIndex(of: state), let storage = states[index] else {
        break
      }
      return HostTensor(storage.elements, shape: shape)
    default: break
    }
    do throws(OperandError) {
      return try Reference.evaluate(
        primitive, operands, shape: shape, symbols: values.symbols, type: node.type)
    } catch { throw .node(printed: printer[position], reason: error.message) }
  }
}

/// Which nodes a run computes, and after which of them a value is no longer needed.
struct Schedule: Sendable {
  struct Step: Sendable {
    let node: Int
    var releases: [Int] = []
  }

  let taps: Set<String>
  private(set) var steps: [Step] = []

  init(_ nodes: [Node], keeping kept: Set<Int>, taps: Set<String>) {
    self.taps = taps
    var needed = [Bool](repeating: false, count: nodes.count)
    for index in nodes.indices.reversed() {
      guard needed[index] || kept.contains(index) || nodes[index].operation.isEffect else {
        continue
      }
      needed[index] = true
      for operand in nodes[index].operands { needed[operand.index] = true }
    }
    var lastStep: [Int: Int] = [:]
    for index in nodes.indices where needed[index] {
      lastStep[index] = steps.count
      for operand in nodes[index].operands { lastStep[operand.index] = steps.count }
      steps.append(Step(node: index))
    }
    for (node, step) in lastStep where !kept.contains(node) { steps[step].releases.append(node) }
  }
}

extension Shape {
  /// The symbols that have no value yet.
  fileprivate func unknown(_ symbols: [String: Int]) -> [String] {
    Set(dims.flatMap(\.symbols)).subtracting(symbols.keys).sorted()
  }
}
