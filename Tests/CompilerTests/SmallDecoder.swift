import ApusCompiler
import ApusGraphs
import ApusTensors

/// A decoder of two Llama layers built by hand, with a paged cache, and steps to run it with.
struct SmallDecoder {
  static let hidden = 32
  static let heads = 4
  static let kvHeads = 2
  static let head = 8
  static let inner = 48
  static let vocabulary = 50
  static let pageSize = 4
  static let bounds = [
    "tokens": 16, "requests": 3, "pagesPerRequest": 4, "outputs": 4, "cachePages": 8,
  ]

  let graph = Graph(name: "small decoder")
  private(set) var weights = ArrayWeights()
  let format: StorageFormat
  let cacheFormat: StorageFormat
  private var numbers = SeededNumbers(11)

  init(
    format: StorageFormat = .float32, cacheFormat: StorageFormat = .float32, layers: Int = 2
  ) {
    self.format = format
    self.cacheFormat = cacheFormat
    build(layers: layers)
  }

  private mutating func weight(_ name: String, _ shape: [Int], scale: Float) -> Weight {
    var values = numbers.floats(shape.reduce(1, *), scale: scale)
    let stored = shape.count == 1 ? StorageFormat.float32 : format
    if stored == .bfloat16 { values = values.map { Float(BFloat16($0)) } }
    if shape.count == 1 { values = values.map { 1 + $0 } }
    weights.values[name] = values
    return Weight(name: name, shape: shape, format: stored)
  }

  private mutating func build(layers: Int) {
    let outputs = Dim.symbol("outputs")
    let (positions, requests) = (
      graph.input("positions", .int32, [tokens]), graph.input("request_of_token", .int32, [tokens])
    )
    let slots = graph.input("slots", .int32, [tokens])
    let table = graph.input(
      "page_table", .int32, [.symbol("requests"), .symbol("pagesPerRequest")])
    let embedding = weight("embedding", [Self.vocabulary, Self.hidden], scale: 1)
    var x = graph.embedding(weight: embedding, ids: graph.input("token_ids", .int32, [tokens]))
    // Inverse frequencies are built in the graph and folded at load.
    let exponents =
      graph.iota([Dim(Self.head / 2)], axis: 0).cast(.float32) * (-2 / Float(Self.head))
    let frequencies = graph.constant(10000).broadcast(to: exponents.shape)
      .binary(.power, exponents)
    for layer in 0..<layers {
      let normal = x.rmsNormalized(
        weight: graph.weight(weight("\(layer).norm", [Self.hidden], scale: 0.2)), epsilon: 1e-5)
      let q = projected(normal, weight("\(layer).q", [32, 32], scale: 0.6), Self.heads)
        .rotated(positions: positions, inverseFrequencies: frequencies, pairing: .halves)
      let k = projected(normal, weight("\(layer).k", [16, 32], scale: 0.6), Self.kvHeads)
        .rotated(positions: positions, inverseFrequencies: frequencies, pairing: .halves)
      let v = projected(normal, weight("\(layer).v", [16, 32], scale: 0.6), Self.kvHeads)
      let (keys, values) = (state("\(layer).keys"), state("\(layer).values"))
      k.store(in: keys, slots: slots)
      v.store(in: values, slots: slots)
      let attended = q.pagedAttention(
        keys: graph.read(keys), values: graph.read(values), positions: positions,
        requestOfToken: requests, pageTable: table, scale: 0.35)
      x =
        x
        + attended.reshaped([tokens, Dim(Self.hidden)])
        .linear(weight("\(layer).o", [32, 32], scale: 0.4))
      let second = x.rmsNormalized(
        weight: graph.weight(weight("\(layer).norm2", [Self.hidden], scale: 0.2)), epsilon: 1e-5)
      let gate = second.linear(weight("\(layer).gate", [Self.inner, 32], scale: 0.4))
      let up = second.linear(weight("\(layer).up", [Self.inner, 32], scale: 0.4))
      let down = weight("\(layer).down", [32, Self.inner], scale: 0.3)
      x = x + gate.gated(up: up, kind: .silu).linear(down)
    }
    let rows = x.gathered(graph.input("output_rows", .int32, [outputs]))
    let last = rows.rmsNormalized(
      weight: graph.weight(weight("norm", [Self.hidden], scale: 0.2)), epsilon: 1e-5)
    let logits = last.linear(weight("head", [Self.vocabulary, Self.hidden], scale: 0.5))
    graph.output("logits", logits)
    graph.output(
      "sampled",
      logits.sampled(
        temperature: graph.input("temperature", .float32, [outputs]),
        topK: graph.input("top_k", .int32, [outputs]),
        topP: graph.input("top_p", .float32, [outputs]),
        minP: graph.input("min_p", .float32, [outputs]),
        seeds: graph.input("seeds", .int32, [outputs, 2]),
        counters: graph.input("draw_positions", .int32, [outputs])))
  }

