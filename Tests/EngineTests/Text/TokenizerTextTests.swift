import ApusEngine
import ApusPipelines
import ApusTokenizers
import TestSupport
import Testing

struct TokenizerTextTests {
  @Test(
    "the text of a stream is what the tokenizer makes of all its ids",
    .enabled(if: SharedData.isPresent, "../shared is absent"))
  func streamed() async throws {
    let folder = "\(try #require(SharedData.folder))/models/stories260K"
    let tokenizer = try Tokenizer.load(folder: folder)
    let model = FakeModel(
      vocabularySize: tokenizer.vocabularySize, pages: 100, pageSize: 4,
      limits: StepLimits(tokens: 16, requests: 4, contextLength: 200))
    let engine = EngineThread(model: model, tokenizer: tokenizer, endTokens: [])
    for seed in 0..<4 {
      var request = GenerationRequest(promptIDs: [1, 5], maxNewTokens: 150)
      request.sampling.seed = UInt64(seed)
      var (ids, text): ([Int32], String) = ([], "")
      for await case .tokens(let newIDs, let newText) in try engine.submit(request).events {
        ids += newIDs
        text += newText
      }
      #expect(ids.count == 150)
      #expect(text == tokenizer.decode(ids, skipSpecialTokens: true))
    }
    await engine.drain()
  }
}
