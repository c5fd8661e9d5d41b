import ApusPipelines
import ApusTensors
import Foundation
import TestSupport
import Testing

/// Quantised files of trained models against their own weights decoded to float32.
@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct QuantizedModelTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var model: String
    var format: String
    var tolerance: Double
    var testDescription: String { "\(model) in \(format)" }
  }

  static let cases = ["stories260K", "babyllama-105"].flatMap { model in
    ["f16", "bf16", "q5_0", "q5_1"].map {
      Case(model: model, format: $0, tolerance: Tolerances.decodedLogits)
    }
      + ["q8_0", "q4_0", "q4_1"].map {
        Case(model: model, format: $0, tolerance: Tolerances.eightBitLogits)
      }
  }

  @Test(arguments: cases) func logitsOfDecodedWeights(_ test: Case) throws {
    let folder = "\(SharedData.folder ?? "")/models/\(test.model)"
    let tokens = try TrainedModelTests.Case(
      model: test.model, execution: .plan
    ).golden().greedyIds.prefix(32)
    let part = ModelDriver.Part(request: 0, tokens: Array(tokens), wantsAll: true)
    let path = "\(folder)/\(test.model)-\(test.format).gguf"
    var stored = try ModelDriver(path, encoding: nil, execution: .plan, context: 64)
    var decoded = try ModelDriver(path, encoding: .float32, execution: .plan, context: 64)
    let error = VectorMeasures.relativeError(
      try stored.step([part]).logits, try decoded.step([part]).logits)
    #expect(error <= test.tolerance)
    // Something was rounded, so the gate compares two different computations.
    #expect(error > 0)
  }

  /// The float32 file with every matrix from another file in turn.
  static func mixed(_ model: String) throws -> GGUFEditor {
    let folder = "\(SharedData.folder ?? "")/models/\(model)"
    var editor = try GGUFEditor(path: "\(folder)/\(model)-f32.gguf")
    let others = try ["f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1"].map {
      try GGUFEditor(path: "\(folder)/\(model)-\($0).gguf")
    }
    for (index, tensor) in editor.tensors.enumerated() where tensor.sizes.count > 1 {
      let other = others[index % others.count]
      editor.tensors[index] = other.tensors[try #require(other.index(of: tensor.name))]
    }
    return editor
  }

  @Test("matrices of seven types in one file", arguments: ["stories260K", "babyllama-105"])
  func mixedTypes(model: String) throws {
    let editor = try Self.mixed(model)
    #expect(Set(editor.tensors.map(\.type)).count == 8)
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("apus-mixed-\(UUID().uuidString).gguf")
    try Data(editor.file).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let tokens = try TrainedModelTests.Case(model: model, execution: .plan)
      .golden().greedyIds.prefix(32)
    let part = ModelDriver.Part(request: 0, tokens: Array(tokens), wantsAll: true)
    func logits(_ encoding: StorageFormat?, _ execution: PipelineConfig.Execution) throws -> [Float]
    {
      var driver = try ModelDriver(
        path.path, encoding: encoding, execution: execution, context: 64)
      return try driver.step([part]).logits
    }
    let exact = try logits(.float32, .interpreter)
    #expect(
      VectorMeasures.greatestDifference(try logits(.float32, .plan), exact) <= Tolerances.logits)
    let error = VectorMeasures.relativeError(try logits(nil, .plan), exact)
    #expect(error <= Tolerances.eightBitLogits && error > 0)
  }
}
