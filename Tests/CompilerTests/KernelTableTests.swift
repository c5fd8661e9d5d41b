import ApusCPUKernels
import ApusCompiler
import ApusDevices
import ApusGraphs
import ApusTensors
import Testing

/// Twice the value: a composite as a custom architecture would bring it.
private struct Doubled: Composite {
  static let name = "doubled"

  func resultType(of operands: [TensorType]) throws(OperandError) -> TensorType { operands[0] }
  func definition(_ operands: [Tensor]) -> Tensor { operands[0] * 2 }
}

struct KernelTableTests {
  private let graph: Graph = {
    let graph = Graph(name: "custom")
    let x = graph.input("x", .float32, [tokens, 4])
    graph.output("y", graph.composite(Doubled(), [x]))
    return graph
  }()

  private func run(_ kernels: KernelTable) throws -> [Float]? {
    let model = try InferenceSession(
      device: try CPUDevice(threads: 1), options: CompileOptions(kernels: kernels)
    ).load(graph, source: ArrayWeights(), bounds: ["tokens": 2])
    return try model.execute(
      ["x": HostTensor([1, 1, 1, 1] as [Float], shape: [1, 4])], symbols: ["tokens": 1])["y"]?
      .floats
  }

  @Test func compositesWithoutKernelRunAsTheirDefinition() throws {
    #expect(try run(.builtIn) == [2, 2, 2, 2])
  }

  @Test func registeredKernelsWin() throws {
    var kernels = KernelTable.builtIn
    // A kernel that does something else shows that it is the one that runs.
    kernels.register(
      KernelEntry("doubled") { request in
        guard request.isFloat32(0) else { return nil }
        let softmax = unsafe KernelFunction(apus_softmax)
        return KernelCall(
          softmax, [.operand(0), .result],
          sizes: [request.operands[0].shape[0], request.operands[0].shape[1]])
      })
    #expect(try run(kernels) == [0.25, 0.25, 0.25, 0.25])
    kernels.register(KernelEntry("doubled") { _ in nil })
    #expect(try run(kernels) == [0.25, 0.25, 0.25, 0.25])
  }

  @Test func requestsSayWhereOperandsLie() throws {
    let graph = Graph(name: "request")
    let weight = Weight(name: "w", shape: [3, 5], format: .quantized(.q8_0))
    graph.output("y", graph.input("x", .float32, [tokens, 5]).linear(weight))
    // Rows of 5 are no whole blocks, so no kernel reads them; the definition decodes the weight.
    let plan = try Compilation(
      graph, options: CompileOptions(), bounds: ["tokens": 2],
      weights: ArrayWeights(values: ["w": Array(repeating: 1, count: 15)]).elements
    ).plan
    #expect(plan.printedKernels() == "kernels request: 1 launches\n  1 x tile_loop")
  }
}
