import ApusCPUKernels
import Testing

/// Activation conversions against their definitions, exactly.
@Suite struct ConvertRowsTests {
  static let shapes = [(0, 64), (1, 32), (2, 64), (3, 40), (5, 172), (7, 256), (33, 96)]

  private func quantize(
    _ x: [Float], rows: Int, inner: Int, isa: KernelISA, threads: Int
  ) -> ConvertedRows {
    let result = ConvertedRows(rows: rows, padded: (inner + 31) / 32 * 32, isQuantized: true)
    unsafe run(
      apus_quantize_rows_q8, x, into: result, rows: rows, inner: inner, isa: isa,
      threads: threads)
    return result
  }

  private func run(
    _ variants: apus_kernel_variants, _ x: [Float], into result: ConvertedRows, rows: Int,
    inner: Int, isa: KernelISA, threads: Int
  ) {
    let memory = KernelMemory(x)
    var call = unsafe KernelCall(variants, isa: isa)
    unsafe call.set(buffer: 0, to: memory.pointer)
    result.attach(to: &call, from: 1)
    call.set(size: 0, to: rows)
    call.set(size: 1, to: inner)
    call.run(threads: threads, concurrently: threads > 1)
    #expect(result.isIntact && memory.isIntact)
  }

  /// Checks blocks against the definition; they lie as [block, row].
  private func check(
    _ x: [Float], rows: Int, inner: Int, isa: KernelISA, threads: Int = 1
  ) throws {
    let result = quantize(x, rows: rows, inner: inner, isa: isa, threads: threads)
    let quants = try #require(result.quants).values
    let scales = try #require(result.scales).values
    let sums = try #require(result.sums).values
    for row in 0..<rows {
      let expected = QuantizedRow(Array(x[row * inner..<(row + 1) * inner]))
      for block in expected.scales.indices {
        let at = block * rows + row
        let found = quants[32 * at..<32 * at + 32].map { Int($0) }
        #expect(found == Array(expected.quants[32 * block..<32 * block + 32]))
        #expect(Int(sums[at]) == expected.sums[block])
        #expect(
          scales[at].bitPattern == expected.scales[block].bitPattern
            || (scales[at].isNaN && expected.scales[block].isNaN))
      }
    }
  }

  @Test(arguments: KernelISA.allCases)
  func quantizes(_ isa: KernelISA) throws {
    try isa.require()
    for (index, (rows, inner)) in Self.shapes.enumerated() {
      var numbers = SeededNumbers(UInt64(index))
      try check(
        numbers.quickNormals(rows * inner), rows: rows, inner: inner, isa: isa,
        threads: 1 + index % 3)
    }
  }

  /// Zeros, ties, denormals, the greatest floats, infinities and NaN.
  @Test(arguments: KernelISA.allCases)
  func quantizesSpecialNumbers(_ isa: KernelISA) throws {
    try isa.require()
    let zeros = [Float](repeating: 0, count: 32)
    let ties = (0..<32).map { Float($0) * 0.5 } + [] as [Float]
    var exact = ties
    exact[31] = 127
    let tiny = (0..<32).map { Float(bitPattern: UInt32($0 * 37)) }
    let huge = (0..<32).map { $0 % 2 == 0 ? Float.greatestFiniteMagnitude : -1e38 }
    var infinite = ties
    infinite[3] = -.infinity
    var unordered = ties
    unordered[17] = .nan
    try check(
      zeros + ties + exact + tiny + huge + infinite + unordered, rows: 1, inner: 7 * 32, isa: isa)
  }

  @Test(arguments: KernelISA.allCases)
  func roundsToBFloat16(_ isa: KernelISA) throws {
    try isa.require()
    for (index, (rows, inner)) in Self.shapes.enumerated() {
      var numbers = SeededNumbers(UInt64(index))
      var x = numbers.quickNormals(rows * inner)
      let special: [Float] = [
        .nan, .infinity, -.infinity, -0.0, .greatestFiniteMagnitude, 0x1p-140,
        Float(bitPattern: 0x3f80_8000), Float(bitPattern: 0x3f81_8000),
      ]
      for (i, value) in special.enumerated() where i < x.count { x[i] = value }
      let padded = (inner + 31) / 32 * 32
      let result = ConvertedRows(rows: rows, padded: padded, isQuantized: false)
      unsafe run(
        apus_convert_rows_bf16, x, into: result, rows: rows, inner: inner, isa: isa,
        threads: 1 + index % 3)
      var expected: [UInt16] = []
      for row in 0..<rows {
        expected += x[row * inner..<(row + 1) * inner].map(WeightFormat.bfloat16)
        expected += [UInt16](repeating: 0, count: padded - inner)
      }
      #expect(try #require(result.halves).values == expected)
    }
  }
}