  private func projected(_ x: Tensor, _ weight: Weight, _ heads: Int) -> Tensor {
    x.linear(weight).reshaped([tokens, Dim(heads), Dim(Self.head)])
  }

  private func state(_ name: String) -> PagedState {
    PagedState(
      name: name, pages: .symbol("cachePages"), heads: Self.kvHeads, pageSize: Self.pageSize,
      headSize: Self.head, format: cacheFormat)
  }

  // MARK: Steps

  /// One step: for each request its number, the ids to add and how many it has already.
  struct Step {
    var requests: [(request: Int, ids: [Int32], start: Int)]
    var temperature: Float = 0

    /// Pages of request r are 2r + 1, 2r + 2, ... backwards, so that order matters.
    func inputs() -> [String: HostTensor] {
      let pages = 4
      var (ids, positions, requestOfToken, slots, rows) = (
        [Int32](), [Int32](), [Int32](), [Int32](), [Int32]()
      )
      var table: [Int32] = []
      for (row, entry) in requests.enumerated() {
        let owned = Self.pages(entry.request)
        table += owned + Array(repeating: 0, count: pages - owned.count)
        for (offset, id) in entry.ids.enumerated() {
          let position = entry.start + offset
          ids.append(id)
          positions.append(Int32(position))
          requestOfToken.append(Int32(row))
          slots.append(
            owned[position / SmallDecoder.pageSize] * Int32(SmallDecoder.pageSize)
              + Int32(position % SmallDecoder.pageSize))
        }
        rows.append(Int32(ids.count - 1))
      }
      let n = rows.count
      func floats(_ value: Float) -> HostTensor {
        HostTensor(Array(repeating: value, count: n), shape: [n])
      }
      return [
        "token_ids": HostTensor(ids, shape: [ids.count]),
        "positions": HostTensor(positions, shape: [ids.count]),
        "request_of_token": HostTensor(requestOfToken, shape: [ids.count]),
        "slots": HostTensor(slots, shape: [ids.count]),
        "page_table": HostTensor(table, shape: [n, pages]),
        "output_rows": HostTensor(rows, shape: [n]), "temperature": floats(temperature),
        "top_p": floats(0.9), "min_p": floats(0),
        "top_k": HostTensor(Array(repeating: Int32(20), count: n), shape: [n]),
        "seeds": HostTensor((0..<Int32(2 * n)).map { $0 &* 1_234_567_891 }, shape: [n, 2]),
        "draw_positions": HostTensor(
          requests.map { Int32($0.start + $0.ids.count) }, shape: [n]),
      ]
    }

    private static func pages(_ request: Int) -> [Int32] { request == 0 ? [5, 2, 7] : [1, 6] }

    var symbols: [String: Int] {
      [
        "tokens": requests.map(\.ids.count).reduce(0, +), "requests": requests.count,
        "pagesPerRequest": 4, "outputs": requests.count, "cachePages": 8,
      ]
    }
  }

  /// Prefill of two requests, one of them in two parts, then decodes.
  static let steps: [Step] = [
    Step(requests: [(0, [3, 14, 15, 9, 2, 6], 0)]),
    Step(requests: [(0, [5, 35], 6), (1, [8, 9, 7, 9, 3], 0)]),
    Step(requests: [(0, [23], 8), (1, [8], 5)], temperature: 0.8),
    Step(requests: [(1, [46], 6), (0, [26], 9)], temperature: 1.5),
    Step(requests: [(0, [43], 10)]),
  ]
}
