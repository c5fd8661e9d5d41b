import ApusArchitectures
import ApusJSON
import ApusPipelines
import ApusTensors
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// A real instruct model from its GGUF file against the goldens of the shared test data.
@Suite(
  .enabled(
    if: SharedData.isPresent && RealModels.smollm2 != nil,
    "../shared or the model is absent; APUS_SMOLLM2 names its file"),
  .serialized)
struct SmolLM2Tests {
  struct Golden: Decodable {
    struct Prompt: Decodable {
      let id: String
      let prompt: String?
      let messages: [[String: String]]?
      let renderedPrompt: String?
      let promptIds, greedyIds: [Int32]
      /// The greatest logit minus the second, step by step.
      let margins: [Double]
    }
    let prompts: [Prompt]
    let eosIds: [Int32]
  }

  private let golden: Golden
  private let path: String

  init() throws {
    let folder = try #require(SharedData.folder)
    path = try #require(RealModels.smollm2)
    let url = URL(fileURLWithPath: "\(folder)/real/smollm2-135m-instruct-q4_1.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    golden = try decoder.decode(Golden.self, from: Data(contentsOf: url))
  }

  private func pipeline(encoding: StorageFormat? = nil) throws -> LoadedPipeline {
    var config = PipelineConfig(modelPath: path)
    config.encoding = encoding
    config.maxLength = 512
    config.maxBatchSize = 1
    config.threads = 2
    return try PipelineRegistry(builtInArchitectures).load(config)
  }

  @Test func promptsAndTheirIDs() throws {
    let pipeline = try pipeline()
    #expect(pipeline.architectureName == "LlamaForCausalLM")
    #expect(pipeline.endTokens.isSuperset(of: golden.eosIds))
    #expect(golden.prompts.contains { $0.renderedPrompt != nil })
    for prompt in golden.prompts {
      let ids: [Int32]
      if let messages = prompt.messages {
        let template = try #require(pipeline.chatTemplates?.template(forTools: false))
        let list = messages.map { message in
          JSONValue.object(
            JSONObject(["role", "content"].map { ($0, .string(message[$0] ?? "")) }))
        }
        var context: JSONObject = ["messages": .array(list), "add_generation_prompt": .bool(true)]
        for (name, value) in pipeline.tokenizer.templateVariables { context[name] = value }
        let rendered = try template.render(context)
        #expect(rendered.text == prompt.renderedPrompt)
        ids = pipeline.tokenizer.encode(rendered, addSpecialTokens: false)
      } else {
        ids = pipeline.tokenizer.encode(try #require(prompt.prompt), addSpecialTokens: true)
      }
      #expect(ids == prompt.promptIds, "\(prompt.id)")
    }
  }

  /// Where the golden margin is small a different token is excused, and ends the comparison.
  @Test func greedyTokensOfDecodedWeights() throws {
    var driver = try ModelDriver(
      path, encoding: .float32, execution: .plan, requests: golden.prompts.count, context: 128)
    for (request, prompt) in golden.prompts.enumerated() {
      var part = ModelDriver.Part(request: request, tokens: prompt.promptIds)
      var compared = 0
      for (expected, margin) in zip(prompt.greedyIds, prompt.margins) {
        let found = try driver.step([part]).tokens
        if found != [expected], margin <= Tolerances.goldenMargin { break }
        try #require(found == [expected], "\(prompt.id), token \(compared)")
        compared += 1
        part.tokens = found
      }
      #expect(compared > 8, "\(prompt.id)")
    }
  }
}
