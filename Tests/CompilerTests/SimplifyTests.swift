import ApusCompiler
import ApusGraphs
import ApusTensors
import Testing

struct SimplifyTests {
  @Test func deadCodeGoesAndEffectsStay() throws {
    let graph = Graph(name: "dead")
    let x = graph.input("x", .float32, [tokens, 2, 4])
    let slots = graph.input("slots", .int32, [tokens])
    let state = PagedState(
      name: "cache", pages: .symbol("pages"), heads: 2, pageSize: 4, headSize: 4, format: .float32)
    _ = x.exp() + 3
    x.store(in: state, slots: slots)
    graph.output("y", x.negated())
    let simple = try simplified(graph)
    #expect(simple.nodes.map(\.operation.name) == ["input", "input", "store", "negate"])
  }

  @Test func identitiesVanish() throws {
    let graph = Graph(name: "identities")
    let x = graph.input("x", .float32, [tokens, 4])
    let y = ((x * 1 + 0) / 1 - 0).negated().negated()
    let z = y.permuted([1, 0]).permuted([1, 0]).reshaped([tokens, 2, 2]).reshaped([tokens, 4])
    graph.output("y", z.sliced(axis: 1, start: 1, count: 3).sliced(axis: 1, start: 1, count: 2))
    let simple = try simplified(graph)
    #expect(simple.nodes.map(\.operation.name) == ["input", "slice"])
    #expect(
      simple.nodes[1].operation.primitive == .slice(axis: 1, start: 2, count: 2))
  }

  @Test func neutralElementsOnTheWrongSideStay() throws {
    let graph = Graph(name: "sides")
    let x = graph.input("x", .float32, [tokens])
    graph.output("minus", graph.constant(0) - x)
    graph.output("inverse", graph.constant(1) / x)
    graph.output("sum", graph.constant(0) + x)
    graph.output("product", graph.constant(1) * x)
    let simple = try simplified(graph)
    let operations = simple.outputs.map { simple[$0.id].operation.name }
    #expect(operations == ["subtract", "divide", "input", "input"])
  }

  @Test func permutationsComposeInOrder() throws {
    let graph = Graph(name: "permutations")
    let x = graph.input("x", .float32, [2, 3, 4, 5])
    graph.output("y", x.permuted([1, 2, 3, 0]).permuted([0, 2, 1, 3]).exp())
    let simple = try simplified(graph)
    #expect(simple.nodes.map(\.operation.name) == ["input", "permute", "exp"])
    #expect(simple.nodes[1].operation.primitive == .permute(axes: [1, 3, 2, 0]))
  }

  @Test func stretchesCompose() throws {
    let graph = Graph(name: "stretches")
    let x = graph.input("x", .float32, [4])
    graph.output("y", x.broadcast(to: [3, 4]).broadcast(to: [2, 3, 4]).exp())
    let simple = try simplified(graph)
    #expect(simple.nodes.map(\.operation.name) == ["input", "broadcast", "exp"])
    #expect(simple.nodes[1].operation.primitive == .broadcast(axes: [2]))
  }

  @Test func scalarsFold() throws {
    let graph = Graph(name: "scalars")
    let x = graph.input("x", .float32, [tokens])
    graph.output("y", x + (graph.constant(3) * graph.constant(4)).sqrt())
    let simple = try simplified(graph)
    #expect(simple.nodes.map(\.operation.name) == ["input", "constant", "broadcast", "add"])
  }

  private func simplified(_ graph: Graph) throws -> Graph {
    let simple = try simplify(graph)
    try simple.verify()
    return simple
  }
}
