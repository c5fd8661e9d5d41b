import ApusPipelines
import ApusTensors
import TestSupport
import Testing

/// Fixtures in half precision and in block formats against the same weights in float32.
@Suite struct QuantizedFixtureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var format: String
    var testDescription: String { "\(name) in \(format)" }
  }

  static let cases = ModelFixture.names.flatMap { name in
    ModelFixture.ggufFormats(name).filter { $0.hasPrefix("q") }.map {
      Case(name: name, format: $0)
    }
  }

  private func logits(
    _ fixture: ModelFixture, _ encoding: StorageFormat?
  ) throws -> [Float] {
    var driver = try ModelDriver(
      fixture.path, encoding: encoding, execution: .plan, context: 96)
    let tokens = fixture.golden.prompts[0].ids + fixture.golden.prompts[0].greedyIds.prefix(32)
    return try driver.step([.init(request: 0, tokens: tokens, wantsAll: true)]).logits
  }

  private func expectNear(_ found: [Float], _ expected: [Float], _ tolerance: Double) {
    let error = VectorMeasures.relativeError(found, expected)
    #expect(error <= tolerance)
    // Something was rounded, so two different computations are compared.
    #expect(error > 0)
  }

  @Test(arguments: cases) func logitsOfDecodedWeights(_ test: Case) throws {
    let fixture = try ModelFixture(test.name, file: "gguf/\(test.format).gguf")
    expectNear(
      try logits(fixture, nil), try logits(fixture, .float32), Tolerances.eightBitLogits)
  }

  @Test(arguments: ModelFixture.names) func halfPrecision(_ name: String) throws {
    let fixture = try ModelFixture(name)
    expectNear(
      try logits(fixture, .float16), try logits(fixture, .float32), Tolerances.decodedLogits)
  }
}
