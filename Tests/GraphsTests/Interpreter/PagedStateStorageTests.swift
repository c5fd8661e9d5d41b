import ApusGraphs
import ApusTensors
import Testing

/// Paged states as a graph sees them: stores in order, kept from run to run, rounded to their
/// format.
@Suite struct PagedStateStorageTests {
  static func graph(_ format: StorageFormat) -> (Graph, PagedState) {
    let graph = Graph(name: "test")
    let state = PagedState(
      name: "cache", pages: .symbol("cachePages"), heads: 2, pageSize: 2, headSize: 1,
      format: format)
    let tokens = Dim.symbol("tokens")
    let x = graph.input("x", .float32, [tokens, 2, 1])
    let slots = graph.input("slots", .int32, [tokens])
    graph.output("before", graph.read(state) * 1)
    x.store(in: state, slots: slots)
    graph.output("between", graph.read(state) * 1)
    (x * 10).store(in: state, slots: slots)
    graph.output("after", graph.read(state) * 1)
    return (graph, state)
  }

  static func run(
    _ interpreter: inout Interpreter, _ values: [Float], _ slots: [Int32], pages: Int = 2
  ) throws -> [String: [Float]] {
    try interpreter.run(
      inputs: ["x": floatTensor(values, [slots.count, 2, 1]), "slots": HostTensor(slots)],
      symbols: ["cachePages": pages]
    ).mapValues(\.floats)
  }

  @Test func storesHappenInOrderAndPersist() throws {
    var interpreter = try Interpreter(Self.graph(.float32).0) { _ in [] }
    // Slot 3 is page 1, place 1; a page holds head 0's places, then head 1's.
    let first = try Self.run(&interpreter, [1, 2], [3])
    #expect(first["before"] == [0, 0, 0, 0, 0, 0, 0, 0])
    #expect(first["between"] == [0, 0, 0, 0, 0, 1, 0, 2])
    #expect(first["after"] == [0, 0, 0, 0, 0, 10, 0, 20])
    let second = try Self.run(&interpreter, [3, 4, 5, 6], [0, 1])
    #expect(second["before"] == first["after"])
    #expect(second["after"] == [30, 50, 40, 60, 0, 10, 0, 20])
    #expect(interpreter.state("cache") == second["after"])
    interpreter.resetStates()
    #expect(try Self.run(&interpreter, [], [])["after"] == [0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func slotsBelowZeroAreSkippedAndThoseBeyondRefused() throws {
    var interpreter = try Interpreter(Self.graph(.float32).0) { _ in [] }
    #expect(try Self.run(&interpreter, [1, 2], [-1])["after"] == [0, 0, 0, 0, 0, 0, 0, 0])
    #expect {
      try Self.run(&interpreter, [1, 2], [4])
    } throws: {
      "\($0)".contains("slot 4 is beyond 2 pages of 2")
    }
  }

  @Test(arguments: [StorageFormat.bfloat16, .float16])
  func storesRoundToTheFormat(_ format: StorageFormat) throws {
    var interpreter = try Interpreter(Self.graph(format).0) { _ in [] }
    let values: [Float] = [1.0 / 3, 1 + 0x1p-8]
    let found = try #require(try Self.run(&interpreter, values, [0], pages: 1)["between"])
    let type: DataType = format == .bfloat16 ? .bfloat16 : .float16
    #expect([found[0], found[2]] == values.map(type.rounded))
    #expect(found[0] != values[0])
  }

  @Test func whatWasNeverStoredCanBeMadeVisible() throws {
    var interpreter = try Interpreter(Self.graph(.float32).0, initialState: .nan) { _ in [] }
    let found = try Self.run(&interpreter, [1, 2], [0])
    #expect(found["before"]?.allSatisfy(\.isNaN) == true)
    #expect(found["after"]?.filter { !$0.isNaN } == [10, 20])
  }

  @Test func pagesAreFixedByTheFirstRun() throws {
    var interpreter = try Interpreter(Self.graph(.float32).0) { _ in [] }
    _ = try Self.run(&interpreter, [], [])
    #expect(
      throws: InterpreterError.state(
        name: "cache", reason: "has 2 pages, this run asks for 3")
    ) { try Self.run(&interpreter, [], [], pages: 3) }
    #expect(
      throws: InterpreterError.missingSymbol(names: ["cachePages"], neededBy: "state 'cache'")
    ) {
      try interpreter.run(inputs: ["x": floatTensor([], [0, 2, 1]), "slots": integerTensor([])])
    }
  }

  @Test func aFormatThatNoCacheHasIsRefused() {
    #expect(
      throws: InterpreterError.state(name: "cache", reason: "q8_0 is no format of a cache")
    ) { try Interpreter(Self.graph(.quantized(.q8_0)).0) { _ in [] } }
  }
}
