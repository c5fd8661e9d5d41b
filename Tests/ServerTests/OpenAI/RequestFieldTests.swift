import ApusJSON
import ApusServer
import Testing

/// Every field of a request is implemented, accepted at the value that changes nothing, or refused
/// by name.
@Suite struct RequestFieldTests {
  struct Case: Sendable, CustomStringConvertible {
    let fields: String
    /// The field that the refusal names.
    var parameter: String?
    var code: String?
    var path = "/v1/completions"

    var description: String { "\(path) \(fields)" }
  }

  /// The body of a request that is right, and what a case adds to it.
  static func body(_ test: Case) -> [UInt8] {
    let prompt =
      test.path == "/v1/completions"
      ? #""prompt": "abc""# : #""messages": [{"role": "user", "content": "abc"}]"#
    // The case itself may give the field.
    let name = test.fields.prefix { $0 != ":" }
    let others = [prompt, #""max_tokens": 2"#].filter { !$0.hasPrefix(name) }
    return Array("{\((others + [test.fields]).joined(separator: ", "))}".utf8)
  }

  static let bothPaths = ["/v1/completions", "/v1/chat/completions"]

  /// Implemented and neutral values of both routes.
  static let accepted: [Case] =
    bothPaths.flatMap { path in
      [
        #""model": "fake""#, #""model": null"#, #""temperature": 0"#, #""temperature": 2"#,
        #""temperature": null"#, #""top_p": 1"#, #""top_p": 0.5"#, #""top_k": 0"#, #""top_k": -1"#,
        #""top_k": 40"#, #""min_p": 0.05"#, #""seed": -1"#, #""seed": 9223372036854775807"#,
        #""max_tokens": 1"#, #""max_tokens": 2147483647"#, #""max_completion_tokens": 2"#,
        #""max_tokens": 16.0"#, #""stop": "x""#, #""stop": ["x", "y"]"#, #""stop": []"#,
        #""stop": null"#, #""ignore_eos": true"#, #""return_token_ids": false"#,
        #""stream": false"#, #""stream_options": null"#, #""n": 1"#, #""frequency_penalty": 0"#,
        #""presence_penalty": 0.0"#, #""repetition_penalty": 1"#, #""logit_bias": {}"#,
        #""min_tokens": 0"#, #""skip_special_tokens": true"#, #""user": "me""#,
        #""metadata": {"a": "b"}"#, #""cache_salt": "mine""#, #""logprobs": false"#,
        #""logprobs": null"#,
      ].map { Case(fields: $0, path: path) }
    } + [#""best_of": 1"#, #""echo": false"#, #""suffix": """#].map { Case(fields: $0) }
    + [
      #""top_logprobs": 0"#, #""tools": []"#, #""tool_choice": "none""#,
      #""parallel_tool_calls": true"#, #""response_format": {"type": "text"}"#, #""store": false"#,
      #""service_tier": "auto""#, #""modalities": ["text"]"#, #""reasoning_effort": null"#,
      #""documents": []"#, #""chat_template": "default""#, #""chat_template_kwargs": {"a": 1}"#,
      #""add_generation_prompt": false"#,
    ].map { Case(fields: $0, path: "/v1/chat/completions") }

  /// Wrong types, values out of range, and what is not supported, on both routes.
  static let refused: [Case] =
    bothPaths.flatMap { path in
      [
        ("model", "5"), ("temperature", "-0.1"), ("temperature", "\"hot\""),
        ("temperature", "1e400"), ("temperature", "101"), ("top_p", "1.01"), ("top_p", "-1"),
        ("top_k", "-2"), ("top_k", "1.5"), ("top_k", "9223372036854775808"), ("min_p", "-0.5"),
        ("min_p", "2"), ("seed", "9223372036854775808"), ("seed", "\"1\""), ("max_tokens", "0"),
        ("max_tokens", "-1"), ("max_tokens", "9223372036854775808"), ("max_tokens", "1e30"),
        ("max_tokens", "2147483648"), ("max_tokens", "[]"), ("max_completion_tokens", "true"),
        ("max_completion_tokens", "0"), ("stop", "5"), ("stop", "\"\""), ("stop", "[1]"),
        ("stop", "[\"\"]"),
        ("stop", "[\(Array(repeating: "\"x\"", count: 17).joined(separator: ","))]"),
        ("ignore_eos", "1"), ("return_token_ids", "\"yes\""), ("stream", "\"true\""),
        ("stream_options", "{\"include_usage\": true}"), ("n", "2"), ("n", "1000000000"),
        ("n", "0"), ("frequency_penalty", "1e308"), ("presence_penalty", "-2"),
        ("repetition_penalty", "1.1"), ("logit_bias", "{\"5\": 1}"), ("min_tokens", "1"),
        ("skip_special_tokens", "false"), ("logprobs", "true"), ("logprobs", "5"),
        ("cache_salt", "\"\""), ("cache_salt", "5"), ("cache_salt", "[\"a\"]"),
        ("cache_salt", "\"\(String(repeating: "s", count: 1025))\""),
        ("temprature", "0"), ("best_off", "1"),
      ].map { Case(fields: "\"\($0.0)\": \($0.1)", parameter: $0.0, path: path) }
    }
    + [("best_of", "2"), ("echo", "true"), ("suffix", "\"x\""), ("messages", "[]")].map {
      Case(fields: "\"\($0.0)\": \($0.1)", parameter: $0.0)
    }
    + [
      ("top_logprobs", "1000000"), ("tools", "{}"), ("tool_choice", "\"required\""),
      ("functions", "[{}]"), ("response_format", "{\"type\": \"json_object\"}"),
      ("store", "true"), ("reasoning_effort", "\"high\""), ("modalities", "[\"audio\"]"),
      ("prompt", "\"abc\""), ("chat_template_kwargs", "5"), ("documents", "\"a\""),
      ("chat_template", "\"{{ 1 }}\""), ("chat_template", "5"),
      // The template does not look at these.
      ("tools", "[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]"),
      ("documents", "[{\"text\": \"a\"}]"),
    ].map {
      Case(fields: "\"\($0.0)\": \($0.1)", parameter: $0.0, path: "/v1/chat/completions")
    }

