import ApusCompiler
import ApusGraphs
import ApusTensors
import Testing

struct FuseTests {
  private func fused(
    _ graph: Graph, options: CompileOptions = CompileOptions(),
    weights: ArrayWeights = ArrayWeights()
  ) throws -> String {
    try Compilation(
      graph, options: options, bounds: ["tokens": 4], weights: weights.elements
    ).fused.description
  }

  @Test func chainWithReductionIsOneLoop() throws {
    let graph = Graph(name: "norm")
    let x = graph.input("x", .float32, [tokens, 8])
    graph.output("y", x * ((x * x).mean(axis: -1) + 1e-5).reciprocalSqrt())
    #expect(
      try fused(graph)
        == """
        fused norm
        0: %11 = loop [1, 1, tokens, 8]
            0| v0 = load x float32 by (0, 0, 8, 1)
            0| v1 = multiply v0, v0
            0| v2 = reduce_sum v1
            0| v3 = 8.0
            1| v4 = divide v2, v3
            0| v5 = 1e-05
            1| v6 = add v4, v5
            1| v7 = reciprocalSqrt v6
            1| v8 = multiply v0, v7
            %11 float32 by (0, 0, 8, 1) = v8
        output y = %11
        """)
  }

  @Test func softmaxWithoutKernelIsOneLoop() throws {
    let graph = Graph(name: "softmax")
    let x = graph.input("x", .float32, [tokens, 8])
    graph.output("y", x.softmax())
    #expect(
      try fused(graph, options: CompileOptions(kernels: KernelTable()))
        == """
        fused softmax
        0: %7 = loop [1, 1, tokens, 8]
            0| v0 = load x float32 by (0, 0, 8, 1)
            0| v1 = reduce_maximum v0
            1| v2 = subtract v0, v1
            1| v3 = exp v2
            1| v4 = reduce_sum v3
            2| v5 = divide v3, v4
            %7 float32 by (0, 0, 8, 1) = v5
        output y = %7
        """)
  }

  @Test func movementsBecomeStrides() throws {
    let graph = Graph(name: "movements")
    let x = graph.input("x", .float32, [tokens, 6, 4])
    let y = graph.input("y", .float32, [4, 3])
    graph.output("z", x.sliced(axis: 1, start: 2, count: 3).permuted([0, 2, 1]) + y)
    #expect(
      try fused(graph)
        == """
        fused movements
        0: %5 = loop [1, tokens, 4, 3]
            v0 = load x + 8 float32 by (0, 24, 1, 4)
            v1 = load y float32 by (0, 0, 3, 1)
            v2 = add v0, v1
            %5 float32 by (0, 12, 3, 1) = v2
        output z = %5
        """)
  }

  @Test func concatenationStoresItsParts() throws {
    let graph = Graph(name: "parts")
    let x = graph.input("x", .float32, [tokens, 6])
    let halves = [3, 0].map { x.sliced(axis: 1, start: $0, count: 3) }
    graph.output("turned", Tensor.concatenated([-halves[0], halves[1]], axis: 1))
    #expect(
      try fused(graph)
        == """
        fused parts
        0: %4 = loop [1, 1, tokens, 3]
            v0 = load x + 3 float32 by (0, 0, 6, 1)
            v1 = negate v0
            %4 float32 by (0, 0, 6, 1) = v1
        1: %4 = loop [1, 1, tokens, 3]
            v0 = load x float32 by (0, 0, 6, 1)
            %4 + 3 float32 by (0, 0, 6, 1) = v0
        output turned = %4
        """)
  }

  @Test func valuesOfTwoLoopsAreStoredOnce() throws {
    let graph = Graph(name: "shared")
    let x = graph.input("x", .float32, [tokens, 8])
    let shared = x.exp()
    graph.output("a", shared.sum(axis: -1))
    graph.output("b", shared.negated())
    #expect(
      try fused(graph)
        == """
        fused shared
        0: %1 = loop [1, 1, tokens, 8]
            v0 = load x float32 by (0, 0, 8, 1)
            v1 = exp v0
            %1 float32 by (0, 0, 8, 1) = v1
        1: %2 = loop [1, 1, tokens, 8]
            v0 = load %1 float32 by (0, 0, 8, 1)
            v1 = reduce_sum v0
            %2 float32 by (0, 0, 1, 0) = v1
        2: %3 = loop [1, 1, tokens, 8]
            v0 = load %1 float32 by (0, 0, 8, 1)
            v1 = negate v0
            %3 float32 by (0, 0, 8, 1) = v1
        output a = %2
        output b = %3
        """)
  }

  @Test func biasesResidualsAndActivationsRunOnTiles() throws {
    let graph = Graph(name: "block")
    let x = graph.input("x", .float32, [tokens, 8])
    let a = Weight(name: "a", shape: [8, 8], format: .float32)
    let b = Weight(name: "b", shape: [8, 8], format: .float32)
    let bias = graph.weight(Weight(name: "bias", shape: [8], format: .float32))
    graph.output("y", x + x.linear(a).sigmoid() * (x.linear(b) + bias))
    #expect(
      try fused(graph)
        == """
        fused block
        0: %3 = matmul(x, a float32) float32[tokens, 8]
        1: %10 = matmul(x, b float32) float32[tokens, 8], then loop [1, 1, tokens, 8]
            v0 = load x float32 by (0, 0, 8, 1)
            v1 = load %3 float32 by (0, 0, 8, 1)
            v2 = sigmoid v1
            v3 = load %6 float32 by (0, 0, 8, 1)
            v4 = load bias float32 by (0, 0, 0, 1)
            v5 = add v3, v4
            v6 = multiply v2, v5
            v7 = add v0, v6
            %10 float32 by (0, 0, 8, 1) = v7
        output y = %10
        """)
  }

  @Test func matmulsOfOneInputAndFormatMerge() throws {
    let graph = Graph(name: "projections")
    let x = graph.input("x", .float32, [tokens, 32])
    let formats: [StorageFormat] = [
      .quantized(.q8_0), .quantized(.q8_0), .bfloat16, .quantized(.q8_0), .quantized(.q8_0),
      .quantized(.q8_0),
    ]
    for (index, format) in formats.enumerated() {
      let weight = Weight(name: "w\(index)", shape: [4, 32], format: format)
      graph.output("y\(index)", x.linear(weight))
    }
    // Its operand is made of the first product: it must stay behind it.
    let last = Weight(name: "last", shape: [4, 32], format: .quantized(.q8_0))
    graph.output("sum", x.linear(last) + graph.tensor(graph.outputs[0].id).exp())
    #expect(
      try fused(graph)
        == """
        fused projections
        0: %2 = matmul(x, w0 q8_0) float32[tokens, 4]
           %4 = matmul(x, w1 q8_0) float32[tokens, 4]
           %8 = matmul(x, w3 q8_0) float32[tokens, 4]
           %10 = matmul(x, w4 q8_0) float32[tokens, 4]
        1: %6 = matmul(x, w2 bfloat16) float32[tokens, 4]
        2: %12 = matmul(x, w5 q8_0) float32[tokens, 4]
           %16 = matmul(x, last q8_0) float32[tokens, 4], then loop [1, 1, tokens, 4]
            v0 = load %14 float32 by (0, 0, 4, 1)
            v1 = load %2 float32 by (0, 0, 4, 1)
            v2 = exp v1
            v3 = add v0, v2
            %16 float32 by (0, 0, 4, 1) = v3
        output y0 = %2
        output y1 = %4
        output y2 = %6
        output y3 = %8
        output y4 = %10
        output y5 = %12
        output sum = %16
        """)
  }

  @Test func longExpressionsAreCut() throws {
    let graph = Graph(name: "long")
    let inputs = (0..<40).map { graph.input("x\($0)", .float32, [tokens, 8]) }
    graph.output("y", inputs.dropFirst().reduce(inputs[0]) { ($0 * $1).tanh() })
    let compilation = try Compilation(
      graph, options: CompileOptions(), bounds: ["tokens": 4], weights: ArrayWeights().elements)
    #expect(compilation.fused.steps.count == 2)
  }

  @Test func lateReadsOfAStateAreRefused() throws {
    let graph = Graph(name: "hazard")
    let x = graph.input("x", .float32, [tokens, 1, 4])
    let slots = graph.input("slots", .int32, [tokens])
    let state = PagedState(
      name: "cache", pages: 2, heads: 1, pageSize: 4, headSize: 4, format: .float32)
    let before = graph.read(state)
    x.store(in: state, slots: slots)
    graph.output("sum", before + graph.read(state))
    #expect(throws: CompileError.self) { try fused(graph) }

    let sound = Graph(name: "sound")
    let y = sound.input("x", .float32, [tokens, 1, 4])
    sound.output("before", sound.read(state).sum(axis: 3))
    y.store(in: state, slots: sound.input("slots", .int32, [tokens]))
    sound.output("after", sound.read(state).sum(axis: 3))
    #expect(
      try fused(sound)
        == """
        fused sound
        0: %3 = loop [1, 1, 8, 4]
            v0 = load cache after 0 float32 by (0, 0, 4, 1)
            v1 = reduce_sum v0
            %3 float32 by (0, 0, 1, 0) = v1
        1: %4 = store(x, slots) float32[tokens, 1, 4]
        2: %6 = loop [1, 1, 8, 4]
            v0 = load cache after 1 float32 by (0, 0, 4, 1)
            v1 = reduce_sum v0
            %6 float32 by (0, 0, 1, 0) = v1
        output before = %3
        output after = %6
        """)
  }

  @Test func missingKernelsAreNamedWithTheirTypes() throws {
    let graph = Graph(name: "order")
    let x = graph.input("x", .float32, [tokens, 8])
    graph.output("order", x.argsortDescending())
    let error = #expect(throws: CompileError.self) { try fused(graph) }
    #expect(
      error?.description
        == "no kernel runs argsort_descending(float32[tokens, 8]) -> int32[tokens, 8]")
  }

  @Test func missingBoundsAreNamed() throws {
    let graph = Graph(name: "bounds")
    graph.output("y", graph.input("x", .float32, [tokens, .symbol("rows")]).exp())
    let error = #expect(throws: CompileError.self) { try fused(graph) }
    #expect(error?.description == "symbol 'rows' has no bound; given are [\"tokens\"]")
  }
}
