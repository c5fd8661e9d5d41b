import ApusGraphs
import ApusTensors
import Testing

@Suite struct ReferenceReductionTests {
  static let cases: [([Int], Int)] = [
    ([1], 0), ([17], 0), ([0], 0), ([3, 5], 0), ([3, 5], 1), ([3, 0], 1), ([0, 3], 1),
    ([2, 7, 3], 1), ([2, 7, 3], -1), ([4, 1], 1), ([2, 301], 1),
  ]

  /// The lists of elements along an axis, in row-major order of the other axes.
  static func lanes(_ x: [Double], _ shape: [Int], _ axis: Int) -> [[Double]] {
    let at = axis < 0 ? shape.count + axis : axis
    var rest = shape
    rest[at] = 1
    return ReferenceMovementTests.indices(rest).map { index in
      (0..<shape[at]).map { place in
        var source = index
        source[at] = place
        return x[ReferenceMovementTests.place(source, shape)]
      }
    }
  }

  @Test(arguments: ReductionOperation.allCases, cases)
  func reduce(_ operation: ReductionOperation, _ example: ([Int], Int)) throws {
    let (shape, axis) = example
    var random = SeededRandom(31)
    let at = axis < 0 ? shape.count + axis : axis
    var target = shape
    target[at] = 1
    let fold: ([Double]) -> Double =
      switch operation {
      case .sum: { $0.reduce(0, +) }
      case .maximum: { $0.max() ?? -.infinity }
      case .minimum: { $0.min() ?? .infinity }
      }
    let x = random.floats(shape)
    let found = try evaluate([x]) { $1[0].reduce(operation, axis: axis) }
    let expected = Self.lanes(x.doubles, shape, axis).map(fold)
    #expect(found.shape == target)
    if operation == .sum {
      // Against the size of the terms: a sum of both signs may be near 0.
      let size = Self.lanes(x.doubles.map(abs), shape, axis).map { $0.reduce(0, +) }
      for (index, value) in found.doubles.enumerated() {
        #expect(abs(value - expected[index]) <= 1e-5 * size[index])
      }
    } else {
      #expect(found.doubles == expected)
    }

    let integers = random.integers(shape, in: -50...50)
    let whole = try evaluate([integers]) { $1[0].reduce(operation, axis: axis) }
    let exact = Self.lanes(integers.doubles, shape, axis).map(fold)
    #expect(whole.integers == HostTensor(exact.map { Float($0) }).integers)
    #expect(whole.shape == target)
  }

  @Test(arguments: cases)
  func cumulativeSum(_ shape: [Int], _ axis: Int) throws {
    var random = SeededRandom(32)
    let at = axis < 0 ? shape.count + axis : axis
    let x = random.floats(shape, in: 0...1)
    let found = try evaluate([x]) { $1[0].cumulativeSum(axis: axis) }
    let sums = Self.lanes(x.doubles, shape, at).map { lane in
      lane.indices.map { lane[...$0].reduce(0, +) }
    }
    var rest = shape
    rest[at] = 1
    let starts = ReferenceMovementTests.indices(rest)
    let expected = ReferenceMovementTests.indices(shape).map { index in
      var start = index
      start[at] = 0
      return sums[starts.firstIndex(of: start) ?? 0][index[at]]
    }
    expectClose(found, shape, expected)
  }

  @Test func meanDividesByTheSize() throws {
    let x = floatTensor([1, 2, 3, 10, 20, 30], [2, 3])
    #expect(try evaluate([x]) { $1[0].mean(axis: -1) } == floatTensor([2, 20], [2, 1]))
  }
}
