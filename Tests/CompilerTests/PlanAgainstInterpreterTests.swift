import ApusCompiler
import ApusDevices
import ApusGraphs
import ApusTensors
import Testing

/// Plans against the interpreter on random graphs of elementwise operations, stretches, movements
/// and reductions.
struct PlanAgainstInterpreterTests {
  @Test(arguments: 0..<100)
  func randomGraph(seed: Int) throws {
    var random = RandomGraph(seed: UInt64(seed))
    let graph = random.build()
    var inputs: [String: HostTensor] = [:]
    let symbols = ["tokens": [1, 3, 5][seed % 3]]
    for (name, id) in graph.inputs {
      let shape = try #require(graph[id].type.shape.evaluate(symbols))
      inputs[name] = HostTensor(random.numbers.floats(shape.reduce(1, *)), shape: shape)
    }
    let weights = random.weights()
    var interpreter = try Interpreter(graph) { weights[$0.name]! }
    let expected = try interpreter.run(inputs: inputs, symbols: symbols)
    for options in [CompileOptions(), CompileOptions(fusesEpilogues: false, mergesMatmuls: false)] {
      let session = InferenceSession(device: try CPUDevice(threads: 2), options: options)
      let model = try session.load(
        graph, source: ArrayWeights(values: weights), bounds: ["tokens": 7])
      let found = try model.execute(inputs, symbols: symbols)
      for (name, value) in expected {
        let result = try #require(found[name])
        #expect(result.shape == value.shape && result.dataType == value.dataType)
        for (a, b) in zip(result.floats, value.floats) where !isClose(a, b) {
          Issue.record("output \(name): \(a) for \(b)\n\(graph.printed())\n\(model.plan.printed())")
          return
        }
      }
    }
  }

  private func isClose(_ a: Float, _ b: Float) -> Bool {
    if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
    return a == b || abs(a - b) <= 1e-5 * max(1, abs(b))
  }
}

/// Random graphs over the shapes [tokens, 6, 4] and what stretches to and reduces from it.
struct RandomGraph {
  var numbers: SeededNumbers
  private let graph: Graph
  private var values: [Tensor] = []

  init(seed: UInt64) {
    numbers = SeededNumbers(seed &* 7919 &+ 17)
    graph = Graph(name: "random \(seed)")
  }

  mutating func build() -> Graph {
    values = [
      graph.input("a", .float32, [tokens, 6, 4]),
      graph.input("b", .float32, [tokens, 1, 4]),
      graph.input("c", .float32, [6, 4]),
      graph.input("d", .float32, [tokens, 4]),
      graph.weight(Weight(name: "w", shape: [4], format: .float32)),
      graph.weight(Weight(name: "m", shape: [6, 4], format: .float32)),
      graph.iota([tokens, 6, 4], axis: Int.random(in: 0...2, using: &numbers)).cast(.float32),
    ]
    for _ in 0..<Int.random(in: 4...24, using: &numbers) { values.append(next()) }
    for (index, value) in values.suffix(3).enumerated() { graph.output("y\(index)", value) }
    return graph
  }

  mutating func weights() -> [String: [Float]] {
    ["w": numbers.floats(4), "m": numbers.floats(24), "square": numbers.floats(16)]
  }

  private mutating func pick() -> Tensor { values.randomElement(using: &numbers)! }

  private mutating func next() -> Tensor {
    let x = pick()
    switch Int.random(in: 0..<15, using: &numbers) {
    case 0: return x.tanh()
    case 1: return x.sigmoid().negated()
    case 2, 3: return combined(x, pick(), .add)
    case 4: return combined(x, pick(), .multiply).tanh()
    case 5: return x.sum(axis: Int.random(in: 0..<x.shape.rank, using: &numbers)) * 0.25
    case 6: return x.maximum(axis: -1)
    case 7: return transposed(x)
    case 8:
      guard let size = x.shape[-1].constant, size > 1 else { return x.exp().log() }
      return x.sliced(axis: -1, start: 1, count: Dim(size - 1)).sum(axis: -1)
    case 9: return x.select(where: combined(x, pick(), .less).isTrue(like: x), else: x * 0.5)
    case 10, 11: return product(x)
    case 12:
      let dims = x.shape.dims
      return x.reshaped(Shape(dims.dropLast(2) + [dims.suffix(2).reduce(Dim(1), *)])).tanh()
    case 13: return joined(x)
    default: return Tensor.concatenated([x, x * 2], axis: x.shape.rank - 1).sum(axis: -1)
    }
  }

  /// A value and its negative, one behind the other along the first axis, added up again.
  private func joined(_ x: Tensor) -> Tensor {
    let both = Tensor.concatenated([x, -x.exp()], axis: 0)
    guard x.shape[0].constant == nil else { return both.maximum(axis: 0) }
    var dims = x.shape.dims
    dims.insert(2, at: 0)
    let turned = both.reshaped(Shape(dims)).permuted(Array(dims.indices.reversed()))
    return turned.permuted(Array(dims.indices.reversed())).sum(axis: 0).reshaped(x.shape)
  }

  /// Of a matrix with a weight, of a batch of matrices with themselves.
  private func product(_ x: Tensor) -> Tensor {
    if x.shape == [tokens, 4] {
      return x.linear(Weight(name: "square", shape: [4, 4], format: .float32))
    }
    guard x.shape.rank == 3 else { return x * x * 0.5 }
    let square = x.matmul(x, transposeRight: true)
    return square.matmul(x).tanh()
  }

  /// Elementwise where the shapes stretch to each other, else of the value with itself.
  private func combined(_ a: Tensor, _ b: Tensor, _ operation: BinaryOperation) -> Tensor {
    let (long, short) = a.shape.rank >= b.shape.rank ? (a.shape, b.shape) : (b.shape, a.shape)
    let fits = zip(long.dims.reversed(), short.dims.reversed()).allSatisfy { x, y in
      x == y || x.constant == 1 || y.constant == 1
    }
    return a.binary(operation, fits ? b : a)
  }

  /// The last two axes exchanged and back, around an operation.
  private func transposed(_ x: Tensor) -> Tensor {
    guard x.shape.rank >= 2 else { return x.absolute() }
    let last = x.shape.rank - 1
    let axes = Array(0..<last - 1) + [last, last - 1]
    return (x.permuted(axes) * 0.5 + 1).permuted(axes)
  }
}

extension Tensor {
  fileprivate func absolute() -> Tensor { unary(.absolute) }

  /// This condition where its shape is that of `other`, else one that compares `other` with 0.
  fileprivate func isTrue(like other: Tensor) -> Tensor {
    shape == other.shape ? self : other.binary(.less, graph.constant(0))
  }
}
