import ApusGraphs
import ApusTensors
import Foundation
import Testing

@Suite struct NormalizationTests {
  static let shapes = [[0, 3], [1, 1], [7], [5, 33], [2, 3, 64], [1, 0, 4]]

  static func rows(_ values: [Double], _ width: Int) -> [[Double]] {
    stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
  }

  @Test(arguments: shapes)
  func rms(_ shape: [Int]) throws {
    var random = SeededRandom(61)
    let width = shape[shape.count - 1]
    let (x, weight) = (random.floats(shape), random.floats([width]))
    let found = try evaluate([x, weight]) { $1[0].rmsNormalized(weight: $1[1], epsilon: 1e-2) }
    let expected = Self.rows(x.doubles, width).flatMap { row in
      let size = (row.reduce(0) { $0 + $1 * $1 } / Double(width) + Double(Float(1e-2))).squareRoot()
      return zip(row, weight.doubles).map { $0 / size * $1 }
    }
    expectClose(found, shape, expected)
  }

  @Test(arguments: shapes, [false, true])
  func layer(_ shape: [Int], _ hasBias: Bool) throws {
    var random = SeededRandom(62)
    let width = shape[shape.count - 1]
    let (weight, bias) = (random.floats([width]), random.floats([width]))
    // An offset, so that the mean matters.
    let x = HostTensor(random.floats(shape).floats.map { $0 + 5 }, shape: shape)
    let found = try evaluate([x, weight, bias]) {
      $1[0].layerNormalized(weight: $1[1], bias: hasBias ? $1[2] : nil, epsilon: 1e-2)
    }
    let expected = Self.rows(x.doubles, width).flatMap { row in
      let mean = row.reduce(0, +) / Double(width)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      let scale = 1 / (variance + Double(Float(1e-2))).squareRoot()
      return row.indices.map {
        (row[$0] - mean) * scale * weight.doubles[$0] + (hasBias ? bias.doubles[$0] : 0)
      }
    }
    expectClose(found, shape, expected)
  }

  @Test(arguments: shapes)
  func softmax(_ shape: [Int]) throws {
    var random = SeededRandom(63)
    let x = random.floats(shape, in: -20...20)
    let found = try evaluate([x]) { $1[0].softmax() }
    let expected = Self.rows(x.doubles, shape[shape.count - 1]).flatMap { row in
      let exponentials = row.map { exp($0) }
      return exponentials.map { $0 / exponentials.reduce(0, +) }
    }
    expectClose(found, shape, expected)
  }

  @Test func softmaxDoesNotOverflow() throws {
    let x = floatTensor([1000, 1000, -.infinity, -1000], [1, 4])
    #expect(try evaluate([x]) { $1[0].softmax() }.floats == [0.5, 0.5, 0, 0])
  }

  @Test func refusals() {
    let graph = Graph(name: "test")
    let x = graph.input("x", .float32, [.symbol("tokens"), 4])
    let w = graph.input("w", .float32, [5])
    let line = #line + 1
    #expect(x.rmsNormalized(weight: w, epsilon: 1e-5).isPoisoned)
    #expect(
      graph.diagnostic?.description
        == "rms_normalization(float32[tokens, 4], float32[5]): expected weight float32[4], found "
        + "float32[5], at \(#fileID):\(line)")
    let refusals: [(any Composite, [TensorType], String)] = [
      (RMSNormalization(epsilon: 0), [x.type], "expected 2 operands, found 1"),
      (
        RMSNormalization(epsilon: 0),
        [TensorType(.float32, [4, .symbol("n")]), TensorType(.float32, [.symbol("n")])],
        "expected x float32 [..., n] with a fixed n above 0, found float32[4, n]"
      ),
      (LayerNormalization(epsilon: 0), [x.type], "expected 2 to 3 operands, found 1"),
      (
        LayerNormalization(epsilon: 0), [x.type, TensorType(.float32, [4]), w.type],
        "expected bias float32[4], found float32[5]"
      ),
      (Softmax(), [TensorType(.float32, [])], "expected float32 [..., n], found float32[]"),
    ]
    for (composite, operands, message) in refusals {
      #expect(throws: OperandError(message)) { try composite.resultType(of: operands) }
    }
  }
}
