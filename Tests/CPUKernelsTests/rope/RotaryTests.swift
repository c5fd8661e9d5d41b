import ApusCPUKernels
import Foundation
import Testing

struct RotaryTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var tokens = 5
    var heads = 3
    var head = 64
    var rotary = 64
    var interleaved = false
    var testDescription: String {
      "\(tokens)x\(heads)x\(head), \(rotary), \(interleaved ? "interleaved" : "halves")"
    }
    var count: Int { tokens * heads * head }
  }

  static let shapes = [false, true].flatMap { interleaved in
    [(64, 64), (20, 20), (72, 36), (128, 128), (8, 8), (80, 32), (34, 34), (2, 2)].map {
      Shape(head: $0.0, rotary: $0.1, interleaved: interleaved)
    } + [
      Shape(tokens: 0, interleaved: interleaved),
      Shape(tokens: 1, heads: 1, head: 32, rotary: 32, interleaved: interleaved),
    ]
  }

  static func frequencies(_ shape: Shape) -> [Float] {
    (0..<shape.rotary / 2).map { pow(10_000, -2 * Float($0) / Float(shape.rotary)) }
  }

  static func run(
    _ shape: Shape, _ x: [Float], _ positions: [Int32], factor: Float = 1.25,
    isa: KernelISA = .best, threads: Int = 1
  ) -> [Float] {
    let y = KernelBuffer([Float](repeating: .nan, count: x.count))
    unsafe KernelHarness.run(
      apus_rotary,
      [KernelBuffer(x), KernelBuffer(positions), KernelBuffer(frequencies(shape)), y],
      sizes: [
        positions.count, shape.heads, shape.head, shape.rotary, shape.interleaved ? 1 : 0,
      ], scalars: [factor], isa: isa, threads: threads)
    return y.floats
  }

  static func reference(
    _ shape: Shape, _ x: [Float], _ positions: [Int32], factor: Float = 1.25
  ) -> [Double] {
    var y = x.map(Double.init)
    let pairs = shape.rotary / 2
    let frequencies = frequencies(shape)
    for row in 0..<positions.count * shape.heads {
      for i in 0..<pairs {
        let a = row * shape.head + (shape.interleaved ? 2 * i : i)
        let b = shape.interleaved ? a + 1 : a + pairs
        let angle = Double(Float(positions[row / shape.heads]) * frequencies[i])
        let (c, s) = (cos(angle) * Double(factor), sin(angle) * Double(factor))
        y[a] = Double(x[a]) * c - Double(x[b]) * s
        y[b] = Double(x[a]) * s + Double(x[b]) * c
      }
    }
    return y
  }

  static func inputs(_ shape: Shape) -> (x: [Float], positions: [Int32]) {
    var numbers = SeededNumbers(21)
    let positions = (0..<shape.tokens).map { [0, 1, 17, 8191, 1_000_000][$0 % 5] as Int32 }
    return (numbers.normals(shape.count), positions)
  }

  @Test(arguments: shapes)
  func accurate(shape: Shape) {
    let (x, positions) = Self.inputs(shape)
    let expected = Self.reference(shape, x, positions)
    for isa in KernelISA.runnable {
      let found = Self.run(shape, x, positions, isa: isa)
      #expect(meanSquareError(found, expected) <= float32Gate, "\(isa)")
    }
  }

  @Test(arguments: shapes)
  func oneAnswer(shape: Shape) {
    let (x, positions) = Self.inputs(shape)
    let expected = Self.run(shape, x, positions).map(\.bitPattern)
    for isa in KernelISA.runnable {
      for threads in 1...3 {
        let found = Self.run(shape, x, positions, isa: isa, threads: threads)
        #expect(found.map(\.bitPattern) == expected, "\(isa), \(threads) threads")
      }
    }
    let width = shape.heads * shape.head
    let alone = (0..<shape.tokens).flatMap { t in
      Self.run(shape, Array(x[t * width..<(t + 1) * width]), [positions[t]])
    }
    #expect(alone.map(\.bitPattern) == expected)
  }

  @Test func inPlace() {
    let shape = Shape(head: 72, rotary: 36)
    let (x, positions) = Self.inputs(shape)
    let y = KernelBuffer(x)
    unsafe KernelHarness.run(
      apus_rotary, [y, KernelBuffer(positions), KernelBuffer(Self.frequencies(shape)), y],
      sizes: [shape.tokens, shape.heads, shape.head, shape.rotary, 0], scalars: [1])
    #expect(y.floats == Self.run(shape, x, positions, factor: 1))
  }
}
