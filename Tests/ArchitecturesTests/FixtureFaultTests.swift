import TestSupport
import Testing

/// A gate must be able to fail: what the oracle found when it left parts of each fixture out. What
/// a family must be tried without is in its own tests.
@Suite struct FixtureFaultTests {
  /// Of every family.
  static let required = ["attention scale", "activation", "the norm", "the weight of"]

  @Test(arguments: ModelFixture.names) func everyFaultFailsTheGate(_ name: String) throws {
    let golden = try ModelFixture(name).golden
    for fault in golden.faults {
      #expect(fault.maxDifference > 10 * Tolerances.logits, "\(fault.fault)")
    }
    #expect(golden.faultsMissing(of: Self.required) == [])
    #expect(golden.logitsDeviation >= 2)
    #expect(golden.attentionUniformity <= 0.75)
  }
}
