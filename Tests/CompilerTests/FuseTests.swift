import ApusCompiler
import ApusGraphs
import ApusTensors
import Testing

struct FuseTests {
  private func fused(
    _ graph: Graph, options: CompileOptions = CompileOptions(), bounds: [String: Int] = [:],
    weights: ArrayWeights = ArrayWeights()
  ) throws -> String {
    let compilation = try Compilation(
      graph, options: options, bounds: bounds, weights: weights.elements)
    print(compilation.fused.description)
    print(compilation.plan.printed())
    return compilation.fused.description
  }

  @Test func chainWithReductionIsOneLoop() throws {
    let graph = Graph(name: "norm")
    let x = graph.input("x", .float32, [tokens, 8])
    graph.output("y", x * ((x * x).mean(axis: -1) + 1e-5).reciprocalSqrt())
    #expect(try fused(graph, bounds: ["tokens": 4]) == "")
  }

  @Test func softmaxWithoutKernelIsOneLoop() throws {
    let graph = Graph(name: "softmax")
    let x = graph.input("x", .float32, [tokens, 8])
    graph.output("y", x.softmax())
    let options = CompileOptions(kernels: KernelTable())
    #expect(try fused(graph, options: options, bounds: ["tokens": 4]) == "")
  }

  @Test func movementsBecomeStrides() throws {
    let graph = Graph(name: "movements")
    let x = graph.input("x", .float32, [tokens, 6, 4])
    let y = graph.input("y", .float32, [4, 3])
    graph.output(
      "z", x.sliced(axis: 1, start: 2, count: 3).permuted([0, 2, 1]) + y)
    #expect(try fused(graph, bounds: ["tokens": 4]) == "")
  }

  @Test func matrixProductsTakeEpiloguesAndMerge() throws {
    let graph = Graph(name: "block")
    let x = graph.input("x", .float32, [tokens, 8])
    let a = Weight(name: "a", shape: [8, 8], format: .float32)
    let b = Weight(name: "b", shape: [8, 8], format: .float32)
    let bias = graph.weight(Weight(name: "bias", shape: [8], format: .float32))
    let first = x.linear(a)
    let second = x.linear(b) + bias
    graph.output("y", x + (first.sigmoid() * second))
    #expect(try fused(graph, bounds: ["tokens": 4]) == "")
  }
}
