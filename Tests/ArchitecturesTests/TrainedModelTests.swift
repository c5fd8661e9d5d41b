import ApusPipelines
import ApusTensors
import Foundation
import TestSupport
import Testing

/// Trained models of the shared test data against their goldens.
@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct TrainedModelTests {
  struct Golden: Decodable {
    let promptIds: [Int32]
    /// Begins with the prompt.
    let greedyIds: [Int32]
  }

  /// A file of a model, and how it is run.
  struct Case: Sendable, CustomTestStringConvertible {
    var model: String
    /// nil for the folder itself.
    var file: String?
    var execution: PipelineConfig.Execution
    var tokens: Int
    var testDescription: String { "\(file ?? model) by \(execution.rawValue)" }

    var folder: String { "\(SharedData.folder ?? "")/models/\(model)" }
    var path: String { file.map { "\(folder)/\($0)" } ?? folder }

    func golden() throws -> Golden {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let text = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/golden.json"))
      return try decoder.decode(Golden.self, from: text)
    }
  }

  /// The interpreter is slow in debug builds: it gives fewer tokens.
  static let cases = interpreted + planned

  static let planned =
    ["stories260K", "babyllama-105"].flatMap { model in
      [nil, "\(model)-f32.gguf"].map { file in
        Case(model: model, file: file, execution: .plan, tokens: 200)
      }
    } + [
      Case(
        model: "stories260K", file: "stories260K-v1-f32.gguf", execution: .plan, tokens: 200)
    ]

  static let interpreted = [
    Case(model: "stories260K", execution: .interpreter, tokens: 24),
    Case(
      model: "stories260K", file: "stories260K-f32.gguf", execution: .interpreter, tokens: 8),
    Case(
      model: "stories260K", file: "stories260K-v1-f32.gguf", execution: .interpreter, tokens: 8),
    Case(model: "babyllama-105", execution: .interpreter, tokens: 8),
    Case(
      model: "babyllama-105", file: "babyllama-105-f32.gguf", execution: .interpreter, tokens: 4),
  ]

  @Test(arguments: cases) func greedyTokens(_ test: Case) throws {
    let golden = try test.golden()
    var driver = try ModelDriver(
      test.path, encoding: .float32, execution: test.execution, context: 224)
    let count = min(test.tokens, golden.greedyIds.count - golden.promptIds.count)
    let found = try driver.greedy(prompt: golden.promptIds, count: count)
    #expect(found == Array(golden.greedyIds.dropFirst(golden.promptIds.count).prefix(count)))
  }

  @Test(arguments: cases) func logits(_ test: Case) throws {
    let expected = try NumPyArray(path: "\(test.folder)/golden_logits.npy")
    var driver = try ModelDriver(
      test.path, encoding: .float32, execution: test.execution, context: 224)
    let tokens = Array(try test.golden().greedyIds.prefix(expected.shape[0]))
    let found = try driver.step([.init(request: 0, tokens: tokens, wantsAll: true)])
    #expect(
      VectorMeasures.greatestDifference(found.logits, expected.values) <= Tolerances.logits)
  }
}
