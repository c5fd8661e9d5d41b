import ApusCheckpoints
import ApusGraphs
import ApusLayers
import ApusTensors
import Testing

/// Layers over placeholder weights: shapes, shards, and what a mistake leads to.
@Suite struct LayerShapeTests {
  let weights = Weights.placeholder(format: .float32)

  private func input(_ graph: Graph, _ columns: Int) -> Tensor {
    graph.input("x", .float32, [.symbol("tokens"), Dim(columns)])
  }

  @Test func linearNamesItsWeightAndBias() throws {
    let linear = try Linear(weights["layers"][3]["q_proj"], in: 8, out: 12, bias: true)
    let graph = Graph(name: "linear")
    let y = linear(input(graph, 8))
    #expect(y.shape == [.symbol("tokens"), 12])
    #expect(
      graph.weights.map(\.name) == ["layers.3.q_proj.weight", "layers.3.q_proj.bias"])
  }

  @Test func columnsDivideOutputsAndBias() throws {
    let rank = weights.sharded(rank: 1, of: 2)
    let linear = try Linear(rank["q"], in: 8, out: 12, bias: true, shard: .columns)
    #expect(linear.weight.shape == [6, 8])
    #expect(linear.bias?.shape == [6])
    #expect(linear.outputs == 6)
  }

  @Test func rowsDivideInputsAndAddTheBiasOnce() throws {
    let rank = weights.sharded(rank: 1, of: 2)
    let linear = try Linear(rank["o"], in: 8, out: 12, bias: true, shard: .rows)
    #expect(linear.weight.shape == [12, 4])
    #expect(linear.bias?.shape == [12])
    let graph = Graph(name: "rows", ranks: 2)
    _ = linear(input(graph, 4))
    let names = graph.nodes.map(\.operation.name)
    let sum = try #require(names.firstIndex(of: "all_reduce_sum"))
    let addition = try #require(names.firstIndex(of: "add"))
    #expect(names.firstIndex(of: "matmul")! < sum)
    #expect(sum < addition)
  }

  @Test func oneRankHasNoCollective() throws {
    let linear = try Linear(weights["o"], in: 8, out: 12, shard: .rows)
    let graph = Graph(name: "rows")
    _ = linear(input(graph, 8))
    #expect(!graph.nodes.contains { $0.operation.name == "all_reduce_sum" })
  }

  /// Key heads of which there are fewer than ranks are held by several.
  @Test func attentionTakesItsHeadsFromTheWeights() throws {
    for rank in 0..<4 {
      let w = weights.sharded(rank: rank, of: 4)
      let heads = AttentionHeads(hidden: 8, queries: 8, keys: 2, size: 6)
      let attention = Attention(
        query: try heads.query(w["q"]), key: try heads.key(w["k"], bias: true),
        value: try heads.key(w["v"]), output: try heads.output(w["o"], bias: true), headSize: 6)
      #expect(attention.query.weight.shape == [12, 8])
      #expect(attention.key.bias?.shape == [6])
      #expect(attention.output.weight.shape == [8, 12])
      #expect(attention.output.bias?.shape == [8])
      let graph = Graph(name: "attention", ranks: 4)
      let batch = RaggedBatch(in: graph, cache: .init(pageSize: 4, format: .float32))
      let y = attention(input(graph, 8), layer: 0, batch)
      #expect(graph.diagnostic == nil)
      #expect(y.shape == [.symbol("tokens"), 8])
      #expect(graph.states.map(\.heads) == [1, 1])
      #expect(graph.states.map(\.name) == ["layers.0.keys", "layers.0.values"])
    }
  }

  @Test func aGatedMLPNamesItsProjections() throws {
    let mlp = try MLP(weights["mlp"], hidden: 8, inner: 12, bias: true, activation: .silu)
    let graph = Graph(name: "mlp")
    #expect(mlp(input(graph, 8)).shape == [.symbol("tokens"), 8])
    let names = ["gate_proj", "up_proj", "down_proj"].flatMap {
      ["mlp.\($0).weight", "mlp.\($0).bias"]
    }
    #expect(Set(graph.weights.map(\.name)) == Set(names))
    #expect(mlp.down.weight.shape == [8, 12])
  }

  @Test func aWrongShapePoisonsAndNamesTheWeight() throws {
    let attention = Attention(
      query: try Linear(weights["q"], in: 8, out: 24),
      key: try Linear(weights["k"], in: 9, out: 12),
      value: try Linear(weights["v"], in: 8, out: 12),
      output: try Linear(weights["o"], in: 24, out: 8), headSize: 6)
    let graph = Graph(name: "attention")
    let batch = RaggedBatch(in: graph, cache: .init(pageSize: 4, format: .float32))
    let y = attention(input(graph, 8), layer: 0, batch)
    #expect(y.isPoisoned)
    let diagnostic = try #require(graph.diagnostic)
    #expect(diagnostic.operation == "matmul")
    #expect(diagnostic.nearestWeight == "k.weight")
  }

  @Test func bytesOfAPageCountEveryState() throws {
    let graph = Graph(name: "cache")
    let specification = CacheSpecification(pageSize: 16, format: .bfloat16)
    let batch = RaggedBatch(in: graph, cache: specification)
    let x = graph.input("x", .float32, [.symbol(ServingSymbol.tokens), 2, 8])
    for layer in 0..<3 { _ = batch.attend(x, keys: x, values: x, layer: layer, scale: 1) }
    // Three layers, keys and values, two heads, 16 tokens of 8 elements of 2 bytes.
    #expect(CacheGroup(of: graph).bytesPerPage == 3 * 2 * 2 * 16 * 8 * 2)
    #expect(CacheGroup(of: graph).pageSize == 16)
  }
}
