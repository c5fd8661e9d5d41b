import ApusJSON
import ApusTokenizers
import Testing

/// Which of several templates is taken, and what a request may set.
@Suite struct ChatTemplatesTests {
  private static let templates = [
    "default": "D{{ tools is none }}", "tool_use": "T{{ tools | length }}",
    "rag": "R{{ documents[0].text }}",
  ]

  private static func tokenizer() throws -> Tokenizer {
    try Tokenizer(
      tokenizerJSON: [
        "model": [
          "type": "BPE", "vocab": ["a": 0, "<s>": 1], "merges": [],
        ],
        "added_tokens": [["id": 1, "content": "<s>", "special": true]],
      ],
      config: ["bos_token": "<s>"], specialTokensMap: nil, templates: [:])
  }

  @Test func choosesAsTheReference() throws {
    let templates = try ChatTemplates(Self.templates)
    #expect(templates.names == ["default", "rag", "tool_use"])
    #expect(templates.template(forTools: false)?.source.first == "D")
    #expect(templates.template(forTools: true)?.source.first == "T")
    #expect(templates.template(named: "rag", forTools: true)?.source.first == "R")
    #expect(templates.template(named: "none", forTools: false) == nil)
    let single = try ChatTemplates(["default": "x"])
    #expect(single.template(forTools: true)?.source == "x")
    #expect(try ChatTemplates(["rag": "x"]).template(forTools: false) == nil)
  }

  @Test func passesToolsAndDocuments() throws {
    let templates = try ChatTemplates(Self.templates)
    let tokenizer = try Self.tokenizer()
    var input = ChatTemplateInput(messages: [["role": "user", "content": "a"]])
    func render(_ name: String?) throws -> String {
      let template = try #require(
        templates.template(named: name, forTools: input.tools != nil))
      return try template.render(input, tokenizer: tokenizer).text
    }
    #expect(try render(nil) == "DTrue")
    input.tools = [["name": "f"]]
    #expect(try render(nil) == "T1")
    input.documents = [["text": "doc"]]
    #expect(try render("rag") == "Rdoc")
  }

  @Test func variablesCannotTakeReservedNames() throws {
    let tokenizer = try Self.tokenizer()
    let template = try ChatTemplate(source: "{{ bos_token }}{{ enable_thinking }}")
    var input = ChatTemplateInput(messages: [], variables: ["enable_thinking": false])
    #expect(try template.render(input, tokenizer: tokenizer).text == "<s>False")
    for name in ["tokenize", "messages", "bos_token", "chat_template", "add_generation_prompt"] {
      input.variables = [name: "x"]
      let error = #expect(throws: TemplateError.self) {
        try template.render(input, tokenizer: tokenizer)
      }
      #expect(error?.kind == .forbidden)
      #expect(error?.message.contains("'\(name)'") == true)
    }
  }

  @Test func messagesArePreparedAsByTheReference() throws {
    let source = """
      {% for m in messages %}{{ m.content is defined }}{{ m.reasoning_content }}/{{ m.thinking }}\
      {% endfor %}
      """
    let text = try ChatTemplate(source: source).render(
      messages: [
        ["role": "assistant", "content": nil, "reasoning": "r"],
        ["role": "assistant", "content": "c", "thinking": "t"],
      ], tokenizer: try Self.tokenizer(), addGenerationPrompt: false)
    #expect(text.text == "Falser/rTruet/t")
  }

  @Test func specialTokensAreTheTemplates() throws {
    let template = try ChatTemplate(source: "{{ bos_token }}{{ messages[0].content }}")
    var input = ChatTemplateInput(messages: [["role": "user", "content": "<s>a"]])
    let tokenizer = try Self.tokenizer()
    let text = try template.render(input, tokenizer: tokenizer)
    #expect(text.runs.map(\.origin) == [.template, .caller])
    input.trustsCaller = true
    #expect(try template.render(input, tokenizer: tokenizer).runs.map(\.origin) == [.template])
  }

  @Test func tellsWhatTheTemplateLooksFor() throws {
    let template = try ChatTemplate(
      source: "{% macro f() %}{{ tools }}{% endmacro %}{% set documents = 1 %}{{ documents }}")
    #expect(template.reads("tools"))
    #expect(!template.reads("documents") && !template.reads("messages"))
  }

  @Test func clocksAreReadFromText() {
    let clock = TemplateClock(
      year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)
    #expect(TemplateClock(iso8601: "2026-01-02T03:04:05") == clock)
    #expect(TemplateClock(iso8601: "2026-01-02 03:04:05.678+02:00") == clock)
    #expect(TemplateClock(iso8601: "2026-01-02") == TemplateClock(year: 2026, month: 1, day: 2))
    for text in ["", "now", "2026-13-01", "2026-01", "2026-01-02T25:00:00", "2026-01-02T3"] {
      #expect(TemplateClock(iso8601: text) == nil, "\(text)")
    }
  }
}
