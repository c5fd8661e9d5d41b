import ApusGraphs
import ApusTensors
import Testing

/// Movement is judged by index arithmetic: where each element of the result must come from.
@Suite struct ReferenceMovementTests {
  /// Every index of a shape, in row-major order.
  static func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { prefixes, size in
      prefixes.flatMap { prefix in (0..<size).map { prefix + [$0] } }
    }
  }

  static func place(_ index: [Int], _ shape: [Int]) -> Int {
    zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
  }

  static let permutations: [([Int], [Int])] = [
    ([], []), ([4], [0]), ([3, 5], [1, 0]), ([2, 3, 4], [2, 0, 1]), ([2, 3, 4], [0, 2, 1]),
    ([1, 3, 1, 2], [3, 2, 1, 0]), ([2, 0, 3], [1, 2, 0]), ([2, 3, 2, 2, 3], [0, 2, 1, 3, 4]),
  ]

  @Test(arguments: permutations)
  func permute(_ shape: [Int], _ axes: [Int]) throws {
    var random = SeededRandom(21)
    let x = random.floats(shape)
    let target = axes.map { shape[$0] }
    let expected = Self.indices(target).map { index in
      var source = index
      for (axis, from) in axes.enumerated() { source[from] = index[axis] }
      return x.floats[Self.place(source, shape)]
    }
    #expect(try evaluate([x]) { $1[0].permuted(axes) } == HostTensor(expected, shape: target))
  }

  static let broadcasts: [([Int], [Int])] = [
    ([], [3]), ([], [2, 0]), ([1], [4]), ([3], [2, 3]), ([3, 1], [3, 4]), ([1, 4], [3, 4]),
    ([2, 1, 3], [5, 2, 4, 3]), ([1, 1], [1, 1]), ([1], [0]), ([2, 1], [2, 0]),
  ]

  @Test(arguments: broadcasts)
  func broadcast(_ shape: [Int], _ target: [Int]) throws {
    var random = SeededRandom(22)
    let x = random.integers(shape, in: -99...99)
    let expected = Self.indices(target).map { index in
      let tail = Array(index.suffix(shape.count))
      return x.integers[Self.place(zip(tail, shape).map { $1 == 1 ? 0 : $0 }, shape)]
    }
    let found = try evaluate([x]) { $1[0].broadcast(to: Shape(target)) }
    #expect(found == HostTensor(expected, shape: target))
  }

  static let slices: [([Int], Int, Int, Int)] = [
    ([5], 0, 1, 3), ([5], 0, 5, 0), ([5], 0, 0, 0), ([3, 4], 0, 1, 2), ([3, 4], 1, 3, 1),
    ([2, 3, 4], 1, 1, 2), ([0, 4], 1, 1, 2), ([2, 3, 4], -1, 0, 2),
  ]

  @Test(arguments: slices)
  func slice(_ shape: [Int], _ axis: Int, _ start: Int, _ count: Int) throws {
    var random = SeededRandom(23)
    let x = random.floats(shape)
    let at = axis < 0 ? shape.count + axis : axis
    var target = shape
    target[at] = count
    let expected = Self.indices(target).map { index in
      var source = index
      source[at] += start
      return x.floats[Self.place(source, shape)]
    }
    let found = try evaluate([x]) { $1[0].sliced(axis: axis, start: start, count: Dim(count)) }
    #expect(found == HostTensor(expected, shape: target))
  }

  @Test(arguments: [0, 1, 2, -1])
  func concatenate(_ axis: Int) throws {
    var random = SeededRandom(24)
    let at = axis < 0 ? 3 + axis : axis
    let parts = [3, 0, 1, 2].map { size in
      var shape = [2, 2, 2]
      shape[at] = size
      return random.floats(shape)
    }
    var target = [2, 2, 2]
    target[at] = 6
    let expected = Self.indices(target).map { index in
      var source = index
      var part = 0
      while source[at] >= parts[part].shape[at] {
        source[at] -= parts[part].shape[at]
        part += 1
      }
      return parts[part].floats[Self.place(source, parts[part].shape)]
    }
    let found = try evaluate(parts) { Tensor.concatenated($1, axis: axis) }
    #expect(found == HostTensor(expected, shape: target))
  }

  @Test func reshapeKeepsTheOrder() throws {
    var random = SeededRandom(25)
    let x = random.floats([2, 6])
    #expect(
      try evaluate([x]) { $1[0].reshaped([3, 1, 4]) } == HostTensor(x.floats, shape: [3, 1, 4]))
  }

  @Test(arguments: [([3], 0), ([2, 3], 0), ([2, 3], 1), ([2, 0], 1), ([2, 3, 2], -2)])
  func iota(_ shape: [Int], _ axis: Int) throws {
    let at = axis < 0 ? shape.count + axis : axis
    let found = try evaluate([]) { graph, _ in graph.iota(Shape(shape), axis: axis) }
    #expect(
      found == HostTensor(Self.indices(shape).map { Int32($0[at]) }, shape: shape))
  }
}
