public import ApusTensors

/// Runs graphs as they are defined: composites expanded, plain float32 loops, one node after the
/// other.
///
/// It is the oracle that kernels and passes are held against, and the debugger: any value that was
/// named by `Tensor.named(_:)` can be tapped. Paged states persist from run to run. Several graphs
/// are the ranks of a tensor-parallel group: each runs until its next collective, where all of them
/// meet.
public struct Interpreter: Sendable {
  private var ranks: [RankProgram]
  private var states: [[PagedStateStorage?]]
  private let initialState: Float

  /// - Parameters:
  ///   - graph: a graph of one rank.
  ///   - initialState: what a paged state holds where nothing was stored. NaN shows what reads it.
  ///   - weights: the elements of a weight, decoded to float32, row-major; asked once for each.
  public init(
    _ graph: Graph, initialState: Float = 0, weights: (Weight) throws -> [Float]
  ) throws(InterpreterError) {
    try self.init([graph], initialState: initialState) { weight, _ throws in try weights(weight) }
  }

  /// - Parameters:
  ///   - graphs: the ranks' graphs, in order.
  ///   - initialState: what a paged state holds where nothing was stored. NaN shows what reads it.
  ///   - weights: the elements of the part of a weight that a rank holds, decoded to float32,
  ///     row-major.
  public init(
    _ graphs: [Graph], initialState: Float = 0, weights: (Weight, _ rank: Int) throws -> [Float]
  ) throws(InterpreterError) {
    var ranks: [RankProgram] = []
    for (rank, graph) in graphs.enumerated() {
      guard graph.ranks == graphs.count else {
        throw .ranks(
          reason: "'\(graph.name)' is a graph of \(graph.ranks) ranks, given with "
            + "\(graphs.count) graphs")
      }
      ranks.append(try RankProgram(graph) { weight throws in try weights(weight, rank) })
    }
    self.ranks = ranks
    self.initialState = initialState
    states = ranks.map { Array(repeating: nil, count: $0.states.count) }
  }

  /// Runs once and returns the outputs of the first rank, which in a sound parallel graph are those
  /// of all.
  ///
  /// - Parameters:
  ///   - inputs: a value for every input of the graph.
  ///   - symbols: sizes that the shapes of the inputs do not give, such as `cachePages`.
  ///   - taps: names given by `Tensor.named(_:)`; their values are returned beside the outputs.
  public mutating func run(
    inputs: [String: HostTensor], symbols: [String: Int] = [:], taps: Set<String> = []
  ) throws(InterpreterError) -> [String: HostTensor] {
    try runRanks(inputs: inputs, symbols: symbols, taps: taps)[0]
  }

  /// Runs once and returns the outputs of every rank.
  public mutating func runRanks(
    inputs: [String: HostTensor], symbols: [String: Int] = [:], taps: Set<String> = []
  ) throws(InterpreterError) -> [[String: HostTensor]] {
    var values: [RankValues] = []
    for rank in ranks.indices {
      values.append(try ranks[rank].prepare(inputs: inputs, symbols: symbols, taps: taps))
      try prepareStates(of: rank, symbols: values[rank].symbols)
    }
    while true {
      var meeting: [Int?] = []
      for rank in ranks.indices {
        meeting.append(try ranks[rank].advance(&values[rank], states: &states[rank]))
      }
      guard let first = meeting[0] else {
        guard meeting.allSatisfy({ $0 == nil }) else {
          throw .ranks(reason: "rank 0 has ended, others wait at a collective")
        }
        break
      }
      try join(first, meeting, &values)
    }
    var results: [[String: HostTensor]] = []
    for (program, values) in zip(ranks, values) { results.append(program.results(values, taps)) }
    return results
  }

  /// The elements of a paged state, `[pages, heads, pageSize, headSize]`; nil before the first run.
  public func state(_ name: String, rank: Int = 0) -> [Float]? {
    guard let index = ranks[rank].states.firstIndex(where: { $0.name == name }) else { return nil }
    return states[rank][index]?.elements
  }

  /// Forgets every paged state.
  public mutating func resetStates() {
    for rank in states.indices {
      for index in states[rank].indices { states[rank][index] = nil }
    }
  }

  private mutating func prepareStates(
    of rank: Int, symbols: [String: Int]
  ) throws(InterpreterError) {
    for (index, state) in ranks[rank].states.enumerated() {
      guard let pages = state.pages.evaluate(symbols), pages >= 0 else {
        throw .missingSymbol(names: state.pages.symbols, neededBy: "state '\(state.name)'")
      }
      if let existing = states[rank][index] {
        guard existing.pages == pages else {
          throw .state(
            name: state.name, reason: "has \(existing.pages) pages, this run asks for \(pages)")
        }
      } else {
        states[rank][index] = PagedStateStorage(state, pages: pages, filledWith: initialState)
      }
    }
  }

  /// Computes the collective that every rank waits at, and hands each its result.
  private func join(
    _ first: Int, _ meeting: [Int?], _ values: inout [RankValues]
  ) throws(InterpreterError) {
    var parts: [HostTensor] = []
    for (rank, position) in meeting.enumerated() {
      guard let position, let part = ranks[rank].collectiveOperand(position, values[rank]),
        ranks[rank].nodes[position].operation.name == ranks[0].nodes[first].operation.name
      else { throw .ranks(reason: "rank \(rank) is not at the collective that rank 0 waits at") }
      parts.append(part)
    }
    guard case .primitive(let primitive) = ranks[0].nodes[first].operation else { return }
    let result: HostTensor
    if case .allGather(let axis) = primitive {
      result = Reference.concatenated(parts, axis: axis)
    } else {
      guard parts.allSatisfy({ $0.shape == parts[0].shape }) else {
        throw .ranks(reason: "the ranks sum shapes \(parts.map(\.shape))")
      }
      // In the order of the ranks, the same on each.
      result = parts.dropFirst().reduce(parts[0]) { Reference.binary(.add, $0, $1) }
    }
    for (rank, position) in meeting.enumerated() {
      if let position { ranks[rank].finish(position, with: result, &values[rank]) }
    }
  }
}
