import ApusCompiler
import ApusDevices
import ApusGraphs
import ApusTensors
import MallocCounter
import Testing

struct ModelTests {
  /// One thread, so that the counting thread runs the kernels as well.
  @Test(.enabled(if: malloc_counter_works() != 0, "allocations are counted on glibc only"))
  func stepsAllocateNothingAfterWarmUp() throws {
    let decoder = SmallDecoder(format: .bfloat16, cacheFormat: .bfloat16)
    let model = try InferenceSession(device: try CPUDevice(threads: 1))
      .load(decoder.graph, source: decoder.weights, bounds: SmallDecoder.bounds)
    let steps = SmallDecoder.steps.map { PreparedStep($0, model) }
    var (sampled, logits) = ([Int32](), [Float]())
    sampled.reserveCapacity(SmallDecoder.bounds["outputs"]!)
    logits.reserveCapacity(SmallDecoder.bounds["outputs"]! * SmallDecoder.vocabulary)
    let (first, second) = (
      try #require(model.output("sampled")), try #require(model.output("logits"))
    )
    func runAll() throws {
      for index in steps.indices {
        try steps[index].run(model, first, &sampled, second, &logits)
      }
    }
    try runAll()
    malloc_counter_start()
    try runAll()
    #expect(malloc_counter_stop() == 0)

    // The counter counts: one array is one allocation at least.
    malloc_counter_start()
    sampled = Array(repeating: 1, count: logits.count + 1)
    #expect(malloc_counter_stop() > 0)
  }

  private func load(_ graph: Graph, bounds: [String: Int]) throws -> Model {
    try InferenceSession(device: try CPUDevice(threads: 1))
      .load(graph, source: ArrayWeights(), bounds: bounds)
  }

