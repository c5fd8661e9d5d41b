import ApusCheckpoints
import ApusLayers
import Foundation
import TestSupport
import Testing

/// Inverse frequencies against those of `transformers`, which `Tools/oracle` wrote down.
@Suite struct RotaryEmbeddingTests {
  struct Case: Decodable, Sendable {
    struct Scaling: Decodable, Sendable {
      let ropeType: String
      let factor: Float
      let lowFreqFactor, highFreqFactor, originalMaxPositionEmbeddings: Float?
    }
    let headDim: Int
    let ropeTheta: Float
    let scaling: Scaling?
    let inverseFrequencies: [Float]
  }

  private func cases() throws -> [Case] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let url = URL(fileURLWithPath: "\(ModelFixture.folder)/ropes.json")
    return try decoder.decode([Case].self, from: Data(contentsOf: url))
  }

  private func scaling(_ scaling: Case.Scaling?) throws -> RotaryEmbedding.Scaling {
    guard let scaling else { return .none }
    if scaling.ropeType == "linear" { return .linear(factor: scaling.factor) }
    return .llama3(
      factor: scaling.factor, lowFactor: try #require(scaling.lowFreqFactor),
      highFactor: try #require(scaling.highFreqFactor),
      context: try #require(scaling.originalMaxPositionEmbeddings))
  }

  /// Two units in the last place: a power may be rounded otherwise.
  @Test func frequenciesOfTransformers() throws {
    let cases = try cases()
    #expect(cases.count == 5)
    for test in cases {
      let rope = RotaryEmbedding(
        size: test.headDim, base: test.ropeTheta, scaling: try scaling(test.scaling))
      #expect(rope.inverseFrequencies.count == test.inverseFrequencies.count)
      for (found, expected) in zip(rope.inverseFrequencies, test.inverseFrequencies) {
        #expect(abs(found - expected) <= 2 * expected.ulp)
      }
    }
  }

  @Test func scalingOfConfigurations() throws {
    func scaling(_ text: String) throws -> RotaryEmbedding.Scaling {
      try RotaryEmbedding.Scaling(ConfigFile(parsing: Array(text.utf8), file: "config.json"))
    }
    #expect(try scaling("{}") == .none)
    #expect(try scaling(#"{"rope_scaling": null}"#) == .none)
    #expect(try scaling(#"{"rope_parameters": {"rope_type": "default"}}"#) == .none)
    #expect(
      try scaling(#"{"rope_scaling": {"type": "linear", "factor": 2}}"#) == .linear(factor: 2))
    let llama3 = """
      {"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
      "high_freq_factor": 4, "original_max_position_embeddings": 8192}}
      """
    #expect(
      try scaling(llama3)
        == .llama3(factor: 8, lowFactor: 1, highFactor: 4, context: 8192))
    let error = #expect(throws: ConfigError.self) {
      try scaling(#"{"rope_scaling": {"rope_type": "yarn", "factor": 4}}"#)
    }
    #expect(error?.description.contains("rope_scaling.rope_type") == true)
    #expect(error?.description.contains("yarn") == true)
  }

  @Test func settingsOfConfigurations() throws {
    func settings(_ text: String) throws -> RotaryEmbedding.Settings {
      let file = try ConfigFile(parsing: Array(text.utf8), file: "config.json")
      return try RotaryEmbedding.Settings(file, headSize: 16)
    }
    #expect(try settings("{}").base == 10_000)
    #expect(try settings("{}").size == 16)
    #expect(try settings(#"{"rope_theta": 500.0, "partial_rotary_factor": 0.5}"#).size == 8)
    let newer = try settings(#"{"rope_parameters": {"rope_theta": 7, "rope_type": "default"}}"#)
    #expect(newer.base == 7)
    #expect(newer.scaling == .none)
    for factor in ["1e30", "-1", "0", "1.5"] {
      let error = #expect(throws: ConfigError.self) {
        try settings("{\"partial_rotary_factor\": \(factor)}")
      }
      #expect(error?.key == "partial_rotary_factor")
    }
  }

  @Test func layersWithASlidingWindowAreRefused() throws {
    func check(_ text: String) throws {
      let file = try ConfigFile(parsing: Array(text.utf8), file: "config.json")
      try file.requireFullAttention(layers: 4)
    }
    try check("{}")
    try check(#"{"sliding_window": 8, "use_sliding_window": false, "max_window_layers": 2}"#)
    try check(#"{"sliding_window": 8, "use_sliding_window": true, "max_window_layers": 4}"#)
    try check(#"{"sliding_window": null, "use_sliding_window": true, "max_window_layers": 2}"#)
    try check(#"{"layer_types": ["full_attention", "full_attention"]}"#)
    let windowed = #expect(throws: ConfigError.self) {
      try check(#"{"sliding_window": 8, "use_sliding_window": true, "max_window_layers": 3}"#)
    }
    #expect(windowed?.key == "use_sliding_window")
    let typed = #expect(throws: ConfigError.self) {
      try check(#"{"layer_types": ["full_attention", "sliding_attention"]}"#)
    }
    #expect(typed?.key == "layer_types")
    #expect(typed?.found == "sliding_attention")
  }
}
