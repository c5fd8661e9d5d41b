import ApusCPUKernels
import Testing

struct LayerNormTests {
  static func bias(_ columns: Int) -> [Float] {
    var numbers = SeededNumbers(98)
    return numbers.normals(columns)
  }

  static func kernel(hasBias: Bool) -> RowKernel {
    RowKernel(
      run: { rows, columns, x, isa, threads in
        let y = KernelBuffer(x)
        let bias = hasBias ? KernelBuffer(bias(columns)) : nil
        unsafe KernelHarness.run(
          apus_layer_norm, [KernelBuffer(x), KernelBuffer(RMSNormTests.weight(columns)), bias, y],
          sizes: [rows, columns], scalars: [1e-5], isa: isa, threads: threads)
        return y.floats
      },
      reference: { x in
        let n = Double(x.count)
        let mean = x.reduce(0.0) { $0 + Double($1) } / n
        let variance = x.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / n
        let root = (variance + Double(Float(1e-5))).squareRoot()
        let weight = RMSNormTests.weight(x.count)
        let bias = bias(x.count)
        return x.indices.map {
          (Double(x[$0]) - mean) / root * Double(weight[$0]) + (hasBias ? Double(bias[$0]) : 0)
        }
      })
  }

  @Test(arguments: [true, false])
  func accurate(hasBias: Bool) {
    Self.kernel(hasBias: hasBias).expectAccurate()
  }

  @Test(arguments: [true, false])
  func oneAnswer(hasBias: Bool) {
    Self.kernel(hasBias: hasBias).expectOneAnswer()
  }

  @Test func aGreatMeanCostsNoDigits() {
    var numbers = SeededNumbers(4)
    let x = numbers.normals(768).map { $0 + 1000 }
    let kernel = Self.kernel(hasBias: true)
    // The mean itself has 24 bits: its rounding, 3e-5, is what remains.
    let error = meanSquareError(kernel.run(1, x.count, x, .best, 1), kernel.reference(x))
    #expect(error <= 1e-8)
  }
}
