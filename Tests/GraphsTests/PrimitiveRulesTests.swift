import ApusGraphs
import ApusTensors
import Testing

/// What every operation refuses, and what it says.
@Suite struct PrimitiveRulesTests {
  struct Values {
    let graph = Graph(name: "test")
    var floats: Tensor { graph.input("floats", .float32, [3, 4]) }
    var vector: Tensor { graph.input("vector", .float32, [4]) }
    var integers: Tensor { graph.input("integers", .int32, [3]) }
    var bools: Tensor { graph.input("bools", .bool, [3, 4]) }
    var ragged: Tensor { graph.input("ragged", .float32, [.symbol("tokens"), 4]) }
    var pages: PagedState {
      PagedState(name: "s", pages: 2, heads: 2, pageSize: 4, headSize: 2, format: .float32)
    }
  }

  struct Refusal: CustomTestStringConvertible, Sendable {
    let operation: String
    let message: String
    let build: @Sendable (Values) -> Tensor
    var testDescription: String { "\(operation): \(message)" }

    init(_ operation: String, _ message: String, _ build: @escaping @Sendable (Values) -> Tensor) {
      self.operation = operation
      self.message = message
      self.build = build
    }
  }

  static let elementwise: [Refusal] = [
    Refusal("exp", "expected a floating-point type, found int32[3]") { $0.integers.exp() },
    Refusal("logicalNot", "expected bool") { $0.floats.unary(.logicalNot) },
    Refusal("negate", "expected numbers, found bool[3, 4]") { -$0.bools },
    Refusal("add", "expected equal types, found float32[3, 4] and bool[3, 4]") {
      $0.floats + $0.bools
    },
    Refusal("add", "shapes [3, 4] and [3] do not broadcast") { $0.floats + $0.integers },
    Refusal("multiply", "shapes [tokens, 4] and [3, 4] do not broadcast") {
      $0.ragged * $0.floats
    },
    Refusal("add", "expected numbers") { $0.bools + $0.bools },
    Refusal("less", "expected numbers") { $0.bools.binary(.less, $0.bools) },
    Refusal("logicalAnd", "expected bool") { $0.floats.binary(.logicalAnd, $0.floats) },
    Refusal("power", "expected a floating-point type") {
      $0.integers.binary(.power, $0.integers)
    },
    Refusal("constant", "1.5 is no int32") { $0.integers * 1.5 },
    Refusal("select", "expected condition bool[3, 4], found float32[3, 4]") {
      $0.floats.select(where: $0.floats, else: $0.floats)
    },
    Refusal("select", "expected else float32[3, 4], found bool[3, 4]") {
      $0.floats.select(where: $0.bools, else: $0.bools)
    },
    Refusal("select", "shapes do not broadcast") {
      $0.floats.select(where: $0.bools, else: $0.integers)
    },
    Refusal("cast", "float64 is no type of a graph's value") { $0.floats.cast(.float64) },
    Refusal("input", "int64 is no type of a graph's value") { $0.graph.input("i", .int64, [1]) },
  ]

