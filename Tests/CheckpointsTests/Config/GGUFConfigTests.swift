import ApusCheckpoints
import Testing

@Suite struct GGUFConfigTests {
  static func config(_ change: (inout GGUFBytes) -> Void) throws -> ConfigFile {
    var file = GGUFBytes()
    file.add("general.architecture", string: "toy")
    file.add("toy.embedding_length", number: 64)
    file.add("toy.attention.head_count", number: 4)
    change(&file)
    return try Checkpoint(gguf: MappedFile(file.file, name: "toy.gguf")).config
  }

  @Test func keys() throws {
    let config = try Self.config {
      $0.add("toy.block_count", number: 3)
      $0.add("toy.feed_forward_length", number: 99)
      $0.add("toy.attention.layer_norm_rms_epsilon", float: 1e-5)
      $0.add("toy.rope.freq_base", float: 500_000)
      $0.add("toy.context_length", number: 2048)
      $0.add("tokenizer.ggml.eos_token_id", number: 7)
    }
    #expect(config.modelType == "toy")
    #expect(try config["num_hidden_layers"] == 3)
    #expect(try config["n_layer"] == 3)
    #expect(try config["intermediate_size"] == 99)
    #expect(try config["rms_norm_eps"] == 1e-5)
    #expect(try config["rope_theta"] == 500_000.0)
    #expect(try config["max_position_embeddings"] == 2048)
    #expect(try GenerationConfig(config).endTokens == [7])
    #expect(!config.contains("rope_scaling"))
  }

  @Test func headSize() throws {
    #expect(try Self.config { $0.add("toy.rope.dimension_count", number: 16) }["head_dim"] == 16)
    let keyed = try Self.config {
      $0.add("toy.attention.key_length", number: 32)
      $0.add("toy.rope.dimension_count", number: 32)
    }
    #expect(try keyed["head_dim"] == 32)
    #expect(!keyed.contains("partial_rotary_factor"))
    let partial = try Self.config { $0.add("toy.rope.dimension_count", number: 4) }
    #expect(!partial.contains("head_dim"))
    #expect(try partial["partial_rotary_factor"] == 0.25)
  }

  @Test func ropeScaling() throws {
    let config = try Self.config {
      $0.add("toy.rope.scaling.type", string: "yarn")
      $0.add("toy.rope.scaling.factor", float: 4)
      $0.add("toy.rope.scaling.original_context_length", number: 4096)
    }
    let scaling: ConfigFile = try config["rope_scaling"]
    #expect(try scaling["rope_type"] == "yarn")
    #expect(try scaling["factor"] == 4.0)
    #expect(try scaling["original_max_position_embeddings"] == 4096)
    let linear: ConfigFile = try Self.config { $0.add("toy.rope.scale_linear", float: 2) }[
      "rope_scaling"]
    #expect(try linear["rope_type"] == "linear")
  }

  @Test("the vocabulary is the embedding's rows; more tokens than rows are refused")
  func vocabulary() throws {
    let rows = [Float](repeating: 0, count: 3 * 64)
    let padded = try Self.config {
      $0.add("tokenizer.ggml.tokens", strings: ["a", "b"])
      $0.add("token_embd.weight", shape: [3, 64], rows)
    }
    #expect(try padded["vocab_size"] == 3)
    #expect(try padded["tie_word_embeddings"] == true)
    let untied = try Self.config {
      $0.add("token_embd.weight", shape: [3, 64], rows)
      $0.add("output.weight", shape: [3, 64], rows)
    }
    #expect(try untied["tie_word_embeddings"] == false)
    let error = #expect(throws: CheckpointError.self) {
      try Self.config {
        $0.add("tokenizer.ggml.tokens", strings: ["a", "b", "c", "d"])
        $0.add("token_embd.weight", shape: [3, 64], rows)
      }
    }
    #expect(error?.subject == .field("tokenizer.ggml.tokens"))
  }

  @Test func architectureIsNeeded() {
    var file = GGUFBytes()
    file.add("x", number: 1)
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(gguf: MappedFile(file.file, name: "x"))
    }
    #expect(error?.subject == .field("general.architecture"))
  }
}
