import TestSupport
import Testing

/// What is particular to Llama; the gates run over every fixture.
@Suite struct LlamaTests {
  @Test func partsWhoseAbsenceTheGatesNotice() throws {
    let tied = ["rope", "the other rope pairing", "norm model.norm", "weight of model.norm"]
    #expect(try ModelFixture("llama-tied").golden.faultsMissing(of: tied) == [])
    let scaled = [
      "rope scaling", "grouped heads", "q_proj.bias", "k_proj.bias", "v_proj.bias", "o_proj.bias",
      "gate_proj.bias", "up_proj.bias", "down_proj.bias",
    ]
    #expect(try ModelFixture("llama-scaled").golden.faultsMissing(of: scaled) == [])
  }
}
