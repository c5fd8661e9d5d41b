import ApusJSON
import Testing

/// A stream says what the whole answer says.
@Suite struct StreamTests {
  private func joined(_ events: [JSONValue], _ index: Int, _ part: (JSONValue) -> String?) -> String
  {
    choices(events, index).compactMap(part).joined()
  }

  private func choices(_ events: [JSONValue], _ index: Int) -> [JSONValue] {
    events.flatMap { $0["choices"]?.arrayValue ?? [] }.filter { $0["index"]?.intValue == index }
  }

  private func ids(_ choices: [JSONValue]) -> [JSONValue] {
    choices.flatMap { $0["token_ids"]?.arrayValue ?? [] }
  }

  @Test func textOfSeveralPrompts() async throws {
    try await withServer(.fake()) { server async throws in
      let fields: JSONObject = [
        "prompt": ["abc", "z", "héllo wörld"], "max_tokens": 20, "temperature": 0,
        "return_token_ids": true, "stream_options": ["include_usage": true],
      ]
      var whole = fields
      whole["stream_options"] = nil
      let reply = try await server.complete(whole)
      let events = try await server.stream("/v1/completions", fields)
      for index in 0..<3 {
        let expected = try #require(reply.json?["choices"]?[index])
        let parts = choices(events, index)
        #expect(joined(events, index) { $0["text"]?.stringValue } == expected["text"]?.stringValue)
        #expect(.array(ids(parts)) == expected["token_ids"])
        #expect(parts.first?["prompt_token_ids"] == expected["prompt_token_ids"])
        #expect(parts.dropFirst().allSatisfy { $0["prompt_token_ids"] == nil })
        #expect(parts.last?["finish_reason"] == expected["finish_reason"])
        #expect(parts.dropLast().allSatisfy { $0["finish_reason"] == .null })
      }
      // The prompt "z" makes the model end at once: an end token, and no text.
      #expect(ids(choices(events, 1)) == [.int(Int(FakeVocabulary.end))])
      var usage = try #require(reply.json?["usage"]?.objectValue)
      // The second time one page of the third prompt was known.
      usage["prompt_tokens_details"] = ["cached_tokens": 8]
      #expect(events.last?["usage"] == .object(usage))
      #expect(events.last?["choices"] == [])
      #expect(events.dropLast().allSatisfy { $0["usage"] == .null })
      #expect(Set(events.compactMap { $0["id"]?.stringValue }).count == 1)
      #expect(events.allSatisfy { $0["object"] == "text_completion" })
    }
  }

  @Test func chat() async throws {
    try await withServer(.fake()) { server async throws in
      let fields: JSONObject = [
        "messages": [["role": "user", "content": "hi"]], "max_tokens": 12, "seed": 3,
        "ignore_eos": true, "return_token_ids": true,
      ]
      let reply = try await server.chat(fields)
      let events = try await server.stream("/v1/chat/completions", fields)
      let expected = try #require(reply.json?["choices"]?[0])
      let parts = choices(events, 0)
      #expect(parts.first?["delta"] == ["role": "assistant", "content": ""])
      #expect(parts.first?["prompt_token_ids"] == expected["prompt_token_ids"])
      #expect(parts.last?["delta"] == [:] && parts.last?["finish_reason"] == "length")
      let text = joined(events, 0) { $0["delta"]?["content"]?.stringValue }
      #expect(text == expected["message"]?["content"]?.stringValue)
      #expect(.array(ids(parts)) == expected["token_ids"])
      #expect(ids(parts).count == 12)
      #expect(events.allSatisfy { $0["object"] == "chat.completion.chunk" })
      #expect(events.allSatisfy { $0["usage"] == nil })
    }
  }

  @Test func idsAreTheirsAlone() async throws {
    try await withServer(.fake()) { server async throws in
      let events = try await server.stream("/v1/completions", ["prompt": "a", "max_tokens": 3])
      #expect(choices(events, 0).allSatisfy { $0["token_ids"] == nil })
      #expect(choices(events, 0).allSatisfy { $0["prompt_token_ids"] == nil })
    }
  }

  @Test(arguments: [
    (#"{"include_usage": 1}"#, "stream_options.include_usage"), ("5", "stream_options"),
    (#"{"colour": true}"#, "stream_options.colour"),
  ])
  func optionsAreChecked(options: String, parameter: String) async throws {
    try await withServer(.fake()) { server async throws in
      let body = "{\"prompt\": \"a\", \"stream\": true, \"stream_options\": \(options)}"
      let reply = try await server.call("POST", "/v1/completions", body: Array(body.utf8))
      #expect(reply.status == 400)
      #expect(reply.error?["param"]?.stringValue == parameter)
    }
  }

  @Test func aFailureWhileStreamingIsToldAndTheServerGoesOn() async throws {
    let control = FakeControl()
    try await withServer(.fake(control)) { server async throws in
      control.failNextStep()
      let events = try await server.stream("/v1/completions", ["prompt": "a", "max_tokens": 3])
      #expect(events.count == 1)
      #expect(events[0]["error"]?["code"] == "internal_error")
      #expect(events[0]["error"]?["message"]?.stringValue?.contains("fake step failed") == true)
      control.failNextStep()
      let whole = try await server.complete(["prompt": "a"])
      #expect(whole.status == 500 && whole.errorCode == "internal_error")
      #expect(try await server.complete(["prompt": "a"]).status == 200)
      #expect(try await server.metric("apus_cache_pages_free") == 64)
    }
  }

  @Test func manyAtOnceGetWhatEachGetsAlone() async throws {
    let control = FakeControl()
    control.stepSeconds = 0.001
    try await withServer(.fake(control)) { server async throws in
      let prompts = (0..<16).map { index in
        (0...index).map { place in
          let code = UInt8(97 + (place * 7 + index) % 25)
          return String(UnicodeScalar(code))
        }.joined()
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for prompt in prompts {
          group.addTask {
            let events = try await server.stream(
              "/v1/completions",
              ["prompt": .string(prompt), "max_tokens": 30, "temperature": 0])
            let ids = [FakeVocabulary.begin] + prompt.map(FakeVocabulary.letter)
            #expect(
              joined(events, 0) { $0["text"]?.stringValue }
                == FakeVocabulary.letters(FakeModel.greedy(ids, 30)))
          }
        }
        try await group.waitForAll()
      }
      #expect(try await server.metric("apus_batch_size_peak") > 1)
      #expect(try await server.metric("apus_cache_pages_free") == 64)
    }
  }
}
