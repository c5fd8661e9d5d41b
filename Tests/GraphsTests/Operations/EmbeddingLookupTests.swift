import ApusGraphs
import ApusTensors
import Testing

@Suite struct EmbeddingLookupTests {
  @Test func rowsByIdAndZerosBeyond() throws {
    let graph = Graph(name: "test")
    let weight = Weight(name: "embed", shape: [3, 2], format: .bfloat16)
    let ids = graph.input("ids", .int32, [.symbol("tokens")])
    graph.output("y", graph.embedding(weight: weight, ids: ids))
    var interpreter = try Interpreter(graph) { _ in [1, 2, 3, 4, 5, 6] }
    let found = try interpreter.run(inputs: ["ids": integerTensor([2, 0, -1, 3, 2])])["y"]
    #expect(found == floatTensor([5, 6, 1, 2, 0, 0, 0, 0, 5, 6], [5, 2]))
    let none = try interpreter.run(inputs: ["ids": integerTensor([])])["y"]
    #expect(none == floatTensor([], [0, 2]))
  }

  @Test func refusals() {
    let graph = Graph(name: "test")
    let weight = Weight(name: "embed", shape: [6], format: .float32)
    let ids = graph.input("ids", .int32, [.symbol("tokens")])
    #expect(graph.embedding(weight: weight, ids: ids).isPoisoned)
    #expect(
      graph.diagnostic?.message == "expected a table float32 [n, columns], found float32[6]")
    #expect(graph.diagnostic?.nearestWeight == "embed")
    #expect(graph.diagnostic?.file == #fileID)
    #expect(throws: OperandError("expected ids int32 [rows], found float32[3]")) {
      try EmbeddingLookup().resultType(
        of: [TensorType(.float32, [6, 2]), TensorType(.float32, [3])])
    }
  }
}
