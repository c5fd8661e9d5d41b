import ApusGraphs
import ApusTensors
import Foundation
import Testing

@Suite struct ActivationTests {
  static let shapes = [[], [0], [1], [3, 17]]

  static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
  static func gelu(_ x: Double) -> Double { x / 2 * erfc(-x / 2.0.squareRoot()) }
  static func geluTanh(_ x: Double) -> Double {
    x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  @Test(arguments: shapes)
  func activations(_ shape: [Int]) throws {
    var random = SeededRandom(71)
    let x = random.floats(shape, in: -6...6)
    let silu = try evaluate([x]) { $1[0].silu() }
    expectClose(silu, shape, x.doubles.map(Self.silu))
    let gelu = try evaluate([x]) { $1[0].gelu(.none) }
    expectClose(gelu, shape, x.doubles.map(Self.gelu))
    let geluTanh = try evaluate([x]) { $1[0].gelu(.tanh) }
    expectClose(geluTanh, shape, x.doubles.map(Self.geluTanh))
  }

  @Test(arguments: shapes)
  func gated(_ shape: [Int]) throws {
    var random = SeededRandom(72)
    let (gate, up) = (random.floats(shape, in: -6...6), random.floats(shape))
    let functions: [GatedActivation.Kind: (Double) -> Double] = [
      .silu: Self.silu, .gelu: Self.gelu, .geluTanh: Self.geluTanh,
    ]
    for (kind, function) in functions {
      let found = try evaluate([gate, up]) { $1[0].gated(up: $1[1], kind: kind) }
      expectClose(found, shape, zip(gate.doubles, up.doubles).map { function($0) * $1 })
    }
  }

  @Test func farFromZeroTheyAreTheIdentityOrZero() throws {
    let x = floatTensor([-200, 200])
    #expect(try evaluate([x]) { $1[0].silu() }.floats == [0, 200])
    #expect(try evaluate([x]) { $1[0].gelu(.none) }.floats == [0, 200])
    #expect(try evaluate([x]) { $1[0].gelu(.tanh) }.floats == [0, 200])
  }

  @Test func refusals() {
    let integers = TensorType(.int32, [2])
    let composites: [any Composite] = [SiLU(), GELU(approximation: .tanh)]
    for composite in composites {
      #expect(throws: OperandError("expected float32, found int32[2]")) {
        try composite.resultType(of: [integers])
      }
      #expect(throws: OperandError("expected 1 operands, found 0")) {
        try composite.resultType(of: [])
      }
    }
    #expect(throws: OperandError("expected up float32[2], found float32[3]")) {
      try GatedActivation(kind: .silu).resultType(
        of: [TensorType(.float32, [2]), TensorType(.float32, [3])])
    }
  }
}
