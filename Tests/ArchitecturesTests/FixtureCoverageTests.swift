import ApusArchitectures
import ApusCheckpoints
import ApusPipelines
import ApusTensors
import TestSupport
import Testing

/// Every family has fixtures, and `apus list` prints what the gates run with.
@Suite struct FixtureCoverageTests {
  private func fixtures(of wanted: SupportedArchitecture) throws -> [String] {
    let registry = PipelineRegistry(builtInArchitectures)
    return try ModelFixture.names.filter { name in
      let checkpoint = try Checkpoint.open("\(ModelFixture.folder)/\(name)")
      return try registry.architecture(of: checkpoint).model == wanted.model
    }
  }

  @Test(arguments: builtInArchitectures.map(\.name))
  func everyFamilyHasAFixtureInItsFormats(_ name: String) throws {
    let architecture = try #require(builtInArchitectures.first { $0.name == name })
    let fixtures = try fixtures(of: architecture)
    #expect(!fixtures.isEmpty)
    #expect((architecture.weightAdapters[.gguf] != nil) == (architecture.ggufArchitecture != nil))
    if let gguf = architecture.ggufArchitecture {
      for fixture in fixtures {
        let formats = ModelFixture.ggufFormats(fixture)
        #expect(formats.contains("f32") && formats.contains("bf16"), "\(fixture)")
        let path = "\(ModelFixture.folder)/\(fixture)/gguf/f32.gguf"
        #expect(try Checkpoint.open(path).config.modelType == gguf)
      }
    }
  }

  @Test(arguments: builtInArchitectures.map(\.name))
  func listedEncodingsAreThoseOfTheGates(_ name: String) throws {
    let architecture = try #require(builtInArchitectures.first { $0.name == name })
    // The gates of fixtures, and half precision of each.
    var proved: Set<StorageFormat> = [.float32, .bfloat16, .float16]
    for fixture in try fixtures(of: architecture) {
      proved.formUnion(ModelFixture.ggufFormats(fixture).compactMap(PipelineConfig.format))
    }
    if architecture.model == CausalLM<LlamaLayer>.self {
      proved.formUnion(QuantizedModelTests.cases.map(\.format).compactMap(PipelineConfig.format))
    }
    #expect(Set(architecture.provedEncodings) == proved)
  }
}
