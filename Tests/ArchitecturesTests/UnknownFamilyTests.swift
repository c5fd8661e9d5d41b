import ApusArchitectures
import ApusCheckpoints
import ApusPipelines
import Foundation
import TestSupport
import Testing

/// What is said about models that the project has not met, invented from the fixtures.
@Suite struct UnknownFamilyTests {
  private let registry = PipelineRegistry(builtInArchitectures)

  /// A fixture with other text in its configuration, and other names of tensors.
  private func derivative(
    of name: String, config: [(String, String)] = [], tensors: [(String, String)] = []
  ) throws -> String {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let source = URL(fileURLWithPath: "\(ModelFixture.folder)/\(name)")
    let text = try String(contentsOf: source.appendingPathComponent("config.json"), encoding: .utf8)
    try replaced(config, in: text)
      .write(to: folder.appendingPathComponent("config.json"), atomically: true, encoding: .utf8)
    let weights = try Data(contentsOf: source.appendingPathComponent("model.safetensors"))
    let length = weights.prefix(8).enumerated().reduce(0) {
      $0 + Int($1.element) << (8 * $1.offset)
    }
    // Offsets count from the end of the header, so its names may change their lengths.
    let header = Data(
      try replaced(tensors, in: String(decoding: weights[8..<8 + length], as: UTF8.self)).utf8)
    let size = Data((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    try (size + header + weights[(8 + length)...])
      .write(to: folder.appendingPathComponent("model.safetensors"))
    return folder.path
  }

  private func replaced(_ changes: [(String, String)], in text: String) throws -> String {
    try changes.reduce(text) { text, change in
      try #require(text.contains(change.0), "\(change.0)")
      return text.replacingOccurrences(of: change.0, with: change.1)
    }
  }

  private func message(_ path: String) throws -> String {
    let error = #expect(throws: PipelineError.self) {
      try registry.load(PipelineConfig(modelPath: path))
    }
    let message = error?.message ?? ""
    #expect(message.utf8.count < 4000)
    return message
  }

  private let foo = ("LlamaForCausalLM", "FooForCausalLM")

  @Test func anotherNameForTheSame() throws {
    let text = try message(derivative(of: "llama-tied", config: [foo]))
    #expect(text.hasPrefix("architecture 'FooForCausalLM' is not supported; the nearest is 'Llama"))
    #expect(text.contains("; known: LlamaForCausalLM, "))
    #expect(
      text.hasSuffix("\n  its tensors and configuration keys are what LlamaForCausalLM reads"))
  }

  @Test func otherKeysAndNames() throws {
    let path = try derivative(
      of: "llama-scaled",
      config: [
        foo, ("intermediate_size", "ffn_width"),
        ("\"hidden_act\": \"silu\"", "\"hidden_act\": \"relu2\", \"logit_cap\": 30"),
      ],
      tensors: [("mlp.gate_proj", "mlp.w1"), ("model.norm.", "model.final_norm.")])
    let text = try message(path)
    #expect(text.contains("the nearest is 'LlamaForCausalLM', with 16 of its 19 kinds"))
    let expected = """

        configuration keys that are missing: intermediate_size
        configuration keys it does not know: ffn_width, logit_cap
        configuration values it does not take: hidden_act: expected silu, gelu, gelu_new or \
      gelu_pytorch_tanh, found relu2
        tensors that are missing: layers.{0...1}.mlp.gate_proj.bias, \
      layers.{0...1}.mlp.gate_proj.weight, norm.weight
        tensors it does not know: final_norm.weight, layers.{0...1}.mlp.w1.bias, \
      layers.{0...1}.mlp.w1.weight
      """
    #expect(text.hasSuffix(expected))
  }

