import ApusPipelines
import ApusTensors
import TestSupport
import Testing

/// Weights divided by their hints among ranks give the logits of the undivided model.
@Suite struct TensorParallelTests {
  struct Case: Sendable {
    var fixture: String
    var ranks: Int
  }

  /// With four ranks the key heads, of which there are one or two, are held by several.
  static let cases =
    ModelFixture.names.map { Case(fixture: $0, ranks: 2) } + [
      Case(fixture: "llama-scaled", ranks: 4)
    ]

  @Test(arguments: cases) func ranksGiveTheSameLogits(_ test: Case) throws {
    let fixture = try ModelFixture(test.fixture)
    let prompt = fixture.golden.prompts[0]
    var one = try ModelDriver(
      fixture.path, encoding: .float32, execution: .interpreter, context: 96)
    var several = try ModelDriver(
      fixture.path, encoding: .float32, execution: .interpreter, ranks: test.ranks, context: 96)
    let part = ModelDriver.Part(request: 0, tokens: prompt.ids, wantsAll: true)
    let expected = try one.step([part]).logits
    let found = try several.step([part]).logits
    let greatest = expected.map(abs).max() ?? 0
    let difference = VectorMeasures.greatestDifference(found, expected)
    #expect(difference <= Tolerances.rankedLogits * greatest)
    #expect(VectorMeasures.greatestDifference(found, prompt.logits) <= Tolerances.logits)
    // A rank holds less than the whole, keys and values included.
    #expect(
      several.memory.weightsMapped + several.memory.weightsOwned
        < one.memory.weightsMapped + one.memory.weightsOwned)
    #expect(several.memory.cache.bytesPerPage <= one.memory.cache.bytesPerPage)
  }
}
