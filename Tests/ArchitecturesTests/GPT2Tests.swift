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
}