  @Test func namesBehindAPrefix() throws {
    let path = try derivative(
      of: "llama-tied", config: [foo],
      tensors: [("\"model.", "\"language.model."), ("input_layernorm", "ln")])
    let text = try message(path)
    #expect(text.contains("the nearest is 'LlamaForCausalLM'"))
    #expect(text.contains("\n  names of tensors begin with 'language.model.'"))
    #expect(
      text.contains("\n  tensors that are missing: layers.{0...1}.input_layernorm.weight\n"))
    #expect(
      text.hasSuffix("\n  tensors it does not know: language.model.layers.{0...1}.ln.weight"))
  }

  @Test func theNearestIsByTensorsAndNotByName() throws {
    let path = try derivative(
      of: "qwen3",
      config: [
        ("Qwen3ForCausalLM", "LlamaForCausalLM2"),
        ("\"rope_type\": \"default\"", "\"rope_type\": \"yarn\""),
        ("\"head_dim\": 16", "\"head_dim\": 8"),
      ])
    let text = try message(path)
    #expect(text.contains("the nearest is 'Qwen3ForCausalLM'"))
    #expect(
      text.contains(
        "\n  configuration values it does not take: rope_scaling.rope_type: expected default,"
          + " linear or llama3, found yarn\n"))
    #expect(
      text.contains(
        "tensors of another shape: layers.{0...1}.self_attn.k_norm.weight [16] instead of [8], "))
    #expect(
      text.contains("layers.{0...1}.self_attn.q_proj.weight [64, 32] instead of [32, 32]"))
    #expect(!text.contains("missing"))
  }

  @Test func nothingIsNear() throws {
    let path = try derivative(
      of: "gpt2",
      config: [
        ("GPT2LMHeadModel", "BertModel"), ("n_embd", "width"), ("n_head", "a"),
        ("n_layer", "depth"), ("n_positions", "b"), ("vocab_size", "c"),
      ],
      tensors: [
        ("transformer.h.", "encoder.block."), ("wte.weight", "words"), ("wpe.weight", "places"),
        ("attn", "self"), ("c_proj", "dense"), ("c_fc", "wide"), ("ln_", "norm_"),
        ("mlp", "feed"), ("c_self", "inputs"), ("weight", "kernel"), ("bias", "offset"),
      ])
    let text = try message(path)
    #expect(
      text.hasPrefix(
        "architecture 'BertModel' is not supported, and its tensors and configuration resemble"
          + " none that is; known: "))
    #expect(!text.contains("\n"))
  }

  @Test func fromGGUF() throws {
    let data = try Data(
      contentsOf: URL(fileURLWithPath: "\(ModelFixture.folder)/llama-scaled/gguf/f32.gguf"))
    var bytes = [UInt8](data)
    /// Of the same length, so that no other byte moves.
    func replace(_ old: String, _ new: String) {
      let (old, new) = (Array(old.utf8), Array(new.utf8))
      #expect(old.count == new.count)
      for start in 0..<bytes.count - old.count
      where bytes[start..<start + old.count].elementsEqual(old) {
        bytes.replaceSubrange(start..<start + old.count, with: new)
      }
    }
    replace("llama", "lamma")
    replace("lamma.feed_forward_length", "lamma.feed_forward_factor")
    replace("attn_output.weight", "attn_merged.weight")
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).gguf")
    try Data(bytes).write(to: path)
    let text = try message(path.path)
    #expect(text.hasPrefix("GGUF architecture 'lamma' is not supported; the nearest is 'Llama"))
    #expect(text.contains("\n  configuration keys that are missing: intermediate_size\n"))
    #expect(
      text.contains("\n  configuration keys it does not know: lamma.feed_forward_factor\n"))
    #expect(
      text.contains("\n  tensors that are missing: layers.{0...1}.self_attn.o_proj.weight\n"))
    #expect(text.hasSuffix("\n  tensors it does not know: blk.{0...1}.attn_merged.weight"))
  }

  /// A class name that is known does not make a model that is.
  @Test func tensorsThatDoNotMatchAKnownFamily() throws {
    let path = try derivative(of: "qwen3", config: [("Qwen3ForCausalLM", "LlamaForCausalLM")])
    let text = try message(path)
    #expect(text.contains("4 tensors that LlamaForCausalLM does not use"))
    #expect(text.contains("--ignore-leftover-tensors"))
    let expected = """

      compared with what LlamaForCausalLM reads:
        configuration keys it does not know: layer_types, max_window_layers, use_sliding_window
        tensors it does not know: layers.{0...1}.self_attn.k_norm.weight, \
      layers.{0...1}.self_attn.q_norm.weight
      """
    #expect(text.hasSuffix(expected))
    let fused = try message(
      derivative(of: "llama-tied", tensors: [("self_attn.q_proj", "self_attn.qkv_proj")]))
    #expect(fused.contains("tensor layers.0.self_attn.q_proj.weight: expected"))
    #expect(
      fused.contains("\n  tensors that are missing: layers.{0...1}.self_attn.q_proj.weight\n"))
    #expect(
      fused.hasSuffix("\n  tensors it does not know: layers.{0...1}.self_attn.qkv_proj.weight"))
  }

  @Test func manyAndLongNamesAreCutShort() throws {
    let long = String(repeating: "x", count: 300)
    let parts = [
      "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
      "input_layernorm", "post_attention_layernorm",
    ]
    let path = try derivative(
      of: "llama-scaled", config: [foo], tensors: parts.map { ($0, "\($0)\(long)") })
    let text = try message(path)
    #expect(text.contains(", and 8 more"))
  }
}
