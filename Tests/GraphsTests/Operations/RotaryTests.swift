import ApusGraphs
import ApusTensors
import Foundation
import Testing

@Suite struct RotaryTests {
  /// tokens, heads, head, pairs
  static let sizes = [
    [0, 2, 4, 2], [1, 1, 2, 1], [3, 2, 8, 4], [5, 3, 10, 3], [2, 1, 6, 0], [4, 4, 64, 32],
  ]

  @Test(arguments: sizes, [Rotary.Pairing.halves, .interleaved])
  func rotates(_ size: [Int], _ pairing: Rotary.Pairing) throws {
    let (tokens, heads, head, pairs) = (size[0], size[1], size[2], size[3])
    var random = SeededRandom(81)
    let x = random.floats([tokens, heads, head])
    let positions = random.integers([tokens], in: 0...5000)
    let frequencies = HostTensor(
      (0..<pairs).map { pow(10000, -Float($0) / Float(pairs)) }, shape: [pairs])
    let factor: Float = 1.25
    let found = try evaluate([x, positions, frequencies]) {
      $1[0].rotated(
        positions: $1[1], inverseFrequencies: $1[2], pairing: pairing, factor: factor)
    }
    let values = x.doubles
    var expected = values
    for token in 0..<tokens {
      for h in 0..<heads {
        let start = (token * heads + h) * head
        for pair in 0..<pairs {
          // The angle is one float32 product by definition; everything after it is exact.
          let angle = Double(Float(positions.integers[token]) * frequencies.floats[pair])
          let (c, s) = (cos(angle) * Double(factor), sin(angle) * Double(factor))
          let (i, j) = pairing == .halves ? (pair, pair + pairs) : (2 * pair, 2 * pair + 1)
          let (a, b) = (values[start + i], values[start + j])
          expected[start + i] = a * c - b * s
          expected[start + j] = b * c + a * s
        }
      }
    }
    expectClose(found, [tokens, heads, head], expected)
  }

  /// What rotary embedding is for: a product depends on the distance of two positions alone.
  @Test func productsDependOnTheDistance() throws {
    var random = SeededRandom(82)
    let row = random.floats([16]).floats
    let x = HostTensor(row + row + row + row, shape: [4, 1, 16])
    let frequencies = HostTensor((0..<8).map { pow(100, -Float($0) / 8) }, shape: [8])
    let y = try evaluate([x, integerTensor([3, 10, 23, 30]), frequencies]) {
      $1[0].rotated(positions: $1[1], inverseFrequencies: $1[2], pairing: .interleaved)
    }.floats
    func product(_ a: Int, _ b: Int) -> Float {
      (0..<16).reduce(0) { $0 + y[a * 16 + $1] * y[b * 16 + $1] }
    }
    #expect(abs(product(0, 1) - product(2, 3)) < 1e-4)
    #expect(abs(product(0, 1) - product(0, 2)) > 1e-2)
  }

  @Test func refusals() {
    let x = TensorType(.float32, [.symbol("tokens"), 2, 8])
    let positions = TensorType(.int32, [.symbol("tokens")])
    let rotary = Rotary(pairing: .halves)
    #expect(throws: OperandError("expected positions int32[tokens], found int32[7]")) {
      try rotary.resultType(
        of: [x, TensorType(.int32, [7]), TensorType(.float32, [4])])
    }
    #expect(
      throws: OperandError(
        "expected inverse frequencies float32 [rotary / 2] with rotary <= 8, found float32[5]")
    ) {
      try rotary.resultType(of: [x, positions, TensorType(.float32, [5])])
    }
    #expect(
      throws: OperandError(
        "expected x float32 [tokens, heads, head] with a fixed head, found float32[4]")
    ) {
      try rotary.resultType(of: [TensorType(.float32, [4]), positions, TensorType(.float32, [2])])
    }
  }
}
