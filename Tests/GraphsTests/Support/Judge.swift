import ApusGraphs
import ApusTensors
import Testing

/// SplitMix64: the same values on every machine.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func floats(_ shape: [Int], in range: ClosedRange<Float> = -2...2) -> HostTensor {
    HostTensor(
      (0..<shape.reduce(1, *)).map { _ in Float.random(in: range, using: &self) }, shape: shape)
  }

  mutating func integers(
    _ shape: [Int], in range: ClosedRange<Int32>, _ type: DataType = .int32
  ) -> HostTensor {
    HostTensor(
      (0..<shape.reduce(1, *)).map { _ in Int32.random(in: range, using: &self) }, shape: shape,
      dataType: type)
  }
}

/// Builds a graph on inputs of the given values, verifies it, and runs it.
func evaluate(
  _ inputs: [HostTensor], _ build: (Graph, [Tensor]) -> Tensor
) throws -> HostTensor {
  let graph = Graph(name: "test")
  var given: [String: HostTensor] = [:]
  let tensors = inputs.enumerated().map { index, value in
    given["in\(index)"] = value
    return graph.input("in\(index)", value.dataType, Shape(value.shape))
  }
  graph.output("out", build(graph, tensors))
  try graph.verify()
  var interpreter = try Interpreter(graph) { _ in [] }
  return try #require(try interpreter.run(inputs: given)["out"])
}

/// Sum of the squared differences over that of what is expected; infinity for other sizes or any
/// NaN.
func normalisedError(_ found: [Float], _ expected: [Double]) -> Double {
  guard found.count == expected.count else { return .infinity }
  var (difference, size) = (0.0, 0.0)
  for (a, b) in zip(found, expected) {
    difference += (Double(a) - b) * (Double(a) - b)
    size += b * b
  }
  if difference.isNaN { return .infinity }
  return difference == 0 ? 0 : difference / size
}

/// The float32 gate of an operation: a normalised mean square error of 1e-10 against float64.
func expectClose(
  _ found: HostTensor, _ shape: [Int], _ expected: [Double],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.shape == shape, sourceLocation: sourceLocation)
  #expect(normalisedError(found.floats, expected) <= 1e-10, sourceLocation: sourceLocation)
}

extension HostTensor {
  var doubles: [Double] { floats.map(Double.init) }
}

// A literal alone does not say whether it is float32 or int32.
func floatTensor(
  _ values: [Float], _ shape: [Int]? = nil, _ dataType: DataType = .float32
) -> HostTensor {
  HostTensor(values, shape: shape ?? [values.count], dataType: dataType)
}

func integerTensor(
  _ values: [Int32], _ shape: [Int]? = nil, _ dataType: DataType = .int32
) -> HostTensor {
  HostTensor(values, shape: shape ?? [values.count], dataType: dataType)
}
