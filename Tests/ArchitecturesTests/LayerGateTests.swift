import ApusPipelines
import ApusTensors
import TestSupport
import Testing

/// Every layer's output against stored activations of `transformers`; the first bad one is named.
@Suite struct LayerGateTests {
  private let columns = 32

  /// In the order of computation.
  private func names(_ fixture: ModelFixture) -> [String] {
    let layers = fixture.golden.activations.count - 2
    return ["embedding"] + (0..<layers).map { "layers.\($0)" } + ["norm"]
  }

  private func activations(_ fixture: ModelFixture) throws -> [String: [Float]] {
    var driver = try ModelDriver(
      fixture.path, encoding: .float32, execution: .interpreter, context: 96)
    let model = try #require(driver.model as? InterpretedModel)
    model.taps = Set(names(fixture))
    let prompt = fixture.golden.prompts[0].ids
    _ = try driver.step([.init(request: 0, tokens: prompt, wantsAll: true)])
    return model.lastOutputs.mapValues(\.floats)
  }

  static let cases = ModelFixture.names.flatMap { name in
    [FixtureGateTests.Case(name: name, execution: .interpreter)]
      + FixtureGateTests.ggufs(name, "f32").map {
        FixtureGateTests.Case(name: name, file: $0, execution: .interpreter)
      }
  }

  @Test(arguments: cases) func layersPointWhereTheyShould(_ test: FixtureGateTests.Case) throws {
    let fixture = try test.fixture
    let found = try activations(fixture)
    let bad = FirstBadLayer.find(
      names(fixture), found: found, expected: fixture.golden.activations, columns: columns)
    #expect(bad == nil)
  }

  @Test func theFirstBadLayerIsNamed() throws {
    let fixture = try ModelFixture("llama-tied")
    var expected = fixture.golden.activations
    // Row 3 of the last layer turns by more than the gate allows.
    expected["layers.1"]?[3 * columns] += 1
    expected["norm"]?[0] += 1
    let bad = FirstBadLayer.find(
      names(fixture), found: try activations(fixture), expected: expected, columns: columns)
    #expect(bad?.hasPrefix("layers.1, row 3") == true)
  }
}
