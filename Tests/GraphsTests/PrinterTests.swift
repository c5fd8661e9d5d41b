import ApusGraphs
import ApusTensors
import Testing

@Suite struct PrinterTests {
  @Test func aDecoderLayerPrintsAsItIsBuilt() throws {
    let graph = Graph(name: "layer", ranks: 2)
    let tokens = Dim.symbol("tokens")
    let ids = graph.input("token_ids", .int32, [tokens])
    let positions = graph.input("positions", .int32, [tokens])
    let slots = graph.input("slots", .int32, [tokens])
    let table = graph.input("page_table", .int32, [.symbol("requests"), .symbol("pages")])
    let cache = PagedState(
      name: "layers.0.keys", pages: .symbol("cachePages"), heads: 2, pageSize: 16, headSize: 4,
      format: .bfloat16)
    let embedding = Weight(name: "embed.weight", shape: [32, 8], format: .quantized(.q8_0))
    let norm = graph.weight(Weight(name: "norm.weight", shape: [8], format: .float32))
    let query = Weight(
      name: "q_proj.weight", shape: [8, 8], format: .bfloat16, sharding: .columns(alignment: 4))
    let x = graph.embedding(weight: embedding, ids: ids).named("embedded")
    let q = x.rmsNormalized(weight: norm, epsilon: 1e-5).linear(query).reshaped([tokens, 2, 4])
    let frequencies = graph.constant(floatTensor([1, 0.01]))
    let rotated = q.rotated(
      positions: positions, inverseFrequencies: frequencies, pairing: .halves)
    rotated.store(in: cache, slots: slots)
    let keys = graph.read(cache)
    let attended = rotated.pagedAttention(
      keys: keys, values: keys, positions: positions, requestOfToken: slots, pageTable: table,
      scale: 0.5)
    let y = attended.reshaped([tokens, 8]).allReduceSum() + x * 2
    graph.output("y", y.sliced(axis: 1, start: 2, count: 4).permuted([1, 0]))
    try graph.verify()
    #expect(
      graph.printed() == """
        graph layer of 2 ranks
        state 'layers.0.keys' bfloat16 : float32[cachePages, 2, 16, 4]
        %0 = input 'token_ids' : int32[tokens]
        %1 = input 'positions' : int32[tokens]
        %2 = input 'slots' : int32[tokens]
        %3 = input 'page_table' : int32[requests, pages]
        %4 = weight 'norm.weight' float32 : float32[8]
        %5 = weight 'embed.weight' q8_0 : float32[32, 8]
        %6 = embedding_lookup(%5, %0) : float32[tokens, 8]  # embedded
        %7 = rms_normalization(%6, %4) epsilon=1e-05 : float32[tokens, 8]
        %8 = weight 'q_proj.weight' bfloat16 columns(4) : float32[8, 8]
        %9 = matmul(%7, %8) transpose_right : float32[tokens, 8]
        %10 = reshape(%9) : float32[tokens, 2, 4]
        %11 = constant [1.0, 0.01] : float32[2]
        %12 = rotary(%10, %1, %11) pairing=halves factor=1.0 : float32[tokens, 2, 4]
        %13 = store(%12, %2) 'layers.0.keys' : float32[tokens, 2, 4]
        %14 = read 'layers.0.keys' stores=1 : float32[cachePages, 2, 16, 4]
        %15 = paged_attention(%12, %14, %14, %1, %2, %3) scale=0.5 : float32[tokens, 2, 4]
        %16 = reshape(%15) : float32[tokens, 8]
        %17 = all_reduce_sum(%16) : float32[tokens, 8]
        %18 = constant 2.0 : float32[]
        %19 = broadcast(%18) axes=[] : float32[tokens, 8]
        %20 = multiply(%6, %19) : float32[tokens, 8]
        %21 = add(%17, %20) : float32[tokens, 8]
        %22 = slice(%21) axis=1 start=2 count=4 : float32[tokens, 4]
        %23 = permute(%22) axes=[1, 0] : float32[4, tokens]
        output 'y' = %23 : float32[4, tokens]

        """)
  }

  @Test func longConstantsAreCut() {
    let graph = Graph(name: "g")
    let long = graph.constant(integerTensor([0, 1, 2, 3, 4, 5, 6, 7, 8]))
    #expect(graph.printed(long.id) == "%0 = constant [0, 1, 2, 3, 4, 5, 6, 7, ...] : int32[9]")
  }

  @Test func aFailedGraphSaysSo() {
    let graph = Graph(name: "g")
    _ = graph.constant(1).reshaped([2])
    #expect(graph.printed().contains("error: reshape(float32[]): [] has 1 elements, [2] has 2"))
  }
}
