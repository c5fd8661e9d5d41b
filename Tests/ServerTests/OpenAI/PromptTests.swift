import ApusJSON
import Testing

/// Prompts as text, lists of texts, token ids and lists of them.
@Suite struct PromptTests {
  private func ids(_ text: String) -> [Int32] { text.map(FakeVocabulary.letter) }

  private func json(_ ids: [Int32]) -> JSONValue { .array(ids.map { .int(Int($0)) }) }

  @Test func textAndIDsOfTheSameTokensGiveTheSame() async throws {
    try await withServer(.fake()) { server async throws in
      let fields: JSONObject = ["max_tokens": 5, "temperature": 0, "return_token_ids": true]
      var asText = fields
      asText["prompt"] = "abc"
      var asIDs = fields
      asIDs["prompt"] = json([FakeVocabulary.begin] + ids("abc"))
      let (first, second) = (try await server.complete(asText), try await server.complete(asIDs))
      let choice = try #require(first.json?["choices"]?[0])
      #expect(choice == second.json?["choices"]?[0])
      #expect(choice["prompt_token_ids"] == json([1] + ids("abc")))
      let expected = FakeModel.greedy([1] + ids("abc"), 5)
      #expect(choice["token_ids"] == json(expected))
      #expect(choice["text"]?.stringValue == FakeVocabulary.letters(expected))
      let ended = expected.last == FakeVocabulary.end
      #expect(choice["finish_reason"]?.stringValue == (ended ? "stop" : "length"))
      #expect(choice["logprobs"] == .null && choice["index"] == 0)
      #expect(
        first.json?["usage"]
          == [
            "prompt_tokens": 4, "completion_tokens": .int(expected.count),
            "total_tokens": .int(4 + expected.count),
            "prompt_tokens_details": ["cached_tokens": 0],
          ])
      #expect(first.json?["object"] == "text_completion")
      #expect(first.json?["id"]?.stringValue?.hasPrefix("cmpl-") == true)
    }
  }

  @Test func listsGiveOneChoiceEachAndTheirSumOfUsage() async throws {
    try await withServer(.fake()) { server async throws in
      let prompts: [JSONValue] = [
        ["abc", "de"], [json([1] + ids("abc")), json([1] + ids("de"))],
      ]
      for prompt in prompts {
        let reply = try await server.complete([
          "prompt": prompt, "max_tokens": 4, "temperature": 0, "ignore_eos": true,
        ])
        let choices = try #require(reply.json?["choices"]?.arrayValue)
        #expect(choices.map { $0["index"]?.intValue } == [0, 1])
        for (choice, text) in zip(choices, ["abc", "de"]) {
          let expected = FakeModel.greedy([1] + ids(text), 4, ignoreEnd: true)
          #expect(choice["text"]?.stringValue == FakeVocabulary.letters(expected))
        }
        #expect(reply.json?["usage"]?["prompt_tokens"] == 7)
        #expect(reply.json?["usage"]?["completion_tokens"] == 8)
      }
    }
  }

  @Test(arguments: [
    "[]", "[[]]", #"[["a"]]"#, "[1, \"a\"]", "[-1]", "[288]", "[[5], [288]]", "[1.5]",
    "[9223372036854775808]", "5", "{}", "true", "null", "[null]", "[[1], []]",
  ])
  func whatIsNoPromptIsRefused(prompt: String) async throws {
    try await withServer(.fake()) { server async throws in
      let reply = try await server.call(
        "POST", "/v1/completions", body: Array("{\"prompt\": \(prompt)}".utf8))
      #expect(reply.status == 400, "\(reply.text)")
      #expect(reply.error?["param"] == "prompt")
    }
  }

  @Test func aMissingPromptIsNamed() async throws {
    try await withServer(.fake()) { server async throws in
      #expect(try await server.complete([:]).error?["param"] == "prompt")
      #expect(try await server.chat([:]).error?["param"] == "messages")
    }
  }

  @Test func emptyTextNeedsAFirstToken() async throws {
    try await withServer(.fake()) { server async throws in
      let reply = try await server.complete(["prompt": "", "max_tokens": 1])
      #expect(reply.status == 200)
      #expect(reply.json?["usage"]?["prompt_tokens"] == 1)
    }
    try await withServer(.fake(addsBegin: false)) { server async throws in
      let reply = try await server.complete(["prompt": "", "max_tokens": 1])
      #expect(reply.status == 400 && reply.errorMessage.contains("empty text"))
      #expect(try await server.complete(["prompt": ["a", ""]]).status == 400)
    }
  }

  /// The context is 96 tokens; a begin token is added to a text.
  @Test func aPromptIsNeverCut() async throws {
    try await withServer(.fake()) { server async throws in
      func reply(_ letters: Int) async throws -> HTTPReply {
        try await server.complete([
          "prompt": .string(String(repeating: "a", count: letters)), "max_tokens": 50,
          "ignore_eos": true,
        ])
      }
      for letters in [95, 96, 500] {
        let long = try await reply(letters)
        #expect(long.status == 400 && long.errorCode == "context_length_exceeded")
        #expect(long.errorMessage.contains("\(letters + 1) tokens"))
        #expect(long.errorMessage.contains("96"))
      }
      let last = try await reply(94)
      #expect(last.json?["usage"]?["completion_tokens"] == 1)
      #expect(last.json?["choices"]?[0]?["finish_reason"] == "length")
      let message: JSONValue = [
        ["role": "user", "content": .string(String(repeating: "a", count: 100))]
      ]
      let chat = try await server.chat(["messages": message])
      #expect(chat.status == 400 && chat.error?["param"] == "messages")
      #expect(chat.errorCode == "context_length_exceeded")
    }
  }

  @Test func defaultsAreSixteenTokensAndForChatTheRestOfTheContext() async throws {
    try await withServer(.fake()) { server async throws in
      let text = try await server.complete(["prompt": "abc", "ignore_eos": true])
      #expect(text.json?["usage"]?["completion_tokens"] == 16)
      let chat = try await server.chat([
        "messages": [["role": "user", "content": "a"]], "ignore_eos": true,
      ])
      #expect(chat.json?["usage"]?["total_tokens"] == 96)
    }
  }

  @Test func controlTokensInAPromptAreControlTokens() async throws {
    try await withServer(.fake()) { server async throws in
      let reply = try await server.complete([
        "prompt": "<|im_start|>a<|im_end|>", "max_tokens": 1, "return_token_ids": true,
      ])
      let expected: [Int32] = [
        1, FakeVocabulary.turnStart, FakeVocabulary.letter("a"), FakeVocabulary.turnEnd,
      ]
      #expect(reply.json?["choices"]?[0]?["prompt_token_ids"] == json(expected))
    }
  }

  @Test func stopStringsEndTheTextBeforeThem() async throws {
    try await withServer(.fake()) { server async throws in
      let whole = FakeVocabulary.letters(FakeModel.greedy([1] + ids("b"), 30, ignoreEnd: true))
      let stop = String(whole.dropFirst(7).prefix(3))
      let fields: JSONObject = [
        "prompt": "b", "max_tokens": 30, "temperature": 0, "ignore_eos": true,
        "stop": ["never there", .string(stop)],
      ]
      let reply = try await server.complete(fields)
      let choice = try #require(reply.json?["choices"]?[0])
      let before = whole[..<(try #require(whole.firstRange(of: stop))).lowerBound]
      #expect(choice["text"]?.stringValue == String(before))
      #expect(choice["finish_reason"] == "stop")
      let events = try await server.stream("/v1/completions", fields)
      let texts = events.compactMap { $0["choices"]?[0]?["text"]?.stringValue }
      #expect(texts.joined() == String(before))
      #expect(events.last?["choices"]?[0]?["finish_reason"] == "stop")
    }
  }

  @Test func aSeedRepeatsAndNoSeedDoesNot() async throws {
    try await withServer(.fake()) { server async throws in
      func texts(_ seed: JSONValue, _ prompt: JSONValue = "q") async throws -> [String] {
        let reply = try await server.complete([
          "prompt": prompt, "max_tokens": 30, "seed": seed, "ignore_eos": true,
        ])
        return reply.json?["choices"]?.arrayValue?.compactMap { $0["text"]?.stringValue } ?? []
      }
      #expect(try await texts(7) == texts(7))
      #expect(try await texts(7) != texts(8))
      #expect(try await texts(.null) != texts(.null))
      let together = try await texts(7, ["q", "q"])
      #expect(try await together == texts(7) + texts(7))
      let unseeded = try await texts(.null, ["q", "q"])
      #expect(unseeded.count == 2 && unseeded.first != unseeded.last)
    }
  }
}
