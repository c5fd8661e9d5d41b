import ApusArchitectures
import ApusCheckpoints
import ApusLayers
import TestSupport
import Testing

/// What is particular to Qwen2; the gates run over every fixture.
@Suite struct Qwen2Tests {
  private func config(_ members: String) throws -> Qwen2Layer.Config {
    let text = """
      {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
      "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936,
      "max_position_embeddings": 32768, "rms_norm_eps": 1e-06\(members)}
      """
    return try Qwen2Layer.Config(ConfigFile(parsing: Array(text.utf8), file: "config.json"))
  }

  @Test func partsWhoseAbsenceTheGatesNotice() throws {
    let faults = [
      "without rope", "the other rope pairing", "grouped heads", "q_proj.bias", "k_proj.bias",
      "v_proj.bias", "norm model.norm", "weight of model.norm",
    ]
    #expect(try ModelFixture("qwen2").golden.faultsMissing(of: faults) == [])
  }

  /// As Qwen2.5-0.5B-Instruct has it, and as newer versions of `transformers` write it.
  @Test func configurationsAsTheyAreFound() throws {
    let older = try config(
      """
      , "rope_theta": 1000000.0, "sliding_window": 32768, "max_window_layers": 21,
      "use_sliding_window": false, "tie_word_embeddings": true, "torch_dtype": "bfloat16"
      """)
    #expect(older.headSize == 64)
    #expect(older.rope.base == 1_000_000)
    #expect(older.contextLength == 32_768)
    #expect(older.tiesEmbeddings)
    let newer = try config(
      """
      , "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"},
      "sliding_window": null, "layer_types": ["full_attention"], "dtype": "bfloat16"
      """)
    #expect(newer.rope == older.rope)
    #expect(!newer.tiesEmbeddings)
  }

  @Test func whatIsNotDoneIsRefusedByName() throws {
    let window = #expect(throws: ConfigError.self) {
      try config(
        ", \"use_sliding_window\": true, \"sliding_window\": 4096, \"max_window_layers\": 21")
    }
    #expect(window?.key == "use_sliding_window")
    let scaling = #expect(throws: ConfigError.self) {
      try config(", \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0}")
    }
    #expect(scaling?.key == "rope_scaling.rope_type")
    #expect(scaling?.found == "yarn")
  }
}
