import ApusGraphs
import ApusTensors
import Testing

/// Rewriting passes append nodes without checks: the verifier must find what they break.
@Suite struct VerifierTests {
  let graph = Graph(name: "test")
  var x: Tensor { graph.input("x", .float32, [3, 4]) }
  let state = PagedState(
    name: "cache", pages: 2, heads: 2, pageSize: 4, headSize: 2, format: .float32)

  func refusal() throws -> Diagnostic {
    do {
      try graph.verify()
    } catch { return error }
    throw Absent()
  }

  struct Absent: Error {}

  @Test func aSoundGraphPasses() throws {
    let slots = graph.input("slots", .int32, [3])
    x.reshaped([3, 2, 2]).store(in: state, slots: slots)
    let read = graph.read(state).sum(axis: 0)
    graph.output("y", x.softmax() + 1)
    graph.output("z", read)
    try graph.verify()
  }

  @Test func aWrongTypeIsFound() throws {
    let w = graph.weight(Weight(name: "w", shape: [3, 4], format: .float32))
    let sum = x + w
    _ = graph.append(.primitive(.unary(.exp)), [sum.id], TensorType(.float32, [4, 3]))
    let found = try refusal()
    #expect(found.operation == "exp")
    #expect(found.message == "%3: gives float32[3, 4], not float32[4, 3]")
    #expect(found.operands == ["float32[3, 4]"])
    #expect(found.nearestWeight == "w")
  }

  @Test func aWrongNumberOfOperandsIsFound() throws {
    _ = graph.append(.primitive(.binary(.add)), [x.id], x.type)
    #expect(try refusal().message.contains("expected 2 operands, found 1"))
  }

  @Test func aWrongCompositeIsFound() throws {
    _ = graph.append(.composite(SiLU()), [x.id], TensorType(.float32, [12]))
    #expect(try refusal().message == "%1: gives float32[3, 4], not float32[12]")
    let other = Graph(name: "other")
    let y = other.input("y", .int32, [3])
    _ = other.append(.composite(Softmax()), [y.id], y.type)
    #expect(throws: Diagnostic.self) { try other.verify() }
  }

  @Test func aReadThatWasMovedBehindAStoreIsFound() throws {
    let slots = graph.input("slots", .int32, [3])
    x.reshaped([3, 2, 2]).store(in: state, slots: slots)
    _ = graph.append(.primitive(.read(state, stores: 0)), [], state.type)
    #expect(
      try refusal().message.contains("a read of state 'cache' after 0 stores stands after 1"))
  }

  @Test func aReadOfAStoreThatIsGoneIsFound() throws {
    _ = graph.append(.primitive(.read(state, stores: 1)), [], state.type)
    #expect(try refusal().message.contains("after 1 stores stands after 0"))
  }

  @Test func twoStatesOfOneNameAreFound() throws {
    let other = PagedState(
      name: "cache", pages: 3, heads: 2, pageSize: 4, headSize: 2, format: .float32)
    _ = graph.append(.primitive(.read(state, stores: 0)), [], state.type)
    _ = graph.append(.primitive(.read(other, stores: 0)), [], other.type)
    #expect(try refusal().message.contains("state 'cache' is declared with two layouts"))
  }

  @Test func twoWeightsOfOneNameAreFound() throws {
    _ = graph.weight(Weight(name: "w", shape: [3, 4], format: .float32))
    _ = graph.weight(Weight(name: "w", shape: [4, 3], format: .bfloat16))
    #expect(
      try refusal().message.contains("'w' is bfloat16[4, 3] and elsewhere float32[3, 4]"))
  }

  @Test func anInputAppendedTwiceIsFound() throws {
    _ = graph.append(.primitive(.input(name: "x")), [], x.type)
    try graph.verify()
    _ = graph.append(.primitive(.input(name: "x")), [], TensorType(.int32, [1]))
    #expect(try refusal().message.contains("input 'x' is declared twice"))
  }
}
