import ApusCompiler
import ApusDevices
import ApusGraphs
import ApusTensors
import Testing

struct FoldWeightsTests {
  private func folded(_ graph: Graph, _ weights: [String: [Float]] = [:]) throws -> Graph {
    try Compilation(
      graph, options: CompileOptions(), bounds: ["tokens": 4],
      weights: ArrayWeights(values: weights).elements
    ).graph
  }

  private func constants(_ graph: Graph) -> [HostTensor] {
    graph.nodes.compactMap {
      if case .constant(let value)? = $0.operation.primitive { value } else { nil }
    }
  }

  @Test func whatDependsOnWeightsOnlyIsComputedOnce() throws {
    let graph = Graph(name: "fold")
    let x = graph.input("x", .float32, [tokens, 2])
    let scale = graph.weight(Weight(name: "scale", shape: [2], format: .float32))
    graph.output("y", x * (scale + 1))
    let result = try folded(graph, ["scale": [2, 5]])
    #expect(constants(result) == [HostTensor([3, 6] as [Float], shape: [2])])
    #expect(result.weights.isEmpty)
    #expect(result.nodes.map(\.operation.name) == ["input", "constant", "broadcast", "multiply"])
  }

  @Test func weightsOfKernelsStayAsTheyAreStored() throws {
    let graph = Graph(name: "keep")
    let x = graph.input("x", .float32, [tokens, 32])
    let matrix = Weight(name: "w", shape: [4, 32], format: .quantized(.q4_0))
    graph.output("y", x.linear(matrix))
    let result = try folded(graph)
    #expect(result.weights == [matrix] && constants(result).isEmpty)
  }

  @Test func blocksThatALoopWouldReadAreDecoded() throws {
    let graph = Graph(name: "decode")
    let x = graph.input("x", .float32, [1, 32])
    let matrix = Weight(name: "w", shape: [1, 32], format: .quantized(.q4_0))
    graph.output("y", x * graph.weight(matrix))
    let values = (0..<32).map { Float($0) }
    #expect(
      constants(try folded(graph, ["w": values])) == [HostTensor(values, shape: [1, 32])])
  }

  @Test func turnedWeightsGoToTheMatmulKernel() throws {
    let graph = Graph(name: "turned")
    let x = graph.input("x", .float32, [tokens, 2])
    let w = graph.weight(Weight(name: "w", shape: [2, 3], format: .float32))
    graph.output("y", x.matmul(w))
    let weights = ["w": [1, 2, 3, 4, 5, 6] as [Float]]
    let result = try folded(graph, weights)
    #expect(constants(result) == [HostTensor([1, 4, 2, 5, 3, 6] as [Float], shape: [3, 2])])
    let model = try InferenceSession(device: try CPUDevice(threads: 1))
      .load(graph, source: ArrayWeights(values: weights), bounds: ["tokens": 4])
    let found = try model.execute(
      ["x": HostTensor([1, 10] as [Float], shape: [1, 2])], symbols: ["tokens": 1])
    #expect(found["y"] == HostTensor([41, 52, 63] as [Float], shape: [1, 3]))
  }
}
