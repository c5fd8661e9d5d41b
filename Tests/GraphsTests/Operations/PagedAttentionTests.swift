import ApusGraphs
import ApusTensors
import Foundation
import Testing

@Suite struct PagedAttentionTests {
  struct Layout: CustomTestStringConvertible, Sendable {
    var heads = 1
    var kvHeads = 1
    var head = 4
    var page = 4
    /// Per request: the positions of its tokens in this step.
    var requests: [[Int32]]
    var testDescription: String { "\(heads)/\(kvHeads)x\(head), page \(page), \(requests)" }
  }

  static let layouts = [
    Layout(requests: []),
    Layout(requests: [[0]]),
    Layout(heads: 4, kvHeads: 4, head: 3, page: 1, requests: [[0, 1, 2]]),
    Layout(heads: 6, kvHeads: 2, head: 8, page: 4, requests: [[3], [4], [5]]),
    Layout(heads: 8, kvHeads: 1, head: 5, page: 16, requests: [[0, 1, 2, 3, 4], [40]]),
    Layout(heads: 4, kvHeads: 2, head: 16, page: 4, requests: [[7, 8, 9], [15], [16, 17], [0]]),
  ]

  /// Pages are dealt out of order, with one unused page between; whatever no token may see is NaN.
  static func pages(
    _ layout: Layout, _ random: inout SeededRandom
  ) -> (table: [[Int32]], keys: HostTensor, values: HostTensor) {
    let counts = layout.requests.map { Int($0.max() ?? -1) / layout.page + 1 }
    let total = counts.reduce(0, +)
    var order = Array(0..<Int32(total + 1)).shuffled(using: &random)
    let table = counts.map { count in (0..<count).map { _ in order.removeLast() } }
    let shape = [total + 1, layout.kvHeads, layout.page, layout.head]
    var keys = [Float](repeating: .nan, count: shape.reduce(1, *))
    var values = keys
    for (request, positions) in layout.requests.enumerated() {
      for position in 0...Int(positions.max() ?? 0) {
        for head in 0..<layout.kvHeads {
          let page = Int(table[request][position / layout.page])
          let start =
            ((page * layout.kvHeads + head) * layout.page + position % layout.page) * layout.head
          for index in start..<start + layout.head {
            keys[index] = Float.random(in: -2...2, using: &random)
            values[index] = Float.random(in: -2...2, using: &random)
          }
        }
      }
    }
    return (table, HostTensor(keys, shape: shape), HostTensor(values, shape: shape))
  }

  @Test(arguments: layouts)
  func attends(_ layout: Layout) throws {
    var random = SeededRandom(91)
    let (table, keys, values) = Self.pages(layout, &random)
    let positions = layout.requests.flatMap { $0 }
    let requestOfToken = layout.requests.indices.flatMap { request in
      layout.requests[request].map { _ in Int32(request) }
    }
    let query = random.floats([positions.count, layout.heads, layout.head])
    let width = (table.map(\.count).max() ?? 0) + 1
    let padded = table.flatMap { $0 + [Int32](repeating: 0, count: width - $0.count) }
    let scale: Float = 0.7
    let found = try evaluate([
      query, keys, values, HostTensor(positions), HostTensor(requestOfToken),
      HostTensor(padded, shape: [table.count, width]),
    ]) { graph, t in
      t[0].pagedAttention(
        keys: t[1], values: t[2], positions: t[3], requestOfToken: t[4], pageTable: t[5],
        scale: scale)
    }
    let (queries, keyed, valued) = (query.doubles, keys.doubles, values.doubles)
    var expected: [Double] = []
    for (token, position) in positions.enumerated() {
      for head in 0..<layout.heads {
        let q = (token * layout.heads + head) * layout.head
        let starts = (0...Int(position)).map { place in
          let page = Int(table[Int(requestOfToken[token])][place / layout.page])
          let kvHead = head / (layout.heads / layout.kvHeads)
          return ((page * layout.kvHeads + kvHead) * layout.page + place % layout.page)
            * layout.head
        }
        let weights = starts.map { start in
          let product = (0..<layout.head).reduce(0.0) {
            $0 + queries[q + $1] * keyed[start + $1]
          }
          return exp(product * Double(scale))
        }
        let total = weights.reduce(0, +)
        for index in 0..<layout.head {
          let sum = zip(starts, weights).reduce(0.0) { $0 + $1.1 * valued[$1.0 + index] }
          expected.append(sum / total)
        }
      }
    }
    expectClose(found, query.shape, expected)
  }

  @Test func refusals() {
    let tokens = Dim.symbol("tokens")
    let query = TensorType(.float32, [tokens, 6, 8])
    let pages = TensorType(.float32, [.symbol("cachePages"), 2, 16, 8])
    let rows = TensorType(.int32, [tokens])
    let table = TensorType(.int32, [.symbol("requests"), .symbol("pages")])
    let good = [query, pages, pages, rows, rows, table]
    let attention = PagedAttention(scale: 1)
    #expect((try? attention.resultType(of: good)) == query)
    let refusals: [(Int, TensorType, String)] = [
      (0, TensorType(.float32, [tokens, 48]), "expected a query float32 [tokens, heads, head]"),
      (0, TensorType(.float32, [tokens, 5, 8]), "5 heads do not share 2 key-value heads"),
      (
        0, TensorType(.float32, [tokens, 6, 4]),
        "expected keys float32 [pages, kvHeads, pageSize, 4]"
      ),
      (1, TensorType(.float32, [9, 0, 16, 8]), "6 heads do not share 0 key-value heads"),
      (2, TensorType(.float32, [9, 2, 16, 8]), "expected values"),
      (3, TensorType(.int32, [3]), "expected positions int32[tokens], found int32[3]"),
      (4, TensorType(.float32, [tokens]), "expected request of token int32[tokens]"),
      (5, rows, "expected a page table int32 [requests, pagesPerRequest]"),
    ]
    for (index, type, message) in refusals {
      var operands = good
      operands[index] = type
      #expect {
        try attention.resultType(of: operands)
      } throws: {
        "\($0)".contains(message)
      }
    }
  }
}
