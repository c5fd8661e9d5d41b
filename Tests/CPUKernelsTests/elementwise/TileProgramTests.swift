import ApusCPUKernels
import Foundation
import Testing

struct TileProgramTests {
  struct Operation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let opcode: apus_tile_opcode
    let operands: Int
    let reference: @Sendable ([Double]) -> Double
  }

  static func operation(
    _ name: String, _ opcode: apus_tile_opcode, _ operands: Int,
    _ reference: @escaping @Sendable ([Double]) -> Double
  ) -> Operation {
    Operation(testDescription: name, opcode: opcode, operands: operands, reference: reference)
  }

  static let everyOperation: [Operation] = [
    operation("negate", APUS_TILE_NEGATE, 1) { -$0[0] },
    operation("absolute", APUS_TILE_ABSOLUTE, 1) { abs($0[0]) },
    operation("sqrt", APUS_TILE_SQRT, 1) { $0[0].squareRoot() },
    operation("reciprocal sqrt", APUS_TILE_RECIPROCAL_SQRT, 1) { 1 / $0[0].squareRoot() },
    operation("reciprocal", APUS_TILE_RECIPROCAL, 1) { 1 / $0[0] },
    operation("floor", APUS_TILE_FLOOR, 1) { $0[0].rounded(.down) },
    operation("truncate", APUS_TILE_TRUNCATE, 1) { $0[0].rounded(.towardZero) },
    operation("not", APUS_TILE_NOT, 1) { $0[0] == 0 ? 1 : 0 },
    operation("add", APUS_TILE_ADD, 2) { $0[0] + $0[1] },
    operation("subtract", APUS_TILE_SUBTRACT, 2) { $0[0] - $0[1] },
    operation("multiply", APUS_TILE_MULTIPLY, 2) { $0[0] * $0[1] },
    operation("divide", APUS_TILE_DIVIDE, 2) { $0[0] / $0[1] },
    operation("maximum", APUS_TILE_MAXIMUM, 2) { $0[0] > $0[1] ? $0[0] : $0[1] },
    operation("minimum", APUS_TILE_MINIMUM, 2) { $0[0] < $0[1] ? $0[0] : $0[1] },
    operation("remainder", APUS_TILE_REMAINDER, 2) { fmod($0[0], $0[1]) },
    operation("equal", APUS_TILE_EQUAL, 2) { $0[0] == $0[1] ? 1 : 0 },
    operation("less", APUS_TILE_LESS, 2) { $0[0] < $0[1] ? 1 : 0 },
    operation("less or equal", APUS_TILE_LESS_OR_EQUAL, 2) { $0[0] <= $0[1] ? 1 : 0 },
    operation("and", APUS_TILE_AND, 2) { $0[0] != 0 && $0[1] != 0 ? 1 : 0 },
    operation("or", APUS_TILE_OR, 2) { $0[0] != 0 || $0[1] != 0 ? 1 : 0 },
    operation("select", APUS_TILE_SELECT, 3) { $0[0] != 0 ? $0[1] : $0[2] },
  ]

  static func operands(_ count: Int, _ n: Int) -> [[Float]] {
    var numbers = SeededNumbers(41)
    let special: [Float] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan, 2.5, -2.5, 1e30]
    return (0..<count).map { i in
      var values = numbers.normals(n, deviation: 4)
      for j in 0..<n where j % 3 == 0 {
        values[j] = special[(j / 3 / (i == 0 ? 1 : i == 1 ? 10 : 7)) % special.count]
      }
      return values
    }
  }

  /// Half a unit in the last place: these are the correctly rounded operations.
  @Test(arguments: TileProgramTests.everyOperation)
  func agreesWithDouble(operation: Operation) {
    let n = 1003
    let x = Self.operands(operation.operands, n)
    for isa in KernelISA.runnable {
      let found = tileMap(operation.opcode, x, isa: isa)
      for i in 0..<n {
        let expected = operation.reference(x.map { Double($0[i]) })
        // 1 / sqrt rounds twice.
        let limit = operation.opcode == APUS_TILE_RECIPROCAL_SQRT ? 1.5 : 0.5
        #expect(MathTests.ulps(found[i], expected) <= limit, "\(x.map { $0[i] }), \(isa)")
      }
    }
  }

  // MARK: Places

  /// Elements do not depend on their place, the team or the instruction set.
  @Test func placesDoNotMatter() {
    var numbers = SeededNumbers(42)
    let x = numbers.normals(1003, deviation: 3)
    let expected = tileMap(APUS_TILE_SIGMOID, [x]).map(\.bitPattern)
    for shift in [1, 5, 16, 255, 257] {
      let moved = tileMap(APUS_TILE_SIGMOID, [Array(x[shift...])], threads: 3)
      #expect(moved.map(\.bitPattern) == Array(expected[shift...]))
    }
    for isa in KernelISA.runnable {
      #expect(tileMap(APUS_TILE_SIGMOID, [x], isa: isa, threads: 2).map(\.bitPattern) == expected)
    }
  }

  /// A transposing, broadcasting sum over three outer dimensions: strides of every kind.
  @Test func strides() {
    let (a, b, c, n) = (2, 3, 4, 19)
    var numbers = SeededNumbers(43)
    let x = numbers.normals(a * b * c * n)  // as [n, c, b, a]
    let bias = numbers.normals(n)
    let rows = numbers.normals(b)
    let out = KernelBuffer([Float](repeating: .nan, count: a * b * c * n))
    let program = KernelTileProgram(
      [
        [
          tile(APUS_TILE_LOAD, 0, 0), tile(APUS_TILE_LOAD, 1, 1), tile(APUS_TILE_LOAD, 2, 2),
          tile(APUS_TILE_ADD, 0, 0, 1), tile(APUS_TILE_ADD, 0, 0, 2),
          tile(APUS_TILE_COLUMN, 1), tile(APUS_TILE_CONSTANT, 2, immediate: 0.5),
          tile(APUS_TILE_MULTIPLY, 1, 1, 2), tile(APUS_TILE_ADD, 0, 0, 1),
          tile(APUS_TILE_STORE, 0, 3, 0),
        ]
      ],
      operands: [
        .init(buffer: 0, strides: [1, a, a * b, a * b * c]),
        .init(buffer: 1, strides: [0, 0, 0, 1]), .init(buffer: 2, strides: [0, 1, 0, 0]),
        .init(buffer: 3, strides: [b * c * n, c * n, n, 1]),
      ])
    for threads in 1...3 {
      unsafe KernelHarness.run(
        apus_tile_loop, [KernelBuffer(x), KernelBuffer(bias), KernelBuffer(rows), out],
        sizes: [a, b, c, n], program: program, threads: threads)
      let found = out.floats
      for i in 0..<a * b * c * n {
        let (l, k, j, h) = (i % n, i / n % c, i / n / c % b, i / n / c / b)
        #expect(found[i] == x[((l * c + k) * b + j) * a + h] + bias[l] + rows[j] + Float(l) * 0.5)
      }
    }
  }

  // MARK: Element types

  /// Loads of `type` and back, contiguous and strided.
  static func copy(
    _ buffer: KernelBuffer, _ from: apus_element_type, _ to: apus_element_type, count: Int,
    step: Int, into out: KernelBuffer, isa: KernelISA
  ) {
    let program = KernelTileProgram(
      [[tile(APUS_TILE_LOAD, 0, 0), tile(APUS_TILE_STORE, 0, 1, 0)]],
      operands: [
        .init(buffer: 0, type: from, strides: [0, 0, 0, step]),
        .init(buffer: 1, type: to, strides: [0, 0, 0, step]),
      ])
    unsafe KernelHarness.run(
      apus_tile_loop, [buffer, out], sizes: [1, 1, 1, count], program: program, isa: isa)
  }

  @Test(arguments: KernelISA.runnable)
  func integers(isa: KernelISA) {
    let x: [Int32] = [0, 1, -1, 16_777_216, -16_777_215, 7, .min, 12_345] + Array(-20..<20)
    let out = KernelBuffer([Int32](repeating: 5, count: x.count))
    Self.copy(
      KernelBuffer(x), APUS_INT32, APUS_INT32, count: x.count, step: 1, into: out, isa: isa)
    #expect(out.values() == x)
    let floats: [Float] = [1.9, -1.9, 3e9, -3e9, .nan, .infinity, 0.5, -0.5]
    let integers = KernelBuffer([Int32](repeating: 5, count: floats.count))
    Self.copy(
      KernelBuffer(floats), APUS_FLOAT32, APUS_INT32, count: floats.count, step: 1,
      into: integers, isa: isa)
    #expect(integers.values() == [1, -1, .max, .min, .min, .max, 0, 0] as [Int32])
    let bools = KernelBuffer([UInt8](repeating: 5, count: floats.count))
    Self.copy(
      KernelBuffer([0, -0.0, 2, .nan, -1, 0, 1, 0] as [Float]), APUS_FLOAT32, APUS_BOOL8,
      count: 8, step: 1, into: bools, isa: isa)
    #expect(bools.values() == [0, 0, 1, 1, 1, 0, 1, 0] as [UInt8])
  }

  @Test(arguments: KernelISA.runnable)
  func halves(isa: KernelISA) {
    // Every float16 and its like of bfloat16, widened, and narrowed back.
    let words = (0..<65_536).map { UInt16($0) }
    for type in [APUS_FLOAT16, APUS_BFLOAT16] {
      for step in [1, 2] {
        let count = words.count / step
        let wide = KernelBuffer([Float](repeating: 0, count: words.count))
        Self.copy(
          KernelBuffer(words), type, APUS_FLOAT32, count: count, step: step, into: wide, isa: isa)
        let back = KernelBuffer(words)
        Self.copy(wide, APUS_FLOAT32, type, count: count, step: step, into: back, isa: isa)
        let floats = wide.floats
        let found: [UInt16] = back.values()
        var wrong = 0
        for i in stride(from: 0, to: words.count, by: step) {
          let expected =
            type == APUS_FLOAT16
            ? Float(Float16(bitPattern: words[i])) : Float(bitPattern: UInt32(words[i]) << 16)
          let same = expected.isNaN ? floats[i].isNaN : floats[i] == expected
          let returned = expected.isNaN ? true : found[i] == words[i]
          if !same || !returned { wrong += 1 }
        }
        #expect(wrong == 0, "\(type), step \(step)")
      }
    }
  }

  // MARK: Reductions

  /// Softmax in three stages, then the row's maximum and minimum stored.
  @Test(arguments: [1, 15, 16, 17, 255, 256, 257, 1000])
  func reductions(columns: Int) {
    let rows = 5
    var numbers = SeededNumbers(44)
    let x = numbers.normals(rows * columns, deviation: 3)
    let all = [columns, 0, 0, 1]
    let program = KernelTileProgram(
      [
        [
          tile(APUS_TILE_LOAD, 0, 0), tile(APUS_TILE_REDUCE_MAXIMUM, 0, 0),
          tile(APUS_TILE_REDUCE_MINIMUM, 1, 0),
        ],
        [
          tile(APUS_TILE_LOAD, 0, 0), tile(APUS_TILE_SPLAT, 1, 0),
          tile(APUS_TILE_SUBTRACT, 0, 0, 1), tile(APUS_TILE_EXP, 0, 0),
          tile(APUS_TILE_STORE, 0, 1, 0), tile(APUS_TILE_REDUCE_SUM, 2, 0),
        ],
        [
          tile(APUS_TILE_LOAD, 0, 1), tile(APUS_TILE_SPLAT, 1, 2),
          tile(APUS_TILE_DIVIDE, 0, 0, 1), tile(APUS_TILE_STORE, 0, 1, 0),
          tile(APUS_TILE_SPLAT, 3, 1), tile(APUS_TILE_STORE, 0, 2, 3),
        ],
      ],
      operands: [
        .init(buffer: 0, strides: all), .init(buffer: 1, strides: all),
        .init(buffer: 2, strides: all),
      ])
    var first: [UInt32]?
    for isa in KernelISA.runnable {
      for threads in 1...3 {
        let y = KernelBuffer(x)
        let low = KernelBuffer(x)
        unsafe KernelHarness.run(
          apus_tile_loop, [KernelBuffer(x), y, low], sizes: [rows, 1, 1, columns],
          program: program, isa: isa, threads: threads)
        let expected = (0..<rows).flatMap {
          SoftmaxTests.kernel.reference(Array(x[$0 * columns..<($0 + 1) * columns]))
        }
        #expect(meanSquareError(y.floats, expected) <= float32Gate)
        for row in 0..<rows {
          let least = x[row * columns..<(row + 1) * columns].min()
          #expect(low.floats[row * columns + columns - 1] == least)
        }
        if first == nil { first = y.bits }
        #expect(y.bits == first, "\(isa), \(threads) threads")
      }
    }
    #expect(first == SoftmaxTests.kernel.run(rows, columns, x, .best, 1).map(\.bitPattern))
  }

  @Test func nothingToDo() {
    #expect(tileMap(APUS_TILE_EXP, [[]], threads: 2).isEmpty)
  }

  // MARK: Epilogues

  /// Bias, SiLU and residual in place over a part of a matrix; the rest stays as it is.
  @Test(arguments: KernelISA.runnable)
  func epilogue(isa: KernelISA) {
    let (rows, columns) = (6, 75)
    var numbers = SeededNumbers(45)
    let x = numbers.normals(rows * columns)
    let bias = numbers.normals(columns)
    let residual = numbers.normals(rows * columns)
    let matrix = [0, 0, columns, 1]
    let program = KernelTileProgram(
      [
        [
          tile(APUS_TILE_LOAD, 0, 0), tile(APUS_TILE_LOAD, 1, 1), tile(APUS_TILE_ADD, 0, 0, 1),
          tile(APUS_TILE_SIGMOID, 1, 0), tile(APUS_TILE_MULTIPLY, 0, 0, 1),
          tile(APUS_TILE_LOAD, 1, 2), tile(APUS_TILE_ADD, 0, 0, 1), tile(APUS_TILE_STORE, 0, 0, 0),
        ]
      ],
      operands: [
        .init(buffer: 0, strides: matrix), .init(buffer: 1, strides: [0, 0, 0, 1]),
        .init(buffer: 2, strides: matrix),
      ])
    let out = KernelBuffer(x)
    let buffers = [out, KernelBuffer(bias), KernelBuffer(residual)]
    var addresses: [UnsafeMutableRawPointer?] = unsafe buffers.map { unsafe $0.address }
    unsafe apus_tile_program_run(program.pointer, &addresses, isa.rawValue, 1, 5, 10, 74)
    #expect(out.isIntact)
    let found = out.floats
    for row in 0..<rows {
      for column in 0..<columns {
        let i = row * columns + column
        guard (1..<5).contains(row), (10..<74).contains(column) else {
          #expect(found[i] == x[i])
          continue
        }
        let a = Double(x[i]) + Double(bias[column])
        let expected = a / (1 + exp(-a)) + Double(residual[i])
        #expect(abs(Double(found[i]) - expected) < 2e-6)
      }
    }
    _ = buffers
  }
}
