import ApusCPUKernels
import Testing

/// A kernel that maps rows to rows, as the checks below need it.
struct RowKernel: Sendable {
  /// (rows, columns, x, isa, threads) -> y, as many values as x.
  let run: @Sendable (Int, Int, [Float], KernelISA, Int) -> [Float]
  /// One row in Double.
  let reference: @Sendable ([Float]) -> [Double]

  static let columnCounts = [1, 2, 7, 15, 16, 17, 31, 32, 33, 64, 100, 576, 2049]

  func expectAccurate(rows: Int = 3, seed: UInt64 = 1) {
    for columns in Self.columnCounts {
      var numbers = SeededNumbers(seed + UInt64(columns))
      let x = numbers.normals(rows * columns, deviation: 3)
      let expected = (0..<rows).flatMap { reference(Array(x[$0 * columns..<($0 + 1) * columns])) }
      for isa in KernelISA.runnable {
        let found = run(rows, columns, x, isa, 1)
        #expect(meanSquareError(found, expected) <= float32Gate, "\(columns) columns, \(isa)")
      }
    }
  }

  /// The same bits on every instruction set, for every team, and for a row alone and in a batch.
  func expectOneAnswer(rows: Int = 5) {
    for columns in Self.columnCounts {
      var numbers = SeededNumbers(UInt64(columns) * 31)
      let x = numbers.normals(rows * columns, deviation: 3)
      let expected = run(rows, columns, x, .best, 1).map(\.bitPattern)
      for isa in KernelISA.runnable {
        for threads in 1...3 {
          let found = run(rows, columns, x, isa, threads).map(\.bitPattern)
          #expect(found == expected, "\(columns) columns, \(isa), \(threads) threads")
        }
      }
      let alone = (0..<rows).flatMap {
        run(1, columns, Array(x[$0 * columns..<($0 + 1) * columns]), .best, 2).map(\.bitPattern)
      }
      #expect(alone == expected, "\(columns) columns, rows alone")
    }
    #expect(run(0, 16, [], .best, 2).isEmpty)
  }
}
