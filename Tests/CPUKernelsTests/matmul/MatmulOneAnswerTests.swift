import Testing

/// The same bits for a row alone and in any batch, for any threads, split, segments and alignment.
@Suite struct MatmulOneAnswerTests {
  @Test(arguments: WeightFormat.allCases, KernelISA.allCases)
  func rowsAloneAndTogether(_ format: WeightFormat, _ isa: KernelISA) throws {
    try isa.require()
    let all = MatmulProblem(
      format, rows: isa == .scalar ? 20 : 150, inner: 544, columns: [37, 16], seed: 1)
    let together = all.run(isa: isa).bits
    for (start, count) in [
      (0, 1), (3, 1), (19, 1), (5, 2), (4, 3), (1, 4), (2, 7), (0, 16), (3, 17),
    ] {
      let part = all.taking(rows: start..<start + count).run(isa: isa).bits
      for s in all.columns.indices {
        let n = all.columns[s]
        #expect(
          part[s] == Array(together[s][start * n..<(start + count) * n]), "rows \(start) + \(count)"
        )
      }
    }
  }

  /// Weights large enough for tasks to be taken from the counter, and rows enough to be split.
  @Test(arguments: WeightFormat.allCases)
  func threads(_ format: WeightFormat) throws {
    try KernelISA.avx2.require()
    let columns = format.isQuantized ? [1300, 700, 33] : [700, 300, 33]
    for (rows, inner) in [(1, 4096), (5, 4096), (40, 512), (150, 96)] {
      let problem = MatmulProblem(
        format, rows: rows, inner: inner, columns: columns, seed: 2, distinct: 13)
      let alone = problem.run(isa: .avx2)
      #expect(alone.isIntact)
      for count in [2, 3, 5] {
        #expect(problem.run(isa: .avx2, threads: count).bits == alone.bits)
        #expect(problem.run(isa: .avx2, threads: count, concurrently: true).bits == alone.bits)
      }
    }
  }

  @Test(arguments: WeightFormat.allCases, KernelISA.allCases)
  func segmentsAndAlignment(_ format: WeightFormat, _ isa: KernelISA) throws {
    try isa.require()
    for rows in [1, 3, 20] {
      let merged = MatmulProblem(
        format, rows: rows, inner: 288, columns: [33, 8, 17, 50], seed: 3)
      let bits = merged.run(isa: isa, threads: 2).bits
      for s in merged.columns.indices {
        let alone = merged.taking(segment: s)
        #expect(alone.run(isa: isa).bits[0] == bits[s])
        // Tensors of a GGUF file lie at multiples of 32 bytes; safetensors promise no more than the
        // element's size.
        #expect(alone.run(isa: isa, offset: format == .f32 ? 4 : 2).bits[0] == bits[s])
      }
    }
  }

  /// Each output gets its epilogue exactly once, whatever the split.
  @Test(arguments: WeightFormat.allCases, KernelISA.allCases)
  func epilogues(_ format: WeightFormat, _ isa: KernelISA) throws {
    try isa.require()
    for (rows, threads) in [(0, 1), (1, 1), (1, 3), (5, 2), (70, 3)] {
      let problem = MatmulProblem(
        format, rows: rows, inner: 64, columns: [300, 5, 33], seed: 6, distinct: 13)
      var numbers = SeededNumbers(7)
      let bias = numbers.quickNormals(300)
      let plain = problem.run(isa: isa).outputs
      let found = problem.run(isa: isa, threads: threads, concurrently: true, gap: 2, bias: bias)
      #expect(found.isIntact)
      for (s, columns) in problem.columns.enumerated() {
        let expected = plain[s].indices.map { plain[s][$0] + bias[$0 % columns] }
        #expect(found.outputs[s] == expected)
      }
    }
  }

  /// Numbers that vdpbf16ps takes for zero must be zero on every instruction set.
  @Test(arguments: KernelISA.allCases)
  func denormalsInBFloat16(_ isa: KernelISA) throws {
    try isa.require()
    var numbers = SeededNumbers(4)
    let tiny = (0..<5 * 96).map { _ in
      Float(bitPattern: UInt32(numbers.next() & 0x80ff_ffff) | 0x0010_0000)
    }
    let weights = WeightFormat.bf16.encode(numbers.quickNormals(7 * 96, deviation: 1e-3))
    let problem = MatmulProblem(
      .bf16, rows: 5, inner: 96, columns: [7], activation: tiny, weights: [weights])
    let bits = problem.run(isa: isa).bits
    #expect(bits == problem.run(isa: .scalar).bits)
    let outputs = bits[0].map { Float(bitPattern: $0) }
    #expect(!outputs.contains { $0.isSubnormal }, "sums below the normal range are zero")
  }

  @Test(arguments: WeightFormat.allCases, KernelISA.allCases)
  func poisonStaysVisible(_ format: WeightFormat, _ isa: KernelISA) throws {
    try isa.require()
    for poison in [Float.nan, .infinity, -.infinity] {
      var numbers = SeededNumbers(5)
      var x = numbers.quickNormals(3 * 64)
      x[64 + 40] = poison
      let problem = MatmulProblem(
        format, rows: 3, inner: 64, columns: [5], activation: x,
        weights: [format.encode(numbers.quickNormals(5 * 64))])
      let outputs = problem.run(isa: isa).outputs[0]
      #expect(outputs[5..<10].allSatisfy { !$0.isFinite })
      #expect((outputs[..<5] + outputs[10...]).allSatisfy { $0.isFinite })
    }
  }
}
