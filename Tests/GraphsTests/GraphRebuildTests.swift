import ApusGraphs
import ApusTensors
import Testing

@Suite struct GraphRebuildTests {
  let graph = Graph(name: "test")
  var x: Tensor { graph.input("x", .float32, [.symbol("tokens"), 4]) }

  @Test func aCopyPrintsTheSame() {
    let state = PagedState(
      name: "s", pages: 2, heads: 2, pageSize: 4, headSize: 2, format: .float32)
    let slots = graph.input("slots", .int32, [.symbol("tokens")])
    _ = graph.input("unused", .int32, [1])
    x.reshaped([.symbol("tokens"), 2, 2]).store(in: state, slots: slots)
    graph.output("y", (x.silu() + 1).named("inner"))
    graph.output("s", graph.read(state))
    #expect(graph.rebuilt { _, _, _ in nil }.printed() == graph.printed())
  }

  @Test func aNodeIsReplacedWhereverItIsUsed() throws {
    let y = x.silu()
    graph.output("y", y + y)
    let replaced = graph.rebuilt { node, operands, graph in
      node.operation.name == "silu" ? operands[0] * 2 : nil
    }
    try replaced.verify()
    let names = replaced.nodes.map(\.operation.name)
    #expect(names == ["input", "constant", "broadcast", "multiply", "add"])
    #expect(replaced.nodes[4].operands == [NodeID(3), NodeID(3)])
  }

  @Test func compositesInDefinitionsAreExpandedToo() throws {
    let y = x.gated(up: x, kind: .silu)
    graph.output("y", y.named("gated"))
    let expanded = graph.expanded()
    try expanded.verify()
    #expect(expanded.nodes.map(\.operation.name) == ["input", "sigmoid", "multiply", "multiply"])
    #expect(expanded.namedTensors["gated"] == expanded.outputs[0].id)
    let once = graph.expanded { $0 is GatedActivation }
    #expect(once.nodes.map(\.operation.name) == ["input", "silu", "multiply"])
  }

  struct Liar: Composite {
    static let name = "liar"
    func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType { operands[0] }
    func definition(_ operands: [Tensor]) -> Tensor { operands[0].sum(axis: 0) }
  }

  @Test func aDefinitionOfAnotherTypeIsRefused() {
    graph.output("y", graph.composite(Liar(), [x]))
    let expanded = graph.expanded()
    #expect(
      expanded.diagnostic?.message
        == "the definition gives float32[1, 4], not float32[tokens, 4]")
  }

  @Test func poisonIsHandedOn() {
    _ = x.reshaped([1])
    #expect(graph.expanded().diagnostic == graph.diagnostic)
    #expect(graph.diagnostic != nil)
  }
}
