/// What a matmul must give: once in Double, once bit for bit in the order of its format, both written here
/// without a look at the kernels.
struct MatmulReference {
  let problem: MatmulProblem

  /// Energies of the error of some outputs, and of the outputs themselves, by Double arithmetic on the
  /// decoded weights and the unconverted activation.
  func energies(of outputs: [[Float]]) -> (error: Double, output: Double) {
    let (x, inner) = (problem.activation.map(Double.init), problem.inner)
    var (error, energy) = (0.0, 0.0)
    for (s, columns) in problem.columns.enumerated() {
      let weights = problem.format.decode(problem.weights[s][...])
      for row in 0..<problem.rows {
        for column in 0..<columns {
          var sum = 0.0
          for k in 0..<inner { sum += x[row * inner + k] * weights[column * inner + k] }
          let difference = Double(outputs[s][row * columns + column]) - sum
          error += difference * difference
          energy += sum * sum
        }
      }
    }
    return (error, energy)
  }

  /// The bits of every output, in the format's order of summation.
  func bits() -> [[UInt32]] {
    let rows = (0..<problem.rows).map { row in
      Array(problem.activation[row * problem.inner..<(row + 1) * problem.inner])
    }
    let quantized = problem.format.isQuantized ? rows.map(QuantizedRow.init) : []
    return problem.columns.indices.map { s in
      let weights = (0..<problem.columns[s]).map { weightRow(segment: s, column: $0) }
      return (0..<problem.rows).flatMap { row in
        weights.map { weight in
          switch problem.format {
          case .q8_0, .q4_0, .q4_1: inBlocks(quantized[row], weight).bitPattern
          case .bf16:
            inLanes(inPairs(rows[row].map { rounded($0) }), inPairs(floats(weight))).bitPattern
          default: inLanes(rows[row], floats(weight)).bitPattern
          }
        }
      }
    }
  }

  private func weightRow(segment: Int, column: Int) -> ArraySlice<UInt8> {
    let bytes = problem.format.rowBytes(problem.inner)
    return problem.weights[segment][column * bytes..<(column + 1) * bytes]
  }

  private func floats(_ weight: ArraySlice<UInt8>) -> [Float] {
    problem.format.decode(weight).map { Float($0) }
  }

  private func rounded(_ value: Float) -> Float {
    Float(bitPattern: UInt32(WeightFormat.bfloat16(value)) << 16)
  }

  /// Odd elements of 32, then even ones: what makes bf16's order that of the lanes.
  private func inPairs(_ values: [Float]) -> [Float] {
    let padded = values + [Float](repeating: 0, count: (32 - values.count % 32) % 32)
    var pairs: [Float] = []
    for at in stride(from: 0, to: padded.count, by: 32) {
      for l in 0..<16 { pairs.append(padded[at + 2 * l + 1]) }
      for l in 0..<16 { pairs.append(padded[at + 2 * l]) }
    }
    return pairs
  }

  private func inLanes(_ x: [Float], _ w: [Float]) -> Float {
    var lanes = [Float](repeating: 0, count: 16)
    for k in x.indices { lanes[k % 16].addProduct(x[k], w[k]) }
    for distance in [8, 4, 2, 1] {
      for l in 0..<distance { lanes[l] += lanes[l + distance] }
    }
    return lanes[0]
  }

  private func inBlocks(_ x: QuantizedRow, _ weight: ArraySlice<UInt8>) -> Float {
    var y: Float = 0
    let size = problem.format.elementBytes
    for block in 0..<x.scales.count {
      let start = weight.startIndex + block * size
      let bytes = weight[start..<start + size]
      let quants = WeightFormat.quants(of: problem.format, in: bytes)
      var dot = 0
      for k in 0..<32 { dot += quants[k] * x.quants[32 * block + k] }
      y.addProduct(Float(dot), Float(WeightFormat.half(bytes, start)) * x.scales[block])
      if problem.format == .q4_1 {
        y.addProduct(
          Float(x.sums[block]), Float(WeightFormat.half(bytes, start + 2)) * x.scales[block])
      }
    }
    return y
  }
}

/// A row of activations as int8 blocks of 32, by their definition.
struct QuantizedRow {
  private(set) var quants: [Int] = []
  private(set) var scales: [Float] = []
  private(set) var sums: [Int] = []

  init(_ row: [Float]) {
    for start in stride(from: 0, to: row.count, by: 32) {
      let block = row[start..<min(start + 32, row.count)]
      var d = block.contains { $0.isNaN } ? Float.nan : block.reduce(0) { max($0, abs($1)) } / 127
      var rounded = [Int](repeating: 0, count: 32)
      if d > 0, d < .infinity {
        for (i, value) in block.enumerated() {
          rounded[i] = Int(max(-127, min(127, value / d)).rounded(.toNearestOrEven))
        }
      } else if !d.isNaN, d == 0 {
        d = 0
      }
      quants += rounded
      scales.append(d)
      sums.append(rounded.reduce(0, +))
    }
  }
}
