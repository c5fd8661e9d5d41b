import ApusGraphs
import ApusTensors
import Testing

@Suite struct GraphTests {
  let graph = Graph(name: "test")
  let weight = Weight(name: "layers.3.norm.weight", shape: [4], format: .float32)
  var x: Tensor { graph.input("x", .float32, [.symbol("tokens"), 4]) }
  var state: PagedState {
    PagedState(
      name: "cache", pages: .symbol("cachePages"), heads: 2, pageSize: 4, headSize: 2,
      format: .bfloat16)
  }

  @Test func equalNodesAreOne() {
    let first = (x + 1).rmsNormalized(weight: graph.weight(weight), epsilon: 1e-5)
    let count = graph.nodes.count
    let second = (x + 1).rmsNormalized(weight: graph.weight(weight), epsilon: 1e-5)
    #expect(first.id == second.id)
    #expect(graph.nodes.count == count)
    let other = (x + 1).rmsNormalized(weight: graph.weight(weight), epsilon: 1e-6)
    #expect(first.id != other.id, "a parameter differs")
    #expect((x + 1).id != (x - 1).id)
    #expect(x.reshaped([4, .symbol("tokens")]).id != x.permuted([1, 0]).id)
  }

  @Test func constantsDifferByTheirBits() {
    #expect(graph.constant(0).id != graph.constant(-0.0).id)
    #expect(graph.constant(.nan).id == graph.constant(.nan).id)
    #expect(
      graph.constant(integerTensor([1])).id
        != graph.constant(integerTensor([1], [1], .bool)).id)
  }

  @Test func storesAreNeverConsedAndReadsSeeThem() {
    let slots = graph.input("slots", .int32, [.symbol("tokens")])
    let value = x.reshaped([.symbol("tokens"), 2, 2])
    let before = graph.read(state)
    #expect(graph.read(state).id == before.id)
    value.store(in: state, slots: slots)
    let after = graph.read(state)
    #expect(after.id != before.id)
    #expect(graph.read(state).id == after.id)
    let count = graph.nodes.count
    value.store(in: state, slots: slots)
    #expect(graph.nodes.count == count + 1)
    #expect(graph.storeCount(of: state) == 2)
    #expect(graph.states == [state])
    #expect(graph.diagnostic == nil)
  }

  @Test func anInputIsDeclaredOnce() {
    #expect(x.id == x.id)
    #expect(graph.inputs.count == 1)
    #expect(graph.input("x", .int32, [1]).isPoisoned)
    #expect(graph.diagnostic?.message.contains("'x' is declared again as int32[1]") == true)
  }

  @Test func anOutputIsDeclaredOnce() {
    graph.output("y", x)
    graph.output("y", x + 1)
    #expect(graph.outputs.count == 1)
    #expect(graph.diagnostic?.operation == "output")
  }

  @Test func aStateHasOneLayout() {
    let other = PagedState(
      name: "cache", pages: .symbol("cachePages"), heads: 2, pageSize: 8, headSize: 2,
      format: .bfloat16)
    _ = graph.read(state)
    #expect(graph.read(other).isPoisoned)
    #expect(graph.diagnostic?.message.contains("'cache'") == true)
  }

  @Test func poisonSpreadsAndTheFirstDiagnosticStays() throws {
    let w = graph.weight(weight)
    let line = #line + 1
    let bad = (x * w).matmul(x)
    #expect(bad.isPoisoned)
    let first = try #require(graph.diagnostic)
    #expect(first.operation == "matmul")
    #expect(first.operands == ["float32[tokens, 4]", "float32[tokens, 4]"])
    #expect(first.message == "expected equal inner sizes, found 4 and tokens")
    #expect(first.nearestWeight == "layers.3.norm.weight")
    #expect(first.file == #fileID)
    #expect(first.line == line)

    let more = ((bad + 1) * bad).silu().softmax().reshaped([7]).sum(axis: 9).mean(axis: -1)
    #expect(more.isPoisoned)
    bad.store(in: state, slots: bad)
    graph.output("y", bad)
    #expect(x.gathered(x).isPoisoned, "another error")
    #expect(graph.diagnostic == first)
    #expect(throws: first) { try graph.verify() }
    #expect(
      "\(first)"
        == "matmul(float32[tokens, 4], float32[tokens, 4]): expected equal inner sizes, found 4 "
        + "and tokens, near weight 'layers.3.norm.weight', at \(#fileID):\(line)")
  }

  @Test func theNearestWeightIsTheOneWithTheShortestWay() {
    let far = graph.weight(Weight(name: "embed", shape: [4], format: .float32))
    let near = graph.weight(weight)
    let value = ((x + far) * 2).exp() + near
    _ = value.reshaped([3])
    #expect(graph.diagnostic?.nearestWeight == "layers.3.norm.weight")
  }

  @Test func operandsOfAnotherGraphAreRefused() {
    let other = Graph(name: "other")
    let y = other.input("y", .float32, [.symbol("tokens"), 4])
    for index in 0..<40 { _ = other.constant(Float(index)) }
    #expect((x + y).isPoisoned)
    #expect(graph.diagnostic?.message == "the operands belong to several graphs")
    #expect((y + x).isPoisoned)
    #expect(other.diagnostic?.message == "the operands belong to several graphs")
  }

  @Test func poisonOfAnotherGraphFailsThisOne() {
    let other = Graph(name: "other")
    let bad = other.constant(1).reshaped([2])
    #expect((x + bad).isPoisoned)
    #expect(graph.diagnostic == other.diagnostic)
    #expect(graph.diagnostic?.operation == "reshape")
  }

  @Test func everyNameFindsItsValue() {
    let y = (x + 1).named("first").named("second")
    #expect(graph.namedTensors == ["first": y.id, "second": y.id])
    #expect(graph.tensorNames == [y.id: "second"])
  }

  @Test func weightsAreListedInOrder() {
    let other = Weight(name: "a", shape: [2], format: .quantized(.q4_0))
    _ = [weight, other, weight].map(graph.weight)
    #expect(graph.weights == [weight, other])
  }
}
