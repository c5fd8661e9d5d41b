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
    var isDeferred = false
    var testDescription: String {
      "\(file ?? model) by \(execution.rawValue)\(isDeferred ? ", deferred" : "")"
    }

    var folder: String { "\(SharedData.folder ?? "")/models/\(model)" }
    var path: String { file.map { "\(folder)/\($0)" } ?? folder }

    func golden() throws -> Golden {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let text = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/golden.json"))
      return try decoder.decode(Golden.self, from: text)
    }
  }

  static let files: [(model: String, file: String?)] = [
    ("stories260K", nil), ("stories260K", "stories260K-f32.gguf"),
    ("stories260K", "stories260K-v1-f32.gguf"), ("babyllama-105", nil),
    ("babyllama-105", "babyllama-105-f32.gguf"),
  ]

  static let cases = files.flatMap { model, file in
    [
      Case(model: model, file: file, execution: .plan),
      Case(model: model, file: file, execution: .plan, isDeferred: true),
      Case(model: model, file: file, execution: .interpreter),
    ]
  }

  /// The interpreter is slow in debug builds: it gives fewer tokens there.
  static func tokens(_ test: Case) -> Int {
    #if DEBUG
      test.execution == .interpreter ? 8 : 200
    #else
      200
    #endif
  }

  @Test(arguments: cases) func greedyTokens(_ test: Case) throws {
    let golden = try test.golden()
    var driver = try ModelDriver(
      test.path, encoding: .float32, execution: test.execution, isDeferred: test.isDeferred,
      context: 224)
    let count = min(Self.tokens(test), golden.greedyIds.count - golden.promptIds.count)
    let found = try driver.greedy(prompt: golden.promptIds, count: count)
    #expect(found == Array(golden.greedyIds.dropFirst(golden.promptIds.count).prefix(count)))
  }

  @Test(arguments: cases) func logits(_ test: Case) throws {
    let expected = try NumPyArray(path: "\(test.folder)/golden_logits.npy")
    var driver = try ModelDriver(
      test.path, encoding: .float32, execution: test.execution, isDeferred: test.isDeferred,
      context: 224)
    let tokens = Array(try test.golden().greedyIds.prefix(expected.shape[0]))
    let found = try driver.step([.init(request: 0, tokens: tokens, wantsAll: true)])
    #expect(
      VectorMeasures.greatestDifference(found.logits, expected.values) <= Tolerances.logits)
  }
}
