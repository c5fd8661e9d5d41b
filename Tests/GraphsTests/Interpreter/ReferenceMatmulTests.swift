import ApusGraphs
import ApusTensors
import Testing

@Suite struct ReferenceMatmulTests {
  /// batch, m, k, n
  static let sizes: [[Int]] = [
    [1, 1, 1, 1], [1, 0, 3, 2], [1, 2, 0, 3], [1, 2, 3, 0], [0, 2, 3, 4], [1, 1, 64, 7],
    [1, 5, 33, 4], [3, 2, 17, 9], [2, 4, 8, 3],
  ]

  @Test(arguments: sizes, [false, true])
  func matmul(_ size: [Int], _ transposeRight: Bool) throws {
    let (batch, m, k, n) = (size[0], size[1], size[2], size[3])
    var random = SeededRandom(51)
    let a = random.floats([batch, m, k])
    let b = random.floats(transposeRight ? [batch, n, k] : [batch, k, n])
    let found = try evaluate([a, b]) { $1[0].matmul($1[1], transposeRight: transposeRight) }
    let (left, right) = (a.doubles, b.doubles)
    var expected: [Double] = []
    for t in 0..<batch {
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          for p in 0..<k {
            let place = transposeRight ? (t * n + j) * k + p : (t * k + p) * n + j
            sum += left[(t * m + i) * k + p] * right[place]
          }
          expected.append(sum)
        }
      }
    }
    expectClose(found, [batch, m, n], expected)
  }

  /// What is sampled must not depend on the rows beside it.
  @Test func aRowIsTheSameWhateverIsBesideIt() throws {
    var random = SeededRandom(52)
    let weight = random.floats([13, 40])
    let rows = random.floats([6, 40])
    let all = try evaluate([rows, weight]) { $1[0].matmul($1[1], transposeRight: true) }
    for row in 0..<6 {
      let one = HostTensor(Array(rows.floats[row * 40..<(row + 1) * 40]), shape: [1, 40])
      let alone = try evaluate([one, weight]) { $1[0].matmul($1[1], transposeRight: true) }
      #expect(alone.floats == Array(all.floats[row * 13..<(row + 1) * 13]))
    }
  }
}