  static let movement: [Refusal] = [
    Refusal("broadcast", "[3, 4] does not stretch to [4]") { $0.floats.broadcast(to: [4]) },
    Refusal("broadcast", "[3, 4] does not stretch to [3, 8]") { $0.floats.broadcast(to: [3, 8]) },
    Refusal("reshape", "[3, 4] has 12 elements, [5] has 5") { $0.floats.reshaped([5]) },
    Refusal("reshape", "[tokens, 4] has 4*tokens elements") { $0.ragged.reshaped([4]) },
    Refusal("permute", "[0, 0] is no permutation of 2 axes") { $0.floats.permuted([0, 0]) },
    Refusal("permute", "[0] is no permutation of 2 axes") { $0.floats.permuted([0]) },
    Refusal("slice", "no axis 2 in [3, 4]") { $0.floats.sliced(axis: 2, start: 0, count: 1) },
    Refusal("slice", "no axis -1 in [3, 4]") { $0.floats.sliced(axis: -3, start: 0, count: 1) },
    Refusal("slice", "2 elements from 3 along axis 1 of [3, 4]") {
      $0.floats.sliced(axis: 1, start: 3, count: 2)
    },
    Refusal("slice", "from -1") { $0.floats.sliced(axis: 1, start: -1, count: 2) },
    Refusal("slice", "tokens elements from 1") {
      $0.ragged.sliced(axis: 0, start: 1, count: .symbol("tokens"))
    },
    Refusal("concatenate", "float32[4] beside float32[3, 4]") {
      Tensor.concatenated([$0.floats, $0.vector], axis: 0)
    },
    Refusal("concatenate", "bool[3, 4] beside float32[3, 4]") {
      Tensor.concatenated([$0.floats, $0.bools], axis: 0)
    },
    Refusal("concatenate", "float32[tokens, 4] beside float32[3, 4] along axis 1") {
      Tensor.concatenated([$0.floats, $0.ragged], axis: 1)
    },
    Refusal("concatenate", "no axis 7") { Tensor.concatenated([$0.floats, $0.floats], axis: 7) },
    Refusal("iota", "no axis 1 in [3]") { $0.graph.iota([3], axis: 1) },
  ]

  static let others: [Refusal] = [
    Refusal("reduce_sum", "no axis 2 in [3, 4]") { $0.floats.sum(axis: 2) },
    Refusal("reduce_maximum", "expected numbers") { $0.bools.maximum(axis: 0) },
    Refusal("mean", "expected a fixed size along axis 0") { $0.ragged.mean(axis: 0) },
    Refusal("mean", "axis 5") { $0.floats.mean(axis: 5) },
    Refusal("cumulative_sum", "no axis -1 in [4]") { $0.vector.cumulativeSum(axis: -2) },
    Refusal("gather", "expected int32 indices, found float32[4]") { $0.floats.gathered($0.vector) },
    Refusal("gather", "no axis 0 in []") { $0.graph.constant(1).gathered($0.integers) },
    Refusal("gather_along_rows", "expected [rows, n] and [rows, m]") {
      $0.floats.gatheredAlongRows($0.integers)
    },
    Refusal("argsort_descending", "no axis -1 in []") { $0.graph.constant(1).argsortDescending() },
    Refusal("random", "expected seeds int32[3, 2], found int32[3]") {
      $0.graph.random(seeds: $0.integers, counters: $0.integers)
    },
    Refusal("matmul", "expected float32 [batch..., m, k]") { $0.floats.matmul($0.vector) },
    Refusal("matmul", "expected equal inner sizes, found 4 and 3") { $0.floats.matmul($0.floats) },
    Refusal("matmul", "expected float32") {
      $0.bools.matmul($0.floats, transposeRight: true)
    },
    Refusal("matmul", "expected equal inner sizes, found 4 and 5") {
      $0.floats.linear(Weight(name: "w", shape: [2, 5], format: .float32))
    },
    Refusal("store", "expected float32 [tokens, 2, 2] and slots int32 [tokens] for state 's'") {
      $0.floats.store(in: $0.pages, slots: $0.integers)
      return $0.graph.constant(0).reshaped([0])
    },
  ]

  @Test(arguments: elementwise + movement + others)
  func refuses(_ refusal: Refusal) throws {
    let values = Values()
    #expect(refusal.build(values).isPoisoned)
    let diagnostic = try #require(values.graph.diagnostic)
    #expect(diagnostic.operation == refusal.operation)
    #expect(diagnostic.message.contains(refusal.message), "\(diagnostic)")
    #expect(diagnostic.file.isEmpty || diagnostic.file == #fileID)
  }

  @Test func symbolsAreEnoughWhereSizesAreKnownToFit() {
    let values = Values()
    let tokens = Dim.symbol("tokens")
    #expect(!values.ragged.sliced(axis: 0, start: 0, count: tokens - 1).isPoisoned)
    #expect(!values.ragged.reshaped([2, tokens * 2]).isPoisoned)
    #expect(!(values.ragged * values.vector).isPoisoned)
    let joined = Tensor.concatenated([values.ragged, values.floats], axis: 0)
    #expect(joined.shape == [tokens + 3, 4])
  }
}
