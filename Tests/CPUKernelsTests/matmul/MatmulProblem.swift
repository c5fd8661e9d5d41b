import ApusCPUKernels

/// A matmul with its data: one activation, up to four weights of one format.
struct MatmulProblem {
  let format: WeightFormat
  let rows: Int, inner: Int, columns: [Int]
  let activation: [Float]
  let weights: [[UInt8]]

  /// - Parameter distinct: after so many different rows of a weight they begin again, which makes large
  ///   weights quickly.
  init(
    _ format: WeightFormat, rows: Int, inner: Int, columns: [Int], seed: UInt64,
    distinct: Int = .max
  ) {
    var numbers = SeededNumbers(seed)
    self.init(
      format, rows: rows, inner: inner, columns: columns,
      activation: numbers.quickNormals(rows * inner),
      weights: columns.map { columns in
        let encoded = (0..<min(columns, distinct)).map { _ in
          format.encode(numbers.quickNormals(inner, deviation: 0.5))
        }
        return (0..<columns).flatMap { encoded[$0 % encoded.count] }
      })
  }

  init(
    _ format: WeightFormat, rows: Int, inner: Int, columns: [Int], activation: [Float],
    weights: [[UInt8]]
  ) {
    (self.format, self.rows, self.inner, self.columns) = (format, rows, inner, columns)
    (self.activation, self.weights) = (activation, weights)
  }

  /// The same weights with some of the rows.
  func taking(rows kept: Range<Int>) -> MatmulProblem {
    MatmulProblem(
      format, rows: kept.count, inner: inner, columns: columns,
      activation: Array(activation[kept.lowerBound * inner..<kept.upperBound * inner]),
      weights: weights)
  }

  /// One weight alone.
  func taking(segment: Int) -> MatmulProblem {
    MatmulProblem(
      format, rows: rows, inner: inner, columns: [columns[segment]], activation: activation,
      weights: [weights[segment]])
  }

  struct Outcome {
    /// Per segment, [rows, columns].
    let outputs: [[Float]]
    /// Whether nothing was written outside the outputs.
    let isIntact: Bool
    var bits: [[UInt32]] { outputs.map { $0.map(\.bitPattern) } }
  }

  /// Converts the activation and multiplies, by the kernels.
  ///
  /// - Parameters:
  ///   - gap: floats between two rows of an output.
  ///   - offset: bytes that every weight is moved from an aligned address.
  ///   - bias: added by an epilogue to all segments, as buffer 11.
  func run(
    isa: KernelISA, threads: Int = 1, concurrently: Bool = false, gap: Int = 0, offset: Int = 0,
    bias: [Float]? = nil
  ) -> Outcome {
    let x = KernelMemory(activation)
    let converted = convert(x, isa: isa, threads: threads, concurrently: concurrently)
    let mapped = weights.map { KernelMemory($0, offset: offset) }
    let outputs = columns.map {
      KernelMemory<Float>(repeating: .infinity, count: max(rows * ($0 + gap), 1))
    }
    var call = unsafe KernelCall(format.matmul, isa: isa)
    converted.attach(to: &call, from: 0)
    for s in columns.indices {
      unsafe call.set(buffer: 3 + 2 * s, to: mapped[s].pointer)
      unsafe call.set(buffer: 4 + 2 * s, to: outputs[s].pointer)
      call.set(size: 4 + s, to: columns[s])
      call.set(size: 8 + s, to: columns[s] + gap)
    }
    call.set(size: 0, to: rows)
    call.set(size: 1, to: inner)
    call.set(size: 2, to: columns.count)
    let added = bias.map { KernelMemory($0) }
    var epilogues: [KernelTileProgram] = []
    if let added {
      unsafe call.set(buffer: 11, to: added.pointer)
      epilogues = columns.indices.map { addingBias(segment: $0, rowStride: columns[$0] + gap) }
      for (s, program) in epilogues.enumerated() { call.set(program: s, to: program) }
    }
    call.run(threads: threads, concurrently: concurrently)
    withExtendedLifetime(epilogues) {}

    let results = zip(outputs, columns).map { memory, columns in
      let values = memory.values
      return (0..<rows).flatMap { values[$0 * (columns + gap)..<$0 * (columns + gap) + columns] }
    }
    let gaps = zip(outputs, columns).allSatisfy { memory, columns in
      let values = memory.values
      return (0..<rows).allSatisfy { row in
        (columns..<columns + gap).allSatisfy { values[row * (columns + gap) + $0] == .infinity }
      }
    }
    let intact = outputs.allSatisfy(\.isIntact) && mapped.allSatisfy(\.isIntact) && x.isIntact
    return Outcome(
      outputs: results, isIntact: gaps && intact && converted.isIntact)
  }

