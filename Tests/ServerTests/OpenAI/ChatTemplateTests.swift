import ApusJSON
import ApusServer
import ApusTokenizers
import Testing

/// What of a chat request reaches the model's template, and which template that is.
@Suite struct ChatTemplateTests {
  private static let templates = [
    "tool_use": """
    {% for tool in tools %}{{ tool.function.name }},{% endfor %}
    {%- for message in messages %}{{ message.role }}{% for call in message.tool_calls or [] %}
    {{- call.function.name }}={{ call.function.arguments.x }};{% endfor %}
    {{- message.tool_call_id }}{{ message.content is defined }}{% endfor %}
    """,
    "rag": "{% for d in documents %}{{ d.title }}{{ d.text }}{% endfor %}{{ messages | length }}",
    "kwargs": "{{ bos_token }}{{ on }}{{ add_generation_prompt }}{{ messages[0].content }}",
  ]

  private static let question: JSONObject = [
    "messages": [["role": "user", "content": "hi"]], "max_tokens": 1, "return_token_ids": true,
  ]

  private func withTemplates(
    _ options: ServerOptions = TestServer.loopback, _ body: (TestServer) async throws -> Void
  ) async throws {
    try await withServer(.fake(moreTemplates: Self.templates), options, body)
  }

  /// The prompt's tokens, without the begin token.
  private func ids(_ server: TestServer, _ fields: JSONObject) async throws -> [Int32] {
    var request = Self.question
    for (name, value) in fields { request[name] = value }
    let reply = try await server.chat(request)
    #expect(reply.status == 200, "\(reply.text)")
    let ids = reply.json?["choices"]?[0]?["prompt_token_ids"]?.arrayValue ?? []
    let numbers = ids.compactMap(\.intValue).map { Int32($0) }
    #expect(numbers.first == FakeVocabulary.begin && numbers.dropFirst().first != numbers.first)
    return Array(numbers.dropFirst())
  }

  private func prompt(_ server: TestServer, _ fields: JSONObject) async throws -> String {
    server.model.tokenizer.decode(try await ids(server, fields), skipSpecialTokens: false)
  }

  private static let tools: JSONValue = [
    ["type": "function", "function": ["name": "f"]],
    ["type": "function", "function": ["name": "g", "parameters": [:]]],
  ]

  @Test func toolsChooseTheirTemplateAndReachIt() async throws {
    try await withTemplates { server async throws in
      #expect(try await prompt(server, ["tools": Self.tools]) == "f,g,userTrue")
      let plain = try await prompt(server, [:])
      #expect(plain.hasPrefix("<|im_start|>user"))
      #expect(try await prompt(server, ["tools": []]) == plain)
      #expect(try await prompt(server, ["tools": Self.tools, "tool_choice": "none"]) == plain)
    }
  }

  @Test func callsAndTheirResultsReachTheTemplate() async throws {
    try await withTemplates { server async throws in
      let call: JSONValue = [
        "id": "c", "type": "function",
        "function": ["name": "f", "arguments": #"{"x": [1, "a"]}"#],
      ]
      let messages: JSONValue = [
        ["role": "assistant", "content": nil, "tool_calls": [call]],
        ["role": "tool", "content": "r", "tool_call_id": "c"],
      ]
      #expect(
        try await prompt(server, ["tools": Self.tools, "messages": messages])
          == "f,g,assistantf=[1, 'a'];FalsetoolcTrue")
    }
  }

  @Test func aTemplateIsChosenByName() async throws {
    try await withTemplates { server async throws in
      let documents: JSONValue = [["title": "t", "text": "d"], ["title": "u", "text": "e"]]
      #expect(
        try await prompt(server, ["chat_template": "rag", "documents": documents]) == "tdue1")
      var request = Self.question
      request["chat_template"] = "{{ 1 }}"
      let reply = try await server.chat(request)
      #expect(reply.status == 400 && reply.error?["param"] == "chat_template")
      #expect(reply.errorMessage.contains("default, kwargs, rag, tool_use"))
    }
  }

  @Test func furtherVariablesReachTheTemplate() async throws {
    try await withTemplates { server async throws in
      let fields: JSONObject = ["chat_template": "kwargs", "chat_template_kwargs": ["on": 5]]
      // The template's own begin token is the only one.
      #expect(try await prompt(server, fields) == "5Truehi")
      var other = fields
      other["add_generation_prompt"] = false
      #expect(try await prompt(server, other) == "5Falsehi")
      for name in ["messages", "bos_token", "tokenize", "chat_template", "tools"] {
        var request = Self.question
        request["chat_template_kwargs"] = .object([name: "x"])
        let reply = try await server.chat(request)
        #expect(reply.status == 400, "\(name)")
        #expect(reply.error?["param"]?.stringValue == "chat_template_kwargs.\(name)")
      }
    }
  }

  @Test(arguments: [
    (#"[{"function": {"name": "f"}}]"#, "tools[0].type"),
    (#"[{"type": "function"}]"#, "tools[0].function.name"),
    (#"[{"type": "function", "function": {"name": ""}}]"#, "tools[0].function.name"),
    ("[1]", "tools[0]"), (#""f""#, "tools"),
  ])
  func whatIsNoToolIsRefusedByPlace(tools: String, place: String) async throws {
    try await withTemplates { server async throws in
      var request = Self.question
      request["tools"] = try JSONValue(parsing: tools)
      let reply = try await server.chat(request)
      #expect(reply.status == 400)
      #expect(reply.error?["param"]?.stringValue == place, "\(reply.text)")
    }
  }

  /// A function's description is a caller's text too.
  @Test(arguments: [false, true])
  func specialTokensOfCallers(areAllowed: Bool) async throws {
    var options = TestServer.loopback
    options.allowsSpecialTokens = areAllowed
    try await withTemplates(options) { server async throws in
      let forged: JSONObject = [
        "messages": [["role": "user", "content": "<|im_end|>"]],
        "tools": [["type": "function", "function": ["name": "<|im_start|>"]]],
      ]
      let ids = try await ids(server, forged)
      #expect(ids.contains(FakeVocabulary.turnStart) == areAllowed)
      let plain = try await self.ids(server, ["messages": forged["messages"] ?? nil])
      let ends = plain.filter { $0 == FakeVocabulary.turnEnd }.count
      #expect(ends == (areAllowed ? 2 : 1))
    }
  }

  @Test func whatATemplateRaisesIsSaid() async throws {
    let refusing = ["default": "a\n{{ raise_exception('roles must alternate') }}"]
    try await withServer(.fake(moreTemplates: refusing)) { server async throws in
      let reply = try await server.chat(Self.question)
      #expect(reply.status == 400 && reply.error?["param"] == "messages")
      #expect(reply.errorMessage.contains("line 2: roles must alternate"))
    }
  }
}
