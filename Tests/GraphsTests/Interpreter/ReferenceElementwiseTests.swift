import ApusGraphs
import ApusTensors
import Foundation
import Testing

@Suite struct ReferenceElementwiseTests {
  static let shapes = [[], [0], [1], [7], [3, 5], [2, 0, 3], [1, 1, 31]]

  static func double(_ operation: UnaryOperation) -> (Double) -> Double {
    switch operation {
    case .negate: { 0 - $0 }
    case .absolute: { $0 < 0 ? 0 - $0 : $0 }
    case .exp: { Foundation.exp($0) }
    case .log: { Foundation.log($0) }
    case .sqrt: { Foundation.sqrt($0) }
    case .reciprocalSqrt: { Foundation.pow($0, -0.5) }
    case .reciprocal: { 1 / $0 }
    case .tanh: { (Foundation.exp(2 * $0) - 1) / (Foundation.exp(2 * $0) + 1) }
    case .erf: { Foundation.erf($0) }
    case .sigmoid: { 1 / (1 + Foundation.exp(-$0)) }
    case .sin: { Foundation.sin($0) }
    case .cos: { Foundation.cos($0) }
    case .floor: { Foundation.floor($0) }
    case .logicalNot: { $0 == 0 ? 1 : 0 }
    }
  }

  @Test(arguments: UnaryOperation.allCases.filter { $0 != .logicalNot }, shapes)
  func unaryOfFloats(_ operation: UnaryOperation, _ shape: [Int]) throws {
    var random = SeededRandom(11)
    let positive: Set<UnaryOperation> = [.log, .sqrt, .reciprocalSqrt, .reciprocal]
    let x = random.floats(shape, in: positive.contains(operation) ? 0.1...4 : -4...4)
    let found = try evaluate([x]) { $1[0].unary(operation) }
    expectClose(found, shape, x.doubles.map(Self.double(operation)))
  }

  @Test func unaryOfOtherTypes() throws {
    let bools = integerTensor([0, 1, 0], [3], .bool)
    let not = try evaluate([bools]) { $1[0].unary(.logicalNot) }
    #expect(not == integerTensor([1, 0, 1], [3], .bool))
    let integers = integerTensor([5, -7, .min])
    #expect(try evaluate([integers]) { -$1[0] }.integers == [-5, 7, .min])
    #expect(try evaluate([integers]) { $1[0].absolute() }.integers == [5, 7, .min])
  }

  static func double(_ operation: BinaryOperation) -> (Double, Double) -> Double {
    switch operation {
    case .add: { $0 + $1 }
    case .subtract: { $0 - $1 }
    case .multiply: { $0 * $1 }
    case .divide: { $0 / $1 }
    case .maximum: { $0 >= $1 ? $0 : $1 }
    case .minimum: { $0 <= $1 ? $0 : $1 }
    case .power: { Foundation.exp($1 * Foundation.log($0)) }
    case .remainder: { $0 - $1 * ($0 / $1).rounded(.towardZero) }
    case .equal: { $0 == $1 ? 1 : 0 }
    case .less: { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: { $0 <= $1 ? 1 : 0 }
    case .logicalAnd: { $0 * $1 }
    case .logicalOr: { $0 + $1 > 0 ? 1 : 0 }
    }
  }

  static let logical: Set<BinaryOperation> = [.logicalAnd, .logicalOr]

  @Test(arguments: BinaryOperation.allCases.filter { !logical.contains($0) }, shapes)
  func binaryOfFloats(_ operation: BinaryOperation, _ shape: [Int]) throws {
    var random = SeededRandom(12)
    let low: Float = operation == .power ? 0.2 : -3
    // Quarters, so that some are equal and remainders are exact.
    let (a, b) = (random.floats(shape, in: low...3), random.floats(shape, in: 0.3...3))
    let quarter = { (x: HostTensor) in
      HostTensor(x.floats.map { ($0 * 4).rounded(.up) / 4 }, shape: shape)
    }
    let (x, y) = (quarter(a), quarter(b))
    let found = try evaluate([x, y]) { $1[0].binary(operation, $1[1]) }
    #expect(found.dataType == (operation.isPredicate ? .bool : .float32))
    expectClose(found, shape, zip(x.doubles, y.doubles).map(Self.double(operation)))
  }

  @Test(
    arguments: BinaryOperation.allCases.filter { !logical.contains($0) && $0 != .power })
  func binaryOfIntegers(_ operation: BinaryOperation) throws {
    var random = SeededRandom(13)
    let x = random.integers([64], in: -9...9)
    let y = HostTensor(random.integers([64], in: -4...4).integers.map { $0 == 0 ? 5 : $0 })
    let found = try evaluate([x, y]) { $1[0].binary(operation, $1[1]) }
    let expected = zip(x.doubles, y.doubles).map(Self.double(operation))
    #expect(found.integers == expected.map { Int32($0) })
  }

  @Test func integersWrapAndNeverTrap() throws {
    let x = integerTensor([.max, .min, 6, .min])
    let y = integerTensor([1, -1, 0, 1])
    #expect(try evaluate([x, y]) { $1[0] + $1[1] }.integers == [.min, .max, 6, .min + 1])
    #expect(try evaluate([x, y]) { $1[0] / $1[1] }.integers == [.max, .min, 0, .min])
    #expect(
      try evaluate([x, y]) { $1[0].binary(.remainder, $1[1]) }.integers == [0, 0, 0, 0])
    let narrow = integerTensor([127, -128], [2], .int8)
    #expect(try evaluate([narrow]) { $1[0] + $1[0] }.integers == [-2, 0])
    #expect(try evaluate([narrow]) { -$1[0] }.integers == [-127, -128])
  }

