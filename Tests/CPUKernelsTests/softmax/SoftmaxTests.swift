import ApusCPUKernels
import Foundation
import Testing

struct SoftmaxTests {
  static let kernel = RowKernel(
    run: { rows, columns, x, isa, threads in
      let y = KernelBuffer(x)
      unsafe KernelHarness.run(
        apus_softmax, [KernelBuffer(x), y], sizes: [rows, columns], isa: isa, threads: threads)
      return y.floats
    },
    reference: { x in
      let top = Double(x.max() ?? 0)
      let e = x.map { exp(Double($0) - top) }
      let sum = e.reduce(0, +)
      return e.map { $0 / sum }
    })

  @Test func accurate() { Self.kernel.expectAccurate() }
  @Test func oneAnswer() { Self.kernel.expectOneAnswer() }

  @Test func extremes() {
    let x: [Float] = [1e38, -1e38, 1e38, -.infinity]
    #expect(Self.kernel.run(1, 4, x, .best, 1) == [0.5, 0, 0.5, 0])
    #expect(Self.kernel.run(1, 1, [-3], .best, 1) == [1])
  }

  @Test func inPlace() {
    var numbers = SeededNumbers(12)
    let x = numbers.normals(100)
    let y = KernelBuffer(x)
    unsafe KernelHarness.run(apus_softmax, [y, y], sizes: [2, 50])
    #expect(y.floats == Self.kernel.run(2, 50, x, .best, 1))
  }
}
