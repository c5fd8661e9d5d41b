import Testing

/// Every matmul kernel against Double arithmetic and, bit for bit, against its format's order.
///
/// The normalised mean square error is that of each problem with at least 100 outputs, and of all problems
/// of a test together: of a single output that nearly cancels it would say nothing.
@Suite struct MatmulTests {
  static let rows = [0, 1, 2, 3, 4, 7, 16, 17, 33]
  static let columns = [[1], [2], [15], [17], [33], [64], [5, 2], [16, 1, 33], [8, 17, 3, 15]]

  /// Inner sizes that hold remainders of every unit, and several chunks.
  static func inner(_ format: WeightFormat) -> [Int] {
    switch format {
    case .bf16: [1, 31, 64, 172, 97]
    case .f32, .f16: [1, 15, 48, 172, 97]
    default: [32, 64, 160, 256, 288]
    }
  }

  @Test(arguments: WeightFormat.allCases, KernelISA.allCases)
  func shapes(_ format: WeightFormat, _ isa: KernelISA) throws {
    try isa.require()
    let inner = Self.inner(format)
    var all = Energies()
    for (i, rows) in Self.rows.enumerated() {
      for (j, columns) in Self.columns.enumerated() where (i + j) % 2 == 0 || rows < 3 {
        let problem = MatmulProblem(
          format, rows: rows, inner: inner[(i + 2 * j) % inner.count], columns: columns,
          seed: UInt64(100 * i + j))
        all.add(check(problem, isa: isa, threads: 1 + (i + j) % 3))
      }
    }
    #expect(all.normalisedError <= format.tolerance)
  }

  /// K beyond a chunk (1024 or 2048 elements, 8 blocks) and rows beyond a block (96, 128).
  @Test(arguments: WeightFormat.allCases, KernelISA.allCases)
  func longSumsAndManyRows(_ format: WeightFormat, _ isa: KernelISA) throws {
    try isa.require()
    let long = format.isQuantized ? 2080 : format == .bf16 ? 4117 : 2085
    var all = Energies()
    for rows in [1, 2, 5] {
      let problem = MatmulProblem(format, rows: rows, inner: long, columns: [3, 6], seed: 7)
      all.add(check(problem, isa: isa))
    }
    let short = format.isQuantized ? 320 : 45
    let problem = MatmulProblem(format, rows: 260, inner: short, columns: [9], seed: 8)
    all.add(check(problem, isa: isa, threads: 2))
    #expect(all.normalisedError <= format.tolerance)
  }

  private struct Energies {
    var (error, output) = (0.0, 0.0)
    var normalisedError: Double { error / max(output, .leastNormalMagnitude) }

    mutating func add(_ other: Energies) {
      error += other.error
      output += other.output
    }
  }

  private func check(_ problem: MatmulProblem, isa: KernelISA, threads: Int = 1) -> Energies {
    let outcome = problem.run(isa: isa, threads: threads, gap: 3)
    let shape = "\(problem.rows) x \(problem.inner) x \(problem.columns)"
    let reference = MatmulReference(problem: problem)
    #expect(outcome.isIntact, "\(shape) wrote outside its outputs")
    #expect(outcome.bits == reference.bits(), "\(shape)")
    let (error, output) = reference.energies(of: outcome.outputs)
    let energies = Energies(error: error, output: output)
    if problem.rows * problem.columns.reduce(0, +) >= 100 {
      #expect(energies.normalisedError <= problem.format.tolerance, "\(shape)")
    }
    return energies
  }
}