  @Test func whatChangesNothingIsAccepted() async throws {
    try await withServer(.fake()) { server async throws in
      for test in Self.accepted {
        let reply = try await server.call("POST", test.path, body: Self.body(test))
        #expect(reply.status == 200, "\(test): \(reply.text)")
      }
    }
  }

  @Test func everythingElseIsRefusedByName() async throws {
    try await withServer(.fake()) { server async throws in
      for test in Self.refused {
        let reply = try await server.call("POST", test.path, body: Self.body(test))
        #expect(reply.status == 400, "\(test): \(reply.text)")
        #expect(reply.error?["param"]?.stringValue == test.parameter, "\(test): \(reply.text)")
        #expect(reply.error?["type"]?.stringValue == "invalid_request_error")
        #expect(reply.errorMessage.contains(test.parameter ?? ""))
      }
      #expect(try await server.metric("apus_cache_pages_free") == 64)
    }
  }

  @Test func unknownFieldsAreIgnoredWhereThatIsAllowed() async throws {
    var options = TestServer.loopback
    options.allowsExtraFields = true
    try await withServer(.fake(), options) { server async throws in
      #expect(
        try await server.complete(["prompt": "a", "max_tokens": 1, "colour": "red"]).status == 200)
      let messages: JSONValue = [["role": "user", "content": "a", "mood": "good"]]
      #expect(
        try await server.chat(["messages": messages, "max_tokens": 1, "colour": 1]).status == 200)
      // Known and not supported is another matter.
      #expect(try await server.complete(["prompt": "a", "n": 2]).status == 400)
      let calls: JSONValue = [["role": "assistant", "content": "a", "tool_calls": [1]]]
      #expect(try await server.chat(["messages": calls]).status == 400)
    }
  }

  @Test func twoNamesOfOneLimitMustAgree() async throws {
    try await withServer(.fake()) { server async throws in
      let reply = try await server.complete([
        "prompt": "a", "max_tokens": 2, "max_completion_tokens": 3,
      ])
      #expect(reply.status == 400 && reply.errorMessage.contains("max_tokens"))
    }
  }

  @Test func theModelMayBeAbsentRightOrNotFound() async throws {
    try await withServer(.fake()) { server async throws in
      let reply = try await server.complete(["prompt": "a", "max_tokens": 1])
      #expect(reply.json?["model"] == "fake")
      for path in Self.bothPaths {
        let wrong = try await server.post(
          path,
          ["model": "gpt", "prompt": "a", "messages": [["role": "user", "content": "a"]]])
        #expect(wrong.status == 404 && wrong.errorCode == "model_not_found")
        #expect(wrong.errorMessage.contains("'gpt'") && wrong.errorMessage.contains("'fake'"))
      }
    }
  }
}
