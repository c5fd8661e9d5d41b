import TestSupport
import Testing

/// A gate must be able to fail: what the oracle found when it left parts of each fixture out.
@Suite struct FixtureFaultTests {
  static let required: [(fixture: String, faults: [String])] = [
    (
      "llama-tied",
      ["rope", "attention scale", "activation", "norm model.norm", "weight of model.norm"]
    ),
    (
      "llama-scaled",
      [
        "rope scaling", "attention scale", "activation", "norm model.norm", "q_proj.bias",
        "k_proj.bias", "v_proj.bias", "o_proj.bias", "gate_proj.bias", "up_proj.bias",
        "down_proj.bias",
      ]
    ),
    (
      "gpt2",
      [
        "learned positions", "attention scale", "activation", "norm transformer.ln_f",
        "c_attn.bias", "c_proj.bias", "c_fc.bias", "ln_1.bias",
      ]
    ),
  ]

  @Test(arguments: required.map(\.fixture)) func everyFaultFailsTheGate(_ name: String) throws {
    let golden = try ModelFixture(name).golden
    for fault in golden.faults {
      #expect(fault.maxDifference > 10 * Tolerances.logits, "\(fault.fault)")
    }
    for wanted in Self.required.first(where: { $0.fixture == name })?.faults ?? [] {
      #expect(golden.faults.contains { $0.fault.contains(wanted) }, "\(wanted)")
    }
    #expect(golden.logitsDeviation >= 2)
    #expect(golden.attentionUniformity <= 0.75)
  }
}
