import ApusPipelines
import Testing

/// What a graph gets of a step batch.
@Suite struct StepInputsTests {
  private func batch() -> StepBatch {
    var batch = StepBatch()
    batch.tokenIDs = [5, 6, 7]
    batch.positions = [3, 4, 9]
    batch.requestOfToken = [0, 0, 1]
    batch.rowOffsets = [0, 2, 3]
    batch.pageTable = [1, 2, 3, 0, 4, 5, 6, 7]
    batch.pagesPerRequest = 4
    batch.outputRows = [1, 2]
    var parameters = SamplingParameters()
    parameters.seed = 0x1_0000_0002
    parameters.topK = 7
    batch.sampling = [SamplingParameters(), parameters]
    return batch
  }

  @Test func pagesBeyondTheLongestRequestAreLeftOut() {
    var inputs = StepInputs()
    inputs.fill(from: batch(), pageSize: 4)
    // Position 9 lies on the third page of 4 tokens.
    #expect(inputs.pagesPerRequest == 3)
    #expect(inputs.pageTable == [1, 2, 3, 4, 5, 6])
  }

  @Test func thePageTableIsNeverWidened() {
    var inputs = StepInputs()
    inputs.fill(from: batch(), pageSize: 1)
    #expect(inputs.pagesPerRequest == 4)
    #expect(inputs.pageTable == batch().pageTable)
  }

  @Test func drawsAreKeyedBySeedAndThePositionDrawn() {
    var inputs = StepInputs()
    inputs.fill(from: batch(), pageSize: 4)
    #expect(inputs.drawPositions == [5, 10])
    #expect(inputs.seeds == [0, 0, 2, 1])
    #expect(inputs.topK == [0, 7])
    #expect(inputs.temperature == [0, 0])
    #expect(inputs.topP == [1, 1])
    #expect(inputs.minP == [0, 0])
  }

  @Test func nothingOfTheStepBeforeIsLeft() {
    var inputs = StepInputs()
    inputs.fill(from: batch(), pageSize: 4)
    var part = batch()
    part.outputRows = []
    part.sampling = []
    inputs.fill(from: part, pageSize: 4)
    #expect(inputs.drawPositions.isEmpty && inputs.seeds.isEmpty && inputs.temperature.isEmpty)
  }
}