  @Test func logic() throws {
    let x = integerTensor([0, 0, 1, 1], [4], .bool)
    let y = integerTensor([0, 1, 0, 1], [4], .bool)
    #expect(try evaluate([x, y]) { $1[0].binary(.logicalAnd, $1[1]) }.integers == [0, 0, 0, 1])
    #expect(try evaluate([x, y]) { $1[0].binary(.logicalOr, $1[1]) }.integers == [0, 1, 1, 1])
  }

  @Test func comparisonsWithNaNAreFalse() throws {
    let x = floatTensor([.nan, 1, .nan])
    let y = floatTensor([1, .nan, .nan])
    for operation in [BinaryOperation.equal, .less, .lessOrEqual] {
      #expect(try evaluate([x, y]) { $1[0].binary(operation, $1[1]) }.integers == [0, 0, 0])
    }
  }

  @Test func selectionBroadcasts() throws {
    let condition = integerTensor([1, 0], [2, 1], .bool)
    let a = floatTensor([1, 2, 3])
    let found = try evaluate([condition, a]) { graph, t in
      t[1].select(where: t[0], else: graph.constant(-1))
    }
    #expect(found == floatTensor([1, 2, 3, -1, -1, -1], [2, 3]))
  }

  @Test func casts() throws {
    let x = floatTensor([-1.5, 1e-9, .nan, 300, -3e9, 0, 70_000])
    let expected: [DataType: [Int32]] = [
      .bool: [1, 1, 1, 1, 1, 0, 1],
      .int8: [-1, 0, 0, 127, -128, 0, 127],
      .uint8: [0, 0, 0, 255, 0, 0, 255],
      .int32: [-1, 0, 0, 300, .min, 0, 70_000],
    ]
    for (type, values) in expected {
      #expect(
        try evaluate([x]) { $1[0].cast(type) } == HostTensor(values, shape: [7], dataType: type))
    }
    let third = floatTensor([1.0 / 3])
    #expect(try evaluate([third]) { $1[0].cast(.bfloat16) }.floats == [0.333984375])
    #expect(try evaluate([third]) { $1[0].cast(.float16) }.floats == [0.333251953125])
    let integers = integerTensor([3, -7])
    #expect(try evaluate([integers]) { $1[0].cast(.float32) } == floatTensor([3, -7]))
  }

  /// A graph that says bfloat16 computes in it: 1 + 2^-8 is 1.
  @Test func narrowFloatsAreRoundedAfterEachOperation() throws {
    let x = floatTensor([1], [1], .bfloat16)
    let y = floatTensor([0x1p-8], [1], .bfloat16)
    #expect(try evaluate([x, y]) { $1[0] + $1[1] }.floats == [1])
  }
}
