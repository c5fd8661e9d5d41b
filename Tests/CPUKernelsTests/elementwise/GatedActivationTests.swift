import ApusCPUKernels
import Foundation
import Testing

struct GatedActivationTests {
  /// As `enum kind` of the kernel.
  enum Kind: Int, CaseIterable { case silu, geluTanh, gelu }

  static func activation(_ x: Double, _ kind: Kind) -> Double {
    switch kind {
    case .silu: x / (1 + exp(-x))
    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    }
  }

  static func up(_ columns: Int) -> [Float] {
    var numbers = SeededNumbers(97)
    return numbers.normals(columns)
  }

  static func kernel(_ kind: Kind) -> RowKernel {
    RowKernel(
      run: { rows, columns, x, isa, threads in
        let y = KernelBuffer(x)
        let ups = (0..<rows).flatMap { _ in up(columns) }
        unsafe KernelHarness.run(
          apus_gated_activation, [KernelBuffer(x), KernelBuffer(ups), y],
          sizes: [rows, columns, kind.rawValue, columns, columns], isa: isa, threads: threads)
        return y.floats
      },
      reference: { x in zip(x, up(x.count)).map { activation(Double($0), kind) * Double($1) } })
  }

  @Test(arguments: Kind.allCases)
  func accurate(kind: Kind) { Self.kernel(kind).expectAccurate() }

  @Test(arguments: Kind.allCases)
  func oneAnswer(kind: Kind) { Self.kernel(kind).expectOneAnswer() }

  /// Gate and up as the two halves of one matmul's rows.
  @Test func rowStrides() {
    var numbers = SeededNumbers(5)
    let rows = 3
    let columns = 37
    let x = numbers.normals(rows * columns * 2)
    let both = KernelBuffer(x)
    let y = KernelBuffer([Float](repeating: 0, count: rows * columns))
    let up = KernelBuffer(Array(x[columns...]))
    unsafe KernelHarness.run(
      apus_gated_activation, [both, up, y],
      sizes: [rows, columns, 0, 2 * columns, 2 * columns], threads: 2)
    let expected = (0..<rows).flatMap { row in
      (0..<columns).map { column in
        let at = row * 2 * columns + column
        return Self.activation(Double(x[at]), .silu) * Double(x[at + columns])
      }
    }
    #expect(meanSquareError(y.floats, expected) <= float32Gate)
  }
}
