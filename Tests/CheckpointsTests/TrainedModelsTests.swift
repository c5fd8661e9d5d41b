import ApusCheckpoints
import ApusTensors
import TestSupport
import Testing

@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct TrainedModelsTests {
  static func weights(_ path: String) throws -> (Checkpoint, Weights) {
    let checkpoint = try Checkpoint.open(sharedPath("models/" + path))
    let adapter: WeightAdapter =
      checkpoint.format == .gguf ? .llamaCppNames : .stripPrefix("model.")
    return (checkpoint, try adapter.adapt(checkpoint))
  }

  @Test(
    "GGUF in float32 holds the tensors of the safetensors bit for bit, under the same names",
    arguments: [
      ("stories260K", "stories260K-f32.gguf"), ("stories260K", "stories260K-v1-f32.gguf"),
      ("babyllama-105", "babyllama-105-f32.gguf"),
    ])
  func equality(model: String, file: String) throws {
    let (reference, expected) = try Self.weights(model)
    let (_, actual) = try Self.weights("\(model)/\(file)")
    for (name, record) in reference.tensors {
      let ours = name.hasPrefix("model.") ? String(name.dropFirst(6)) : name
      _ = try actual.tensor(ours, shape: record.shape)
      let a = try expected.storage(of: ours).floats()
      let b = try actual.storage(of: ours).floats()
      #expect(a.map(\.bitPattern) == b.map(\.bitPattern), "\(ours)")
    }
    // The file of version 1 has an output matrix of its own.
    #expect(actual.leftovers() == (file.contains("v1") ? ["lm_head.weight"] : []))
  }

  @Test(
    "quantised files have the same names and shapes, and q and k in the same order",
    arguments: ["f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1"])
  func quantised(kind: String) throws {
    for model in ["stories260K", "babyllama-105"] {
      let (reference, expected) = try Self.weights(model)
      let (_, actual) = try Self.weights("\(model)/\(model)-\(kind).gguf")
      for (name, record) in reference.tensors {
        let ours = String(name.dropFirst(6))
        let view = try actual.tensor(ours, shape: record.shape)
        let storage = try actual.storage(of: ours)
        #expect(storage.format == view.format)
        if view.shape.count == 1 { #expect(view.format == .float32) }
        let a = try expected.storage(of: ours).floats()
        let b = storage.floats()
        let error = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let power = a.reduce(0) { $0 + $1 * $1 }
        // Four bits keep about 1% of the power as noise; a wrong order would make it 200%.
        #expect(error < 0.03 * power, "\(model) \(kind) \(ours)")
      }
      #expect(actual.leftovers().isEmpty)
      #expect(actual.loadNotes.isEmpty == !kind.hasPrefix("q5"))
    }
  }

  @Test("GGUF metadata says what config.json says", arguments: ["stories260K", "babyllama-105"])
  func config(model: String) throws {
    let expected = try Self.weights(model).0.config
    let actual = try Self.weights("\(model)/\(model)-f32.gguf").0.config
    for key in [
      "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
      "num_key_value_heads", "head_dim", "vocab_size", "max_position_embeddings",
      "bos_token_id", "eos_token_id",
    ] {
      let (a, b): (Int, Int) = (try expected[key], try actual[key])
      #expect(a == b, "\(key)")
    }
    let (a, b): (Double, Double) = (try expected["rms_norm_eps"], try actual["rms_norm_eps"])
    #expect(a == b)
    #expect(try actual["tie_word_embeddings"] == true)
    #expect(actual.modelType == "llama")
  }
}
