import ApusCPUKernels
import Testing

struct RMSNormTests {
  static func weight(_ columns: Int) -> [Float] {
    var numbers = SeededNumbers(99)
    return numbers.normals(columns).map { $0 + 1 }
  }

  static let kernel = RowKernel(
    run: { rows, columns, x, isa, threads in
      let y = KernelBuffer(x)
      unsafe KernelHarness.run(
        apus_rms_norm, [KernelBuffer(x), KernelBuffer(weight(columns)), y],
        sizes: [rows, columns], scalars: [1e-5], isa: isa, threads: threads)
      return y.floats
    },
    reference: { x in
      let mean = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(x.count)
      let root = (mean + Double(Float(1e-5))).squareRoot()
      return zip(x, weight(x.count)).map { Double($0) / root * Double($1) }
    })

  @Test func accurate() { Self.kernel.expectAccurate() }
  @Test func oneAnswer() { Self.kernel.expectOneAnswer() }

  @Test func aLongRowStaysAccurate() {
    var numbers = SeededNumbers(3)
    let x = numbers.normals(16_384).map { $0 * 50 + 20 }
    let found = Self.kernel.run(1, x.count, x, .best, 1)
    #expect(meanSquareError(found, Self.kernel.reference(x)) <= float32Gate)
  }

  @Test func zerosAreHeldUpByEpsilon() {
    #expect(
      Self.kernel.run(1, 40, [Float](repeating: 0, count: 40), .best, 1).allSatisfy { $0 == 0 })
  }
}
