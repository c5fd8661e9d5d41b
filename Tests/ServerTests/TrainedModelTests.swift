import ApusArchitectures
import ApusEngine
import ApusJSON
import ApusPipelines
import ApusServer
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// A small trained model over HTTP: the golden ids, alone and together.
@Suite(.serialized, .enabled(if: SharedData.isPresent, "../shared is absent"))
struct TrainedModelTests {
  private static var folder: String { "\(SharedData.folder ?? "")/models/stories260K" }

  private func model() async throws -> ServedModel {
    var config = PipelineConfig(modelPath: Self.folder)
    config.encoding = .float32
    config.maxBatchSize = 16
    config.maxBatchInputTokens = 32
    let pipeline = try PipelineRegistry(builtInArchitectures).load(config)
    let (name, tokenizer) = (pipeline.modelName, pipeline.tokenizer)
    let (context, ends) = (pipeline.contextLength, pipeline.endTokens)
    let engine = EngineThread(model: pipeline.model, tokenizer: tokenizer, endTokens: ends)
    #expect(await engine.waitUntilStarted() == nil)
    return ServedModel(
      name: name, engine: engine, tokenizer: tokenizer, chatTemplates: nil,
      contextLength: context, defaults: SamplingDefaults(), created: 0)
  }

  @Test func goldenIDs() async throws {
    let golden = try JSONValue(
      parsing: String(contentsOfFile: "\(Self.folder)/golden.json", encoding: .utf8))
    let ids = try #require(golden["greedy_ids"]?.arrayValue)
    try await withServer(model()) { server async throws in
      let fields: JSONObject = [
        "prompt": [1], "max_tokens": 200, "temperature": 0, "return_token_ids": true,
      ]
      let whole = try await server.complete(fields)
      #expect(whole.json?["choices"]?[0]?["token_ids"] == .array(Array(ids.dropFirst())))
      let events = try await server.stream("/v1/completions", fields)
      let texts = events.compactMap { $0["choices"]?[0]?["text"]?.stringValue }
      #expect(texts.joined() == whole.json?["choices"]?[0]?["text"]?.stringValue)
      #expect(
        .array(events.flatMap { $0["choices"]?[0]?["token_ids"]?.arrayValue ?? [] })
          == whole.json?["choices"]?[0]?["token_ids"])
      #expect(try await server.complete(["prompt": ""]).status == 200)
    }
  }

  /// Each of 16 streams gets exactly the text that it gets alone.
  @Test func sixteenTogether() async throws {
    let prompts = (0..<16).map { index in
      String(
        ["Once upon a time", "Lily and Tom", "The big dog was sad", "One day"][index % 4]
          + String(repeating: ", and then", count: index % 5))
    }
    func fields(_ index: Int) -> JSONObject {
      [
        "prompt": .string(prompts[index]), "max_tokens": .int(40 + index), "seed": .int(index),
        "ignore_eos": true,
      ]
    }
    try await withServer(model()) { server async throws in
      var alone: [String] = []
      for index in prompts.indices {
        let reply = try await server.complete(fields(index))
        alone.append(try #require(reply.json?["choices"]?[0]?["text"]?.stringValue))
      }
      #expect(Set(alone).count == 16)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in prompts.indices {
          let (fields, expected) = (fields(index), alone[index])
          group.addTask {
            let events = try await server.stream("/v1/completions", fields)
            let texts = events.compactMap { $0["choices"]?[0]?["text"]?.stringValue }
            #expect(texts.joined() == expected)
          }
        }
        try await group.waitForAll()
      }
      #expect(try await server.metric("apus_batch_size_peak") > 4)
      #expect(try await server.metric("apus_prefill_chunks_total") > 0)
      let pages = try await server.metric("apus_cache_pages")
      #expect(try await server.metric("apus_cache_pages_free") == pages)
    }
  }
}
