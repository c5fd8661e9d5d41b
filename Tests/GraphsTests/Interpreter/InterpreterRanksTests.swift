import ApusGraphs
import ApusTensors
import Testing

/// Tensor parallelism by hints: graphs of local shapes whose ranks together are the unsplit graph.
@Suite struct InterpreterRanksTests {
  static let hidden = 6
  static let inner = 8

  /// A gated MLP: gate and up split by columns, down by rows, the results summed.
  static func mlp(ranks: Int) -> Graph {
    let graph = Graph(name: "mlp", ranks: ranks)
    let local = inner / ranks
    let x = graph.input("x", .float32, [.symbol("tokens"), Dim(hidden)])
    func columns(_ name: String) -> Weight {
      Weight(name: name, shape: [local, hidden], format: .float32, sharding: .columns)
    }
    let down = Weight(
      name: "down", shape: [hidden, local], format: .float32, sharding: .rows)
    let gated = x.linear(columns("gate")).gated(up: x.linear(columns("up")), kind: .silu)
    graph.output("gated", gated.allGather(axis: -1))
    graph.output("y", gated.linear(down).allReduceSum().named("sum") + x)
    return graph
  }

  /// A rank's part of a weight, by its hint alone.
  static func part(_ weight: Weight, rank: Int, of ranks: Int) -> [Float] {
    let whole =
      switch weight.sharding {
      case .columns: [weight.shape[0] * ranks, weight.shape[1]]
      case .rows: [weight.shape[0], weight.shape[1] * ranks]
      case nil: weight.shape
      }
    var random = SeededRandom(UInt64(weight.name.utf8.reduce(0) { $0 * 31 + Int($1) }))
    let values = random.floats(whole).floats
    let (rows, columns) = (weight.shape[0], weight.shape[1])
    return (0..<rows * columns).map { index in
      let (row, column) = (index / columns, index % columns)
      return switch weight.sharding {
      case .columns: values[(rank * rows + row) * whole[1] + column]
      case .rows: values[row * whole[1] + rank * columns + column]
      case nil: values[index]
      }
    }
  }

  @Test(arguments: [2, 4])
  func splitWeightsGiveTheUnsplitResult(_ ranks: Int) throws {
    var random = SeededRandom(7)
    let x = random.floats([5, Self.hidden])
    var one = try Interpreter(Self.mlp(ranks: 1)) { Self.part($0, rank: 0, of: 1) }
    let whole = try one.run(inputs: ["x": x], taps: ["sum"])
    var group = try Interpreter((0..<ranks).map { _ in Self.mlp(ranks: ranks) }) { weight, rank in
      Self.part(weight, rank: rank, of: ranks)
    }
    let results = try group.runRanks(inputs: ["x": x], taps: ["sum"])
    #expect(results.count == ranks)
    for result in results {
      #expect(result == results[0], "every rank has the same")
      #expect(result["gated"] == whole["gated"], "joining changes no bit")
      for name in ["y", "sum"] {
        let (found, expected) = (try #require(result[name]), try #require(whole[name]))
        #expect(normalisedError(found.floats, expected.doubles) < 1e-12)
      }
    }
    #expect(try group.run(inputs: ["x": x])["y"] == results[0]["y"])
  }

  @Test func aMissingSumIsSeen() throws {
    var random = SeededRandom(7)
    let x = random.floats([5, Self.hidden])
    var one = try Interpreter(Self.mlp(ranks: 1)) { Self.part($0, rank: 0, of: 1) }
    let whole = try #require(try one.run(inputs: ["x": x])["y"])
    // The same hint read wrongly: every rank is given the first part.
    var group = try Interpreter([Self.mlp(ranks: 2), Self.mlp(ranks: 2)]) { weight, _ in
      Self.part(weight, rank: 0, of: 2)
    }
    let found = try #require(try group.run(inputs: ["x": x])["y"])
    #expect(normalisedError(found.floats, whole.doubles) > 0.01)
  }

  @Test func graphsMustBeAsManyAsRanks() {
    #expect(
      throws: InterpreterError.ranks(
        reason: "'mlp' is a graph of 2 ranks, given with 1 graphs")
    ) { try Interpreter(Self.mlp(ranks: 2)) { Self.part($0, rank: 0, of: 2) } }
  }

  @Test func ranksThatDoNotMeetAreRefused() throws {
    let other = Graph(name: "other", ranks: 2)
    let x = other.input("x", .float32, [.symbol("tokens"), Dim(Self.hidden)])
    other.output("y", x.allReduceSum())
    var group = try Interpreter([Self.mlp(ranks: 2), other]) { weight, rank in
      Self.part(weight, rank: rank, of: 2)
    }
    let x2 = floatTensor([Float](repeating: 1, count: Self.hidden), [1, Self.hidden])
    #expect(
      throws: InterpreterError.ranks(
        reason: "rank 1 is not at the collective that rank 0 waits at")
    ) { try group.run(inputs: ["x": x2]) }
  }

  @Test func oneRankHasNoCollectives() {
    let graph = Self.mlp(ranks: 1)
    #expect(!graph.nodes.contains { $0.operation.name.hasPrefix("all_") })
  }
}
