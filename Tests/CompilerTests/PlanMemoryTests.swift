import ApusCompiler
import ApusDevices
import ApusGraphs
import ApusTensors
import Testing

struct PlanMemoryTests {
  private func plan(
    _ graph: Graph, _ bounds: [String: Int], options: CompileOptions = CompileOptions(),
    weights: ArrayWeights = ArrayWeights()
  ) throws -> Plan {
    try Compilation(graph, options: options, bounds: bounds, weights: weights.elements).plan
  }

  @Test func planIsPrinted() throws {
    let graph = Graph(name: "two products")
    let x = graph.input("x", .float32, [tokens, 32])
    let w = Weight(name: "w", shape: [32, 32], format: .quantized(.q8_0))
    let v = Weight(name: "v", shape: [16, 32], format: .bfloat16)
    let h = x.softmax().exp().linear(w) + x
    graph.output("y", h.reshaped([tokens, 4, 8]).sum(axis: 2).sigmoid())
    graph.output("z", h.linear(v))
    let plan = try plan(graph, ["tokens": 10])
    #expect(
      plan.printed()
        == """
        plan two products
        symbols tokens <= 10
        0: softmax(x) -> %1
             sizes (tokens, 32)
        1: tile_loop(%1) -> %2
             sizes (1, 1, tokens, 32) programs of 3
        2: quantize_rows_q8(%2) -> %2:q8, %2:scales, %2:sums
             sizes (tokens, 32)
        3: matmul_q8_0(%2:q8, %2:scales, %2:sums, w, x) -> %5
             sizes (tokens, 32, 1, 0, 32, 0, 0, 0, 32, 0, 0, 0) programs of 4
        4: tile_loop(%5) -> %8
             sizes (1, 1, 4*tokens, 8) programs of 5
        5: convert_rows_bf16(%5) -> %5:bfloat16
             sizes (tokens, 32)
        6: matmul_bf16(%5:bfloat16, v) -> %10
             sizes (tokens, 32, 1, 0, 16, 0, 0, 0, 16, 0, 0, 0)
        output y = %8 float32[tokens, 4, 1]
        output z = %10 float32[tokens, 16]
        arena 2048 bytes
          0..<1344 launches 0...2: %1 then %2
          1344..<1728 launches 2...3: %2:q8
          1728..<1856 launches 2...3: %2:scales
          1856..<1984 launches 2...3: %2:sums
          0..<1344 launches 3...5: %5
          1344..<2048 launches 5...6: %5:bfloat16
        """)
    #expect(
      plan.printedKernels()
        == """
        kernels two products: 7 launches
          2 x tile_loop
          1 x convert_rows_bf16
          1 x matmul_bf16
          1 x matmul_q8_0
          1 x quantize_rows_q8
          1 x softmax
        """)
  }

  @Test func liveValuesNeverOverlap() throws {
    let decoder = SmallDecoder(format: .bfloat16, layers: 4)
    let plan = try plan(decoder.graph, SmallDecoder.bounds, weights: decoder.weights)
    #expect(plan.memory.overlap() == nil)
    #expect(plan.memory.blocks.count > 40)
    // Four layers need no more than two do.
    let small = SmallDecoder(format: .bfloat16, layers: 2)
    #expect(
      plan.memory.byteCount
        == (try self.plan(small.graph, SmallDecoder.bounds, weights: small.weights)).memory
        .byteCount
    )
  }

  @Test(arguments: 0..<40)
  func liveValuesOfRandomGraphsNeverOverlap(seed: Int) throws {
    var random = RandomGraph(seed: UInt64(seed) + 500)
    let graph = random.build()
    let weights = ArrayWeights(values: random.weights())
    let plan = try plan(graph, ["tokens": 7], weights: weights)
    #expect(plan.memory.overlap() == nil)
  }

  /// A loop may write over an operand that ends with it only where it reads each element at
  /// its own place.
  @Test func turnedOperandsAreNotWrittenOver() throws {
    let graph = Graph(name: "turned")
    let x = graph.input("x", .float32, [6, 6])
    graph.output("y", x.softmax().permuted([1, 0]).exp().softmax().exp().softmax())
    let values = HostTensor((0..<36).map { Float($0 * 7 % 11) }, shape: [6, 6])
    let model = try InferenceSession(device: try CPUDevice(threads: 1))
      .load(graph, source: ArrayWeights(), bounds: [:])
    // The first loop turns its operand, the second may write over its own.
    #expect(model.plan.memory.blocks.map(\.values.count) == [1, 1, 2])
    var interpreter = try Interpreter(graph) { _ in [] }
    let expected = try interpreter.run(inputs: ["x": values])
    let found = try model.execute(["x": values], symbols: [:])
    #expect(normalizedError(found["y"]!.floats, expected["y"]!.floats) <= 1e-10)
  }

  @Test func theCheckerSeesOverlaps() throws {
    let decoder = SmallDecoder()
    var memory = try plan(decoder.graph, SmallDecoder.bounds, weights: decoder.weights).memory
    let index = try #require(
      memory.blocks.indices.first {
        $0 > 0 && memory.blocks[$0].first <= memory.blocks[0].last
          && memory.blocks[$0].byteOffset > 0
      })
    memory.blocks[index].byteOffset = memory.blocks[0].byteOffset
    #expect(memory.overlap() != nil)
  }

  @Test func placesHoldTheGreatestSizes() throws {
    let graph = Graph(name: "sizes")
    let x = graph.input("x", .float32, [tokens, 2])
    let rest = graph.input("rest", .float32, [Dim.symbol("all") - tokens, 2])
    graph.output("y", x.exp().sum(axis: 0) + rest.exp().sum(axis: 0))
    let plan = try plan(graph, ["tokens": 100, "all": 100])
    // Two sums of two floats; a difference is taken at its greatest.
    #expect(plan.report.inputOutputBytes == 3 * 2 * 800 + 2 * 8)
  }
}
