import ApusPipelines
import ApusTensors
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
}
