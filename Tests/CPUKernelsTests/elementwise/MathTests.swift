import ApusCPUKernels
import Foundation
import Testing

/// exp, log, tanh and the others against Double, and their bits across instruction sets.
struct MathTests {
  struct Function: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let opcode: apus_tile_opcode
    let reference: @Sendable (Double) -> Double
    let range: ClosedRange<Float>
    /// The greatest error in units of the last place of the Float result.
    let ulps: Double
  }

  static let functions = [
    Function(
      testDescription: "exp", opcode: APUS_TILE_EXP, reference: { exp($0) }, range: -87...88.7,
      ulps: 1.02),
    Function(
      testDescription: "exp, denormal", opcode: APUS_TILE_EXP, reference: { exp($0) },
      range: -103.9 ... -87, ulps: 1.02),
    Function(
      testDescription: "log", opcode: APUS_TILE_LOG, reference: { log($0) }, range: 1e-3...8,
      ulps: 0.84),
    Function(
      testDescription: "tanh", opcode: APUS_TILE_TANH, reference: { tanh($0) }, range: -10...10,
      ulps: 1.34),
    Function(
      testDescription: "erf", opcode: APUS_TILE_ERF, reference: { erf($0) }, range: -5...5,
      ulps: 1.17),
    Function(
      testDescription: "sigmoid", opcode: APUS_TILE_SIGMOID, reference: { 1 / (1 + exp(-$0)) },
      range: -87...30, ulps: 2.35),
    Function(
      testDescription: "sin", opcode: APUS_TILE_SIN, reference: { sin($0) }, range: -40...40,
      ulps: 0.501),
    Function(
      testDescription: "cos", opcode: APUS_TILE_COS, reference: { cos($0) }, range: -1e6...1e6,
      ulps: 0.501),
    Function(
      testDescription: "sin, far", opcode: APUS_TILE_SIN, reference: { sin($0) },
      range: 1e6...1e20, ulps: 0.501),
  ]

  /// Distance in units of the last place of the nearest Float.
  static func ulps(_ found: Float, _ expected: Double) -> Double {
    let rounded = Float(expected)
    if rounded == found || (rounded.isNaN && found.isNaN) { return 0 }
    return abs(Double(found) - expected) / Double(rounded.ulp)
  }

  static func samples(_ range: ClosedRange<Float>, count: Int) -> [Float] {
    var numbers = SeededNumbers(7)
    return (0..<count).map { i in
      let part = Float(i) / Float(count - 1)
      let step = Float(numbers.next() >> 40) * 0x1p-24 / Float(count)
      let width = range.upperBound - range.lowerBound
      return min(range.lowerBound + (part + step) * width, range.upperBound)
    }
  }

  @Test(arguments: functions)
  func accurate(_ function: Function) {
    let x = Self.samples(function.range, count: 20_000)
    let y = tileMap(function.opcode, [x])
    var worst = (ulps: 0.0, x: Float(0))
    for (a, b) in zip(x, y) {
      let error = Self.ulps(b, function.reference(Double(a)))
      if error > worst.ulps { worst = (error, a) }
    }
    #expect(worst.ulps <= function.ulps, "\(worst.ulps) ulp at \(worst.x)")
  }

  @Test(arguments: functions)
  func sameBitsOnEveryInstructionSet(_ function: Function) {
    let x = Self.samples(function.range, count: 1000) + [.infinity, -.infinity, .nan, 0, -0.0]
    let expected = tileMap(function.opcode, [x], isa: .scalar).map(\.bitPattern)
    for isa in KernelISA.runnable {
      let found = tileMap(function.opcode, [x], isa: isa).map(\.bitPattern)
      #expect(zip(found, expected).allSatisfy { $0 == $1 || Self.bothNaN($0, $1) }, "\(isa)")
    }
  }

  static func bothNaN(_ a: UInt32, _ b: UInt32) -> Bool {
    Float(bitPattern: a).isNaN && Float(bitPattern: b).isNaN
  }

  @Test func logOfAllSizes() {
    var numbers = SeededNumbers(8)
    let x = (0..<20_000).map { _ in
      Float(bitPattern: UInt32(truncatingIfNeeded: numbers.next()) % 0x7F80_0000)
    }
    let worst = zip(x, tileMap(APUS_TILE_LOG, [x])).map { Self.ulps($1, log(Double($0))) }.max()!
    #expect(worst <= 0.84)
  }

  @Test func specialValues() {
    let x: [Float] = [.infinity, -.infinity, .nan, 0, -0.0, 89, -104, -150, .leastNonzeroMagnitude]
    let e = tileMap(APUS_TILE_EXP, [x])
    #expect(e[0] == .infinity && e[1] == 0 && e[2].isNaN && e[3] == 1 && e[4] == 1)
    #expect(e[5] == .infinity && e[6] == 0 && e[7] == 0 && e[8] == 1)
    let l = tileMap(APUS_TILE_LOG, [x])
    #expect(l[0] == .infinity && l[1].isNaN && l[2].isNaN && l[3] == -.infinity)
    #expect(l[8] == Float(log(Double(Float.leastNonzeroMagnitude))))
    let t = tileMap(APUS_TILE_TANH, [x])
    #expect(t[0] == 1 && t[1] == -1 && t[2].isNaN && t[3] == 0 && t[8] == x[8])
    let f = tileMap(APUS_TILE_ERF, [x])
    #expect(f[0] == 1 && f[1] == -1 && f[2].isNaN && f[3] == 0)
    let s = tileMap(APUS_TILE_SIGMOID, [x])
    #expect(s[0] == 1 && s[1] == 0 && s[2].isNaN && s[3] == 0.5)
    let sine = tileMap(APUS_TILE_SIN, [x])
    #expect(sine[0].isNaN && sine[1].isNaN && sine[2].isNaN && sine[3] == 0)
  }

  @Test func powers() {
    var numbers = SeededNumbers(9)
    let n = 10_000
    let x = numbers.normals(n).map { abs($0) * 4 + 1e-3 }
    let y = numbers.normals(n, deviation: 8)
    let found = tileMap(APUS_TILE_POWER, [x, y])
    let worst = (0..<n).map { Self.ulps(found[$0], pow(Double(x[$0]), Double(y[$0]))) }.max()!
    #expect(worst <= 1)
  }

  @Test func powersOfSpecialValues() {
    let values: [Float] = [
      0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 2.5, .infinity, -.infinity, .nan, 1e30, -1e30,
    ]
    let x = values.flatMap { a in values.map { _ in a } }
    let y = values.flatMap { _ in values }
    let found = tileMap(APUS_TILE_POWER, [x, y])
    for i in x.indices {
      let expected = powf(x[i], y[i])
      #expect(
        found[i].bitPattern == expected.bitPattern || (found[i].isNaN && expected.isNaN)
          || Self.ulps(found[i], Double(expected)) <= 1, "\(x[i]) ^ \(y[i]): \(found[i])")
    }
  }
}
