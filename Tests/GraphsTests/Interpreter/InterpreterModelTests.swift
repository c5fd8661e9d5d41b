import ApusGraphs
import ApusTensors
import Foundation
import TestSupport
import Testing

/// A real model through the interpreter, against goldens of the model's own authors.
@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct InterpreterModelTests {
  let folder = (SharedData.folder ?? "") + "/models/stories260K"

  func greedyIDs() throws -> [Int32] {
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/golden.json"))
    let golden = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    return (golden?["greedy_ids"] as? [Int] ?? []).map(Int32.init)
  }

  func goldenLogits() throws -> [Float] {
    StoriesModel.numpy(
      try Data(contentsOf: URL(fileURLWithPath: folder + "/golden_logits.npy")))
  }

  @Test func logitsOfAPromptAreTheGoldenOnes() throws {
    let ids = Array(try greedyIDs().prefix(32))
    let golden = try goldenLogits()
    var interpreter = try StoriesModel(folder: folder).interpreter()
    let found = try StoriesModel.step(&interpreter, ids, at: 0, of: 32)["logits"]?.floats ?? []
    #expect(golden.count == 32 * StoriesModel.vocabulary)
    #expect(found.count == golden.count)
    let worst = zip(found, golden).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 1e-3)
  }

  @Test func aPromptInChunksGivesTheSameBits() throws {
    let ids = Array(try greedyIDs().prefix(32))
    let model = try StoriesModel(folder: folder)
    var whole = try model.interpreter()
    let expected = try StoriesModel.step(&whole, ids, at: 0, of: 32)["logits"]
    var chunked = try model.interpreter()
    var found: [Float] = []
    for range in [0..<5, 5..<6, 6..<23, 23..<32] {
      let part = try StoriesModel.step(
        &chunked, Array(ids[range]), at: range.lowerBound, of: 32)
      found += part["logits"]?.floats ?? []
    }
    #expect(found == expected?.floats)
  }

  @Test func greedyDecodingGivesTheGoldenIDs() throws {
    let golden = try greedyIDs()
    var interpreter = try StoriesModel(folder: folder).interpreter()
    var ids = Array(golden.prefix(1))
    while ids.count < golden.count {
      let step = try StoriesModel.step(
        &interpreter, [ids[ids.count - 1]], at: ids.count - 1, of: golden.count)
      ids.append(step["greedy"]?.integers[0] ?? -1)
    }
    #expect(ids.count == 201)
    #expect(ids == golden)
  }
}
