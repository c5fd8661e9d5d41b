import ApusGraphs
import ApusTensors
import Testing

@Suite struct ReferenceIndexingTests {
  @Test(arguments: [[], [0], [1], [5], [2, 3]])
  func gather(_ shape: [Int]) throws {
    var random = SeededRandom(41)
    let x = random.floats([4, 3, 2])
    let indices = random.integers(shape, in: -1...4)
    let found = try evaluate([x, indices]) { $1[0].gathered($1[1]) }
    let expected = indices.integers.flatMap { index in
      (0..<6).map { 0 <= index && index < 4 ? x.floats[Int(index) * 6 + $0] : 0 }
    }
    #expect(found == HostTensor(expected, shape: shape + [3, 2]))
  }

  @Test func gatherFromNothingGivesZeros() throws {
    let x = HostTensor([Float](), shape: [0, 2])
    let found = try evaluate([x, integerTensor([0, 1])]) { $1[0].gathered($1[1]) }
    #expect(found == floatTensor([0, 0, 0, 0], [2, 2]))
  }

  @Test func gatherAlongRows() throws {
    let x = floatTensor([10, 11, 12, 20, 21, 22], [2, 3])
    let indices = integerTensor([2, 0, -1, 3, 1, 1, 0, 2], [2, 4])
    let found = try evaluate([x, indices]) { $1[0].gatheredAlongRows($1[1]) }
    #expect(found == floatTensor([12, 10, 0, 0, 21, 21, 20, 22], [2, 4]))
  }

  @Test(arguments: [[0], [1], [9], [3, 7], [2, 0], [0, 2], [4, 64]])
  func argsort(_ shape: [Int]) throws {
    var random = SeededRandom(42)
    // Few distinct values, so that equals are common.
    let x = HostTensor(random.integers(shape, in: 0...5).floats, shape: shape)
    let found = try evaluate([x]) { $1[0].argsortDescending() }
    let width = shape[shape.count - 1]
    var expected: [Int32] = []
    for row in 0..<shape.dropLast().reduce(1, *) {
      // Selection: the greatest that is left, the first of them.
      var left = Array(0..<width)
      while !left.isEmpty {
        var best = 0
        for place in left.indices
        where x.floats[row * width + left[place]] > x.floats[row * width + left[best]] {
          best = place
        }
        expected.append(Int32(left.remove(at: best)))
      }
    }
    #expect(found == HostTensor(expected, shape: shape))
  }

  @Test func argsortTakesNaNForTheLeast() throws {
    let x = floatTensor([.nan, 1, -.infinity, .infinity, .nan, -0.0, 0])
    #expect(try evaluate([x]) { $1[0].argsortDescending() }.integers == [3, 1, 5, 6, 0, 2, 4])
  }

  @Test func randomIsKeyedBySeedAndCounter() throws {
    let seeds = integerTensor([1, 2, 1, 2, 3, 2, 1, 2], [4, 2])
    let counters = integerTensor([7, 7, 7, 8])
    let values = try evaluate([seeds, counters]) { $0.random(seeds: $1[0], counters: $1[1]) }.floats
    #expect(values[0] == values[1])
    #expect(Set(values).count == 3)
    #expect(values[0] == Philox.uniform(1, 2, counter: 7))
  }
}
