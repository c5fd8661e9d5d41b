import ApusCompiler
import ApusDevices
import ApusGraphs
import ApusTensors
import Testing

struct DecoderTests {
  @Test(arguments: [1, 2])
  func planGivesTheInterpretersLogits(threads: Int) throws {
    let decoder = SmallDecoder()
    var interpreter = try Interpreter(decoder.graph, weights: decoder.weights.elements)
    let session = InferenceSession(device: try CPUDevice(threads: threads))
    let model = try session.load(
      decoder.graph, source: decoder.weights, bounds: SmallDecoder.bounds)
    for step in SmallDecoder.steps {
      let expected = try interpreter.run(inputs: step.inputs(), symbols: step.symbols)
      let found = try model.execute(step.inputs(), symbols: step.symbols)
      let (a, b) = (try #require(found["logits"]), try #require(expected["logits"]))
      #expect(a.shape == b.shape)
      #expect(normalizedError(a.floats, b.floats) <= 1e-10)
      #expect(found["sampled"] == expected["sampled"])
    }
  }

  /// The same steps under two ways of compiling or running give the same bits.
  private func expectSameBits(
    _ decoder: SmallDecoder, _ a: InferenceSession, _ b: InferenceSession
  ) throws {
    let models = try [a, b].map {
      try $0.load(decoder.graph, source: decoder.weights, bounds: SmallDecoder.bounds)
    }
    for step in SmallDecoder.steps {
      let results = try models.map { try $0.execute(step.inputs(), symbols: step.symbols) }
      #expect(results[0] == results[1])
    }
  }

  @Test func epiloguesChangeNoBit() throws {
    try expectSameBits(
      SmallDecoder(), InferenceSession(device: try CPUDevice(threads: 2)),
      InferenceSession(
        device: try CPUDevice(threads: 2), options: CompileOptions(fusesEpilogues: false)))
  }

  @Test(arguments: [StorageFormat.float32, .bfloat16])
  func mergedMatmulsChangeNoBit(format: StorageFormat) throws {
    try expectSameBits(
      SmallDecoder(format: format, cacheFormat: format),
      InferenceSession(device: try CPUDevice(threads: 1)),
      InferenceSession(
        device: try CPUDevice(threads: 2), options: CompileOptions(mergesMatmuls: false)))
  }

  @Test(arguments: [StorageFormat.float32, .bfloat16])
  func deferredDeviceGivesTheSameBits(format: StorageFormat) throws {
    try expectSameBits(
      SmallDecoder(format: format, cacheFormat: format),
      InferenceSession(device: try CPUDevice(threads: 2)),
      InferenceSession(device: try DeferredDevice(threads: 2)))
  }

  @Test func halfPrecisionStaysNearTheInterpreter() throws {
    let decoder = SmallDecoder(format: .bfloat16, cacheFormat: .bfloat16)
    var interpreter = try Interpreter(decoder.graph, weights: decoder.weights.elements)
    let model = try InferenceSession(device: try CPUDevice(threads: 2))
      .load(decoder.graph, source: decoder.weights, bounds: SmallDecoder.bounds)
    for step in SmallDecoder.steps {
      let expected = try interpreter.run(inputs: step.inputs(), symbols: step.symbols)
      let found = try model.execute(step.inputs(), symbols: step.symbols)
      let (a, b) = (try #require(found["logits"]), try #require(expected["logits"]))
      #expect(normalizedError(a.floats, b.floats) <= 1e-4)
    }
  }

  /// A request's logits are the same bits alone and whole as in a batch and in parts.
  @Test(arguments: [StorageFormat.float32, .bfloat16])
  func batchAndChunksChangeNoBit(format: StorageFormat) throws {
    let decoder = SmallDecoder(format: format, cacheFormat: format)
    let session = InferenceSession(device: try CPUDevice(threads: 2))
    let models = try (0..<2).map { _ in
      try session.load(decoder.graph, source: decoder.weights, bounds: SmallDecoder.bounds)
    }
    var rows: [[Float]] = []
    for step in SmallDecoder.steps[..<3] {
      let logits = try models[0].execute(step.inputs(), symbols: step.symbols)["logits"]
      rows.append(Array(try #require(logits).floats.prefix(SmallDecoder.vocabulary)))
    }
    let ids = SmallDecoder.steps[..<3].flatMap { $0.requests[0].ids }
    let whole = SmallDecoder.Step(requests: [(0, ids, 0)])
    var inputs = whole.inputs()
    inputs["output_rows"] = HostTensor([5, 7, 8] as [Int32], shape: [3])
    var symbols = whole.symbols
    symbols["outputs"] = 3
    for (name, value) in inputs where value.count <= 2 && name != "output_rows" {
      let repeated = (0..<3).flatMap { _ in value.integers }
      let shape = value.shape.count == 2 ? [3, 2] : [3]
      inputs[name] =
        value.dataType == .float32
        ? HostTensor([0, 0, 0] as [Float], shape: shape) : HostTensor(repeated, shape: shape)
    }
    let found = try models[1].execute(inputs, symbols: symbols)["logits"]
    #expect(try #require(found).floats == rows.flatMap { $0 })
  }

  @Test func noRowsAreFine() throws {
    let decoder = SmallDecoder()
    let model = try InferenceSession(device: try CPUDevice(threads: 2))
      .load(decoder.graph, source: decoder.weights, bounds: SmallDecoder.bounds)
    var inputs = SmallDecoder.steps[0].inputs()
    var symbols = SmallDecoder.steps[0].symbols
    symbols["outputs"] = 0
    for name in ["output_rows", "top_k", "draw_positions"] {
      inputs[name] = HostTensor([Int32](), shape: [0])
    }
    inputs["seeds"] = HostTensor([Int32](), shape: [0, 2])
    for name in ["temperature", "top_p", "min_p"] {
      inputs[name] = HostTensor([Float](), shape: [0])
    }
    let found = try model.execute(inputs, symbols: symbols)
    #expect(found["logits"]?.shape == [0, SmallDecoder.vocabulary])
    // The step without outputs stored its keys and values all the same.
    let next = SmallDecoder.steps[1]
    let other = try InferenceSession(device: try CPUDevice(threads: 2))
      .load(decoder.graph, source: decoder.weights, bounds: SmallDecoder.bounds)
    let first = SmallDecoder.steps[0]
    _ = try other.execute(first.inputs(), symbols: first.symbols)
    #expect(
      try model.execute(next.inputs(), symbols: next.symbols)
        == other.execute(next.inputs(), symbols: next.symbols))
  }
}

/// Mean square of the difference over mean square of the reference.
func normalizedError(_ found: [Float], _ expected: [Float]) -> Double {
  var (difference, power) = (0.0, 0.0)
  for (a, b) in zip(found, expected) {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    power += Double(b) * Double(b)
  }
  return power == 0 ? difference : difference / power
}
