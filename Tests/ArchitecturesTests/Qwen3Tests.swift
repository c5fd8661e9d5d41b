import ApusArchitectures
import ApusCheckpoints
import ApusGraphs
import ApusLayers
import ApusPipelines
import TestSupport
import Testing

/// What is particular to Qwen3; the gates run over every fixture.
@Suite struct Qwen3Tests {
  private func config(_ members: String) throws -> Qwen3Layer.Config {
    let text = """
      {"hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
      "num_attention_heads": 16, "num_key_value_heads": 8, "vocab_size": 151936,
      "max_position_embeddings": 40960, "rms_norm_eps": 1e-06\(members)}
      """
    return try Qwen3Layer.Config(ConfigFile(parsing: Array(text.utf8), file: "config.json"))
  }

  @Test func partsWhoseAbsenceTheGatesNotice() throws {
    let faults = [
      "without rope", "the other rope pairing", "grouped heads",
      "norms of queries and keys after rope", "the norm model.layers.0.self_attn.q_norm",
      "the norm model.layers.1.self_attn.k_norm", "weight of model.layers.1.self_attn.q_norm",
      "weight of model.norm",
    ]
    #expect(try ModelFixture("qwen3").golden.faultsMissing(of: faults) == [])
  }

  /// As Qwen3-0.6B has it, and as newer versions of `transformers` write it.
  @Test func configurationsAsTheyAreFound() throws {
    let older = try config(
      """
      , "head_dim": 128, "attention_bias": false, "rope_scaling": null, "rope_theta": 1000000,
      "sliding_window": null, "max_window_layers": 28, "use_sliding_window": false,
      "tie_word_embeddings": true, "torch_dtype": "bfloat16"
      """)
    #expect(older.headSize == 128)
    #expect(older.rope.base == 1_000_000)
    #expect(older.attentionBias == false)
    #expect(older.tiesEmbeddings)
    let newer = try config(
      """
      , "rope_parameters": {"rope_theta": 1000000, "rope_type": "default"},
      "layer_types": ["full_attention"], "dtype": "bfloat16"
      """)
    #expect(newer.rope == older.rope)
    #expect(newer.attentionBias == nil)
    #expect(!newer.tiesEmbeddings)
  }

  @Test func attentionBiasIsThatOfAllFourProjections() throws {
    let config = try config(", \"attention_bias\": true")
    let layer = try Qwen3Layer(Weights.placeholder(format: .float32), config, index: 0)
    let graph = Graph(name: "layer")
    let batch = RaggedBatch(in: graph, cache: .init(pageSize: 4, format: .float32))
    let x = graph.input("x", .float32, [.symbol(ServingSymbol.tokens), 1024])
    _ = layer(x, layer: 0, batch)
    #expect(graph.diagnostic == nil)
    let biases = graph.weights.map(\.name).filter { $0.hasSuffix("bias") }
    #expect(
      Set(biases) == Set(["q", "k", "v", "o"].map { "self_attn.\($0)_proj.bias" }))
  }

  @Test func whatIsNotDoneIsRefusedByName() throws {
    let window = #expect(throws: ConfigError.self) {
      try config(
        ", \"use_sliding_window\": true, \"sliding_window\": 4096, \"max_window_layers\": 14")
    }
    #expect(window?.key == "use_sliding_window")
    let scaling = #expect(throws: ConfigError.self) {
      try config(
        """
        , "rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000, "factor": 4.0,
        "original_max_position_embeddings": 32768}
        """)
    }
    #expect(scaling?.key == "rope_scaling.rope_type")
    #expect(scaling?.found == "yarn")
  }
}
