import ApusArchitectures
import ApusCheckpoints
import ApusGraphs
import ApusLayers
import ApusPipelines
import TestSupport
import Testing

/// What is particular to GPT-2; the gates run over every fixture.
@Suite struct GPT2Tests {
  @Test func partsWhoseAbsenceTheGatesNotice() throws {
    let faults = [
      "learned positions", "norm transformer.ln_f", "c_attn.bias", "c_proj.bias", "c_fc.bias",
      "ln_1.bias", "key, query, value in this order",
    ]
    #expect(try ModelFixture("gpt2").golden.faultsMissing(of: faults) == [])
  }

  /// Older converters stored the head beside the embedding.
  @Test(arguments: [true, false]) func aHeadOfItsOwn(isTied: Bool) throws {
    let text = """
      {"n_embd": 8, "n_layer": 1, "n_head": 2, "vocab_size": 9, "n_positions": 16,
      "tie_word_embeddings": \(isTied)}
      """
    let config = try GPT2.Config(ConfigFile(parsing: Array(text.utf8), file: "config.json"))
    let model = try GPT2(Weights.placeholder(format: .float32), config)
    let graph = Graph(name: "gpt2")
    _ = model(RaggedBatch(in: graph, cache: .init(pageSize: 4, format: .float32)))
    #expect(graph.diagnostic == nil)
    #expect(graph.weights.contains { $0.name == "lm_head.weight" } == !isTied)
  }
}
