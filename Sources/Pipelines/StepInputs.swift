/// A step batch as the inputs of a serving graph, in arrays that are kept from step to step.
package struct StepInputs {
  /// int32 `[requests, pagesPerRequest]`.
  package private(set) var pageTable: [Int32] = []
  /// As few columns as the longest request of the batch needs; at least 1.
  package private(set) var pagesPerRequest = 1
  package private(set) var temperature: [Float] = []
  package private(set) var topK: [Int32] = []
  package private(set) var topP: [Float] = []
  package private(set) var minP: [Float] = []
  /// int32 `[outputs, 2]`: low word, high word.
  package private(set) var seeds: [Int32] = []
  /// The position of the token that is drawn, `[outputs]`.
  package private(set) var drawPositions: [Int32] = []

  package init() {}

  package mutating func fill(from batch: StepBatch, pageSize: Int) {
    fillPageTable(from: batch, pageSize: pageSize)
    removeAll()
    for (row, parameters) in zip(batch.outputRows, batch.sampling) {
      temperature.append(parameters.temperature)
      topK.append(parameters.topK)
      topP.append(parameters.topP)
      minP.append(parameters.minP)
      seeds.append(Int32(truncatingIfNeeded: parameters.seed))
      seeds.append(Int32(truncatingIfNeeded: parameters.seed >> 32))
      drawPositions.append(batch.positions[Int(row)] + 1)
    }
  }

  private mutating func removeAll() {
    temperature.removeAll(keepingCapacity: true)
    topK.removeAll(keepingCapacity: true)
    topP.removeAll(keepingCapacity: true)
    minP.removeAll(keepingCapacity: true)
    seeds.removeAll(keepingCapacity: true)
    drawPositions.removeAll(keepingCapacity: true)
  }

  /// Leaves out columns that no token of the batch reaches.
  private mutating func fillPageTable(from batch: StepBatch, pageSize: Int) {
    let last = batch.positions.reduce(0) { Swift.max($0, $1) }
    pagesPerRequest = min(batch.pagesPerRequest, Int(last) / pageSize + 1)
    pageTable.removeAll(keepingCapacity: true)
    for request in 0..<batch.requestCount {
      let start = request * batch.pagesPerRequest
      pageTable.append(contentsOf: batch.pageTable[start..<start + pagesPerRequest])
    }
  }
}