  private func error(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func wrongStepsAreRefusedByName() throws {
    let graph = Graph(name: "sum")
    let x = graph.input("x", .float32, [tokens, 2])
    let ids = graph.input("ids", .int32, [tokens])
    graph.output("y", x.sum(axis: 1))
    graph.output("same", ids)
    let model = try load(graph, bounds: ["tokens": 3])
    let size = try #require(model.symbol("tokens"))
    let (input, other) = (try #require(model.input("x")), try #require(model.input("ids")))
    let y = try #require(model.output("y"))
    #expect(model.input("z") == nil && model.output("z") == nil && model.symbol("z") == nil)
    #expect(model.inputNames == ["x", "ids"] && model.outputNames == ["y", "same"])

    model.set(size, to: 4)
    #expect(error { try model.execute() } == "symbol 'tokens' is 4, possible are 0 to 3")
    model.set(size, to: 2)
    model.write(input, [1, 2, 3] as [Float])
    #expect(
      error { try model.execute() }
        == "input 'x' float32[tokens, 2]: expected 4 values, found 3")
    model.write(input, [1] as [Int32])
    #expect(
      error { try model.execute() }
        == "input 'x' float32[tokens, 2]: written with 1 values of int32")
    model.write(input, [1, 2, 3, 4] as [Float])
    model.write(other, [1, 2] as [Int32])
    try model.execute()
    var (sums, wrong) = ([Float](), [Int32]())
    try model.readFloat32(y, into: &sums)
    #expect(sums == [3, 7])
    #expect(
      error { try model.readInt32(y, into: &wrong) }
        == "output 'y' float32[tokens, 1] is not read as int32")
  }

  @Test func inputsThatAreNotWrittenAgainKeepTheirValues() throws {
    let graph = Graph(name: "keep")
    let (a, b) = (graph.input("a", .float32, [2]), graph.input("b", .float32, [2]))
    graph.output("sum", a + b)
    for device in [try CPUDevice(threads: 1), try DeferredDevice(threads: 1)] as [any Device] {
      let model = try InferenceSession(device: device)
        .load(graph, source: ArrayWeights(), bounds: [:])
      let (first, second) = (try #require(model.input("a")), try #require(model.input("b")))
      let output = try #require(model.output("sum"))
      var sums: [Float] = []
      model.write(first, [1, 2] as [Float])
      for value in [Float(10), 20, 30, 40, 50] {
        model.write(second, [value, value])
        try model.execute()
      }
      try model.readFloat32(output, into: &sums)
      #expect(sums == [51, 52])
    }
  }

  @Test func largeIntegersAreMovedExactly() throws {
    let graph = Graph(name: "integers")
    let seeds = graph.input("seeds", .int32, [tokens, 3])
    graph.output("turned", seeds.permuted([1, 0]))
    graph.output("copied", seeds)
    let values: [Int32] = [.max, .min, 16_777_217, -1, 0x7F80_0001, 3]
    let found = try load(graph, bounds: ["tokens": 5]).execute(
      ["seeds": HostTensor(values, shape: [2, 3])], symbols: ["tokens": 2])
    #expect(found["copied"]?.integers == values)
    #expect(
      found["turned"]
        == HostTensor([.max, -1, .min, 0x7F80_0001, 16_777_217, 3], shape: [3, 2]))
  }

  @Test func narrowTypesRoundAndConditionsAreBytes() throws {
    let graph = Graph(name: "narrow")
    let x = graph.input("x", .float32, [5])
    graph.output("bf16", x.cast(.bfloat16))
    graph.output("back", x.cast(.float16).cast(.float32) * 2)
    graph.output("positive", graph.constant(0).broadcast(to: [5]).binary(.less, x))
    graph.output("integers", x.cast(.int32))
    let found = try load(graph, bounds: [:]).execute(
      ["x": HostTensor([1.003, -2.7, 0, 65519, 3.0001], shape: [5])], symbols: [:])
    #expect(found["bf16"]?.floats == [1.003, -2.7, 0, 65519, 3.0001].map { Float(BFloat16($0)) })
    #expect(
      found["back"]?.floats == [1.003, -2.7, 0, 65519, 3.0001].map { Float(Float16($0)) * 2 })
    #expect(found["positive"]?.integers == [1, 0, 0, 1, 1])
    #expect(found["integers"]?.integers == [1, -2, 0, 65519, 3])
  }

  @Test func memoryReportCountsEverything() throws {
    let decoder = SmallDecoder(format: .bfloat16, cacheFormat: .bfloat16)
    let device = try CPUDevice(threads: 1)
    do {
      let model = try InferenceSession(device: device)
        .load(decoder.graph, source: decoder.weights, bounds: SmallDecoder.bounds)
      #expect(model.memory.activationBytes == model.plan.memory.byteCount)
      // Two layers, keys and values: 8 pages of 2 heads, 4 places, 8 elements of 2 bytes.
      #expect(model.memory.stateBytes == 2 * 2 * 8 * 2 * 4 * 8 * 2)
      #expect(model.memory.mappedWeightBytes == 0)
      let matrices = 2 * 50 * 32 + 2 * (32 * 32 * 2 + 16 * 32 * 2 + 3 * 48 * 32)
      // 5 norms of 32 floats and the folded frequencies.
      #expect(model.memory.ownedWeightBytes == matrices * 2 + 5 * 32 * 4 + 4 * 4)
    }
    #expect(device.allocatedBytes == 0)
  }
}

/// A step with its inputs as arrays, so that running it makes none.
private struct PreparedStep {
  var symbols: [(SymbolID, Int)] = []
  var integers: [(InputID, [Int32])] = []
  var floats: [(InputID, [Float])] = []

  init(_ step: SmallDecoder.Step, _ model: Model) {
    symbols = step.symbols.map { (model.symbol($0)!, $1) }
    for (name, value) in step.inputs() {
      switch value.elements {
      case .int32(let values): integers.append((model.input(name)!, values))
      case .float32(let values): floats.append((model.input(name)!, values))
      }
    }
  }

  func run(
    _ model: Model, _ first: OutputID, _ sampled: inout [Int32], _ second: OutputID,
    _ logits: inout [Float]
  ) throws {
    // Indices, as in the model: iterators allocate in debug builds.
    for index in symbols.indices { model.set(symbols[index].0, to: symbols[index].1) }
    for index in integers.indices { model.write(integers[index].0, integers[index].1) }
    for index in floats.indices { model.write(floats[index].0, floats[index].1) }
    try model.execute()
    try model.readInt32(first, into: &sampled)
    try model.readFloat32(second, into: &logits)
  }
}
