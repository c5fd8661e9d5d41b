import ApusPipelines
import ApusTensors
import TestSupport
import Testing

/// The model gates on the committed fixtures: against `transformers`, in float32 and bfloat16.
@Suite struct FixtureGateTests {
  /// A fixture and what runs it.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var file: String?
    var execution: PipelineConfig.Execution
    var isDeferred = false
    var testDescription: String {
      "\(name)\(file.map { "/\($0)" } ?? "") by \(execution.rawValue)\(isDeferred ? ", deferred" : "")"
    }

    var fixture: ModelFixture { get throws { try ModelFixture(name, file: file) } }

    func driver(
      _ fixture: ModelFixture, encoding: StorageFormat? = .float32, requests: Int = 1
    ) throws -> ModelDriver {
      try ModelDriver(
        fixture.path, encoding: encoding, execution: execution,
        isDeferred: isDeferred, requests: requests, context: 96)
    }
  }

  static let cases = ModelFixture.names.flatMap { name in
    [
      Case(name: name, execution: .interpreter),
      Case(name: name, execution: .plan),
      Case(name: name, execution: .plan, isDeferred: true),
    ]
      + ggufs(name, "f32").map { Case(name: name, file: $0, execution: .plan) }
  }

  /// Files whose matrices are bfloat16.
  static let stored = ModelFixture.names.flatMap { name in
    (["bf16"] + ggufs(name, "bf16")).map { Case(name: name, file: $0, execution: .plan) }
  }

  /// The GGUF file of a format, where the fixture has it; `FixtureCoverageTests` asks for them.
  static func ggufs(_ name: String, _ format: String) -> [String] {
    ModelFixture.ggufFormats(name).filter { $0 == format }.map { "gguf/\($0).gguf" }
  }

  @Test(arguments: cases) func logitsOfWholePrompts(_ test: Case) throws {
    let fixture = try test.fixture
    for prompt in fixture.golden.prompts {
      var driver = try test.driver(fixture)
      let found = try driver.step([.init(request: 0, tokens: prompt.ids, wantsAll: true)])
      let difference = VectorMeasures.greatestDifference(found.logits, prompt.logits)
      #expect(difference <= Tolerances.logits)
    }
  }

  @Test(arguments: cases) func greedyTokens(_ test: Case) throws {
    let fixture = try test.fixture
    var driver = try test.driver(fixture, requests: fixture.golden.prompts.count)
    for (request, prompt) in fixture.golden.prompts.enumerated() {
      #expect(prompt.greedyIds.count == Tolerances.greedyTokens)
      let found = try driver.greedy(
        request: request, prompt: prompt.ids, count: Tolerances.greedyTokens)
      #expect(found == prompt.greedyIds)
    }
  }

  /// Prompts in parts of several sizes, beside requests that decode already.
  @Test(arguments: cases) func raggedSteps(_ test: Case) throws {
    let fixture = try test.fixture
    let prompts = fixture.golden.prompts
    var driver = try test.driver(fixture, requests: prompts.count)
    var done = prompts.map { _ in 0 }
    var logits = prompts.map { _ in [Float]() }
    var tokens = prompts.map { _ in [Int32]() }
    for step in 0..<12 {
      var parts: [ModelDriver.Part] = []
      for (request, prompt) in prompts.enumerated() where (step + request) % 3 != 2 {
        let rest = prompt.ids.dropFirst(done[request])
        let next = rest.isEmpty ? tokens[request].suffix(1) : rest.prefix(5 - request)
        if next.isEmpty { continue }
        parts.append(.init(request: request, tokens: Array(next), wantsAll: !rest.isEmpty))
      }
      let found = try driver.step(parts)
      var row = 0
      for part in parts {
        let (request, rows) = (part.request, part.tokens.count)
        if part.wantsAll {
          let range = row * driver.vocabulary..<(row + rows) * driver.vocabulary
          logits[request] += found.logits[range]
          done[request] += rows
          row += rows - 1
        }
        if done[request] == prompts[request].ids.count { tokens[request].append(found.tokens[row]) }
        row += 1
      }
    }
    for (request, prompt) in prompts.enumerated() {
      let difference = VectorMeasures.greatestDifference(logits[request], prompt.logits)
      #expect(difference <= Tolerances.logits)
      #expect(!tokens[request].isEmpty)
      #expect(tokens[request] == Array(prompt.greedyIds.prefix(tokens[request].count)))
    }
  }

  /// Stored in float32 and rounded at load, and stored in bfloat16.
  @Test(arguments: cases + stored) func bfloat16(_ test: Case) throws {
    let fixture = try test.fixture
    let golden = fixture.golden.bfloat16
    let encoding: StorageFormat? = test.file?.contains("bf16") == true ? nil : .bfloat16
    var driver = try test.driver(fixture, encoding: encoding, requests: 2)
    let prompt = fixture.golden.prompts[0].ids
    let found = try driver.step([.init(request: 0, tokens: prompt, wantsAll: true)])
    let error = VectorMeasures.relativeError(found.logits, golden.logits)
    #expect(error <= Tolerances.bfloat16Logits)

    var tokens: [Int32] = []
    var part = ModelDriver.Part(request: 1, tokens: prompt)
    for (expected, best) in zip(golden.greedyIds, golden.best) {
      let step = try driver.step([part])
      tokens.append(step.tokens[0])
      part.tokens = step.tokens
      if step.tokens[0] == expected { continue }
      let ours = step.logits.indices.sorted { step.logits[$0] > step.logits[$1] }
      #expect(best.contains(step.tokens[0]))
      #expect(ours.prefix(Tolerances.bestTokens).contains(Int(expected)))
      break
    }
    #expect(!tokens.isEmpty)
  }
}
