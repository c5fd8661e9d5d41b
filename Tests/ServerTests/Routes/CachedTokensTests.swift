import ApusEngine
import ApusJSON
import ApusServer
import Testing

/// What answers and metrics say about prompts that begin like earlier ones. Pages have 8 tokens.
@Suite struct CachedTokensTests {
  /// 26 tokens with the one that begins them: 3 full pages.
  private static let prompt = "abcdefghijklmnopqrstuvwxy"

  private func cachedTokens(_ document: JSONValue?) -> JSONValue? {
    document?["usage"]?["prompt_tokens_details"]?["cached_tokens"]
  }

  @Test func completionsTellThem() async throws {
    try await withServer(.fake()) { server async throws in
      let fields: JSONObject = [
        "prompt": .string(Self.prompt), "max_tokens": 5, "temperature": 0, "ignore_eos": true,
      ]
      let first = try await server.complete(fields)
      #expect(cachedTokens(first.json) == 0)
      let second = try await server.complete(fields)
      #expect(cachedTokens(second.json) == 24)
      #expect(second.json?["usage"]?["prompt_tokens"] == 26)
      #expect(second.json?["choices"] == first.json?["choices"])
      var streamed = fields
      streamed["stream_options"] = ["include_usage": true]
      let events = try await server.stream("/v1/completions", streamed)
      #expect(cachedTokens(events.last) == 24)
      #expect(try await server.metric("apus_prefix_cache_hit_tokens_total") == 48)
      #expect(try await server.metric("apus_prompt_tokens_total") == 26 + 2 + 2)
      #expect(try await server.metric("apus_cache_pages_free") == 64)
    }
  }

  @Test func aConversationThatGoesOnHitsItsEarlierTurns() async throws {
    try await withServer(.fake()) { server async throws in
      let message: JSONValue = ["role": "user", "content": .string(Self.prompt)]
      let fields: JSONObject = [
        "messages": [message], "max_tokens": 9, "temperature": 0, "ignore_eos": true,
      ]
      let first = try await server.chat(fields)
      #expect(cachedTokens(first.json) == 0)
      let answer = first.json?["choices"]?[0]?["message"]?["content"]?.stringValue ?? ""
      var next = fields
      next["messages"] = [
        message, ["role": "assistant", "content": .string(answer)],
        ["role": "user", "content": "hi"],
      ]
      next["max_tokens"] = 2
      let second = try await server.chat(next)
      let known = try #require(cachedTokens(second.json)?.intValue)
      let asked = try #require(first.json?["usage"]?["prompt_tokens"]?.intValue)
      // Up to the page in which the answer begins at least; a page is 8 tokens.
      #expect(known >= asked / 8 * 8 && known % 8 == 0)
    }
  }

  @Test func saltsKeepCallersApart() async throws {
    try await withServer(.fake()) { server async throws in
      var fields: JSONObject = ["prompt": .string(Self.prompt), "max_tokens": 2]
      for (salt, known): (JSONValue, JSONValue) in [
        ("a", 0), ("b", 0), (.null, 0), ("a", 24), ("b", 24), (.null, 24), ("c", 0),
      ] {
        fields["cache_salt"] = salt
        #expect(cachedTokens(try await server.complete(fields).json) == known, "\(salt)")
      }
    }
  }
}
