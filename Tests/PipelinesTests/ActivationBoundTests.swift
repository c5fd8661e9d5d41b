import ApusGraphs
import ApusPipelines
import Testing

@Suite struct ActivationBoundTests {
  @Test func valuesLiveFromTheirNodeToTheirLastUse() {
    let graph = Graph(name: "chain")
    let x = graph.input("x", .float32, [.symbol("tokens"), 10])
    let a = x.exp()
    let b = a.tanh()
    let c = b.sqrt()
    graph.output("c", c)
    // Never more than two of the four at once: 2 * 3 * 10 floats.
    #expect(ActivationBound(graph).bytes(["tokens": 3]) == 2 * 3 * 10 * 4)
  }

  @Test func aValueThatIsUsedLateStays() {
    let graph = Graph(name: "residual")
    let x = graph.input("x", .float32, [.symbol("tokens"), 10])
    graph.output("sum", x.exp().tanh() + x)
    #expect(ActivationBound(graph).bytes(["tokens": 3]) == 3 * 3 * 10 * 4)
  }
}