  private func addingBias(segment: Int, rowStride: Int) -> KernelTileProgram {
    KernelTileProgram(
      [
        [
          tile(APUS_TILE_LOAD, 0, 0), tile(APUS_TILE_LOAD, 1, 1), tile(APUS_TILE_ADD, 0, 0, 1),
          tile(APUS_TILE_STORE, 0, 0, 0),
        ]
      ],
      operands: [
        .init(buffer: 4 + 2 * segment, strides: [0, 0, rowStride, 1]),
        .init(buffer: 11, strides: [0, 0, 0, 1]),
      ])
  }

  private func convert(
    _ x: KernelMemory<Float>, isa: KernelISA, threads: Int, concurrently: Bool
  ) -> ConvertedRows {
    let padded = (inner + 31) / 32 * 32
    if format == .f32 || format == .f16 { return ConvertedRows(floats: x) }
    let rows8 = ConvertedRows(rows: rows, padded: padded, isQuantized: format.isQuantized)
    var call = unsafe KernelCall(
      format.isQuantized ? apus_quantize_rows_q8 : apus_convert_rows_bf16, isa: isa)
    unsafe call.set(buffer: 0, to: x.pointer)
    rows8.attach(to: &call, from: 1)
    call.set(size: 0, to: rows)
    call.set(size: 1, to: inner)
    call.run(threads: threads, concurrently: concurrently)
    return rows8
  }
}

/// An activation in the form that a weight format wants.
struct ConvertedRows {
  private(set) var floats: KernelMemory<Float>?
  private(set) var halves: KernelMemory<UInt16>?
  private(set) var quants: KernelMemory<Int8>?
  private(set) var scales: KernelMemory<Float>?
  private(set) var sums: KernelMemory<Int32>?

  init(floats: KernelMemory<Float>) { self.floats = floats }

  init(rows: Int, padded: Int, isQuantized: Bool) {
    if isQuantized {
      quants = KernelMemory(repeating: 99, count: rows * padded)
      scales = KernelMemory(repeating: .infinity, count: rows * padded / 32)
      sums = KernelMemory(repeating: 99, count: rows * padded / 32)
    } else {
      halves = KernelMemory(repeating: 0x7f80, count: rows * padded)
    }
  }

  /// Makes them buffers `first`, `first + 1`, ... of a launch.
  func attach(to call: inout KernelCall, from first: Int) {
    if let floats { unsafe call.set(buffer: first, to: floats.pointer) }
    if let halves { unsafe call.set(buffer: first, to: halves.pointer) }
    if let quants { unsafe call.set(buffer: first, to: quants.pointer) }
    if let scales { unsafe call.set(buffer: first + 1, to: scales.pointer) }
    if let sums { unsafe call.set(buffer: first + 2, to: sums.pointer) }
  }

  var isIntact: Bool {
    (floats?.isIntact ?? true) && (halves?.isIntact ?? true) && (quants?.isIntact ?? true)
      && (scales?.isIntact ?? true) && (sums?.isIntact ?? true)
  }
}
