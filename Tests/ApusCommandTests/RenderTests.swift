import ApusJSON
import Foundation
import Testing

/// `apus render`: prompts, whole and line by line.
@Suite(.enabled(if: CommandRun.binary != nil, "the command is not built"))
struct RenderTests {
  private static let template = """
    {{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}
    {% endfor %}{{ strftime_now('%Y') }}{% if add_generation_prompt %}[assistant]{% endif %}
    """

  private static let environment = """
    {"special_tokens": {"bos_token": "<s>"}, "now": "2026-01-02T03:04:05", "env": "ignored"}
    """

  @Test func messagesBecomeAPrompt() async throws {
    let files = [
      "t.jinja": Self.template, "v.json": Self.environment,
      "m.json": #"[{"role": "user", "content": "hi"}]"#,
    ]
    try await CommandRun.withFiles(files) { folder in
      let template = folder + "/t.jinja"
      let variables = folder + "/v.json"
      let whole = try await CommandRun.of(
        "render", "--template", template, "--variables", variables, folder + "/m.json")
      #expect(whole.status == 0, "\(whole.errors)")
      #expect(whole.output == "<s>[user]hi\n2026[assistant]")
      let context = #"{"messages": [], "bos_token": "B", "add_generation_prompt": false}"#
      let other = try await CommandRun.of(
        "render", "--template", template, "--variables", variables, input: context)
      #expect(other.output == "B2026")
      let open = try await CommandRun.of(
        "render", "--template", template, "--variables", variables, "--no-add-generation-prompt",
        input: "[]")
      #expect(open.output == "<s>2026")
    }
  }

  @Test func everyLineHasItsAnswer() async throws {
    let files = ["t.jinja": "\n{{ messages | length }}{{ x.y }}", "bad.jinja": "{{ x"]
    try await CommandRun.withFiles(files) { folder in
      let lines = """
        {"messages": [1, 2], "x": {}}
        {"messages": [], "x": {"y": "é\\n"}}

        {"messages": []}
        {"messages"
        [1]
        """
      let run = try await CommandRun.of(
        "render", "--json-lines", "--template", folder + "/t.jinja", input: lines)
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let answers = try run.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
      #expect(answers.count == 5)
      #expect(answers[0] == ["text": "\n2"] && answers[1] == ["text": "\n0é\n"])
      #expect(answers[2]["error"]?.stringValue?.contains("line 2") == true)
      #expect(answers[3]["error"] != nil && answers[4]["error"] != nil)
      let bad = try await CommandRun.of(
        "render", "--json-lines", "--template", folder + "/bad.jinja", input: "{}\n{}\n")
      #expect(bad.status == 0)
      #expect(bad.output.split(separator: "\n").count == 2 && bad.output.contains("line 1"))
    }
  }

  @Test func aFolderHasTemplatesWithNames() async throws {
    let files = [
      "tokenizer_config.json": #"{"bos_token": "<b>", "chat_template": "D{{ bos_token }}"}"#,
      "additional_chat_templates/tool_use.jinja": "T{{ tools | length }}",
      "additional_chat_templates/rag.jinja": "R",
    ]
    try await CommandRun.withFiles(files) { folder in
      func prompt(_ input: String, _ options: String...) async throws -> CommandRun {
        let running = try RunningCommand(["render", "--model", folder] + options, input: input)
        return await running.end()
      }
      #expect(try await prompt("[]").output == "D<b>")
      #expect(try await prompt(#"{"tools": [{}]}"#).output == "T1")
      #expect(try await prompt("[]", "--template-name", "rag").output == "R")
      let unknown = try await prompt("[]", "--template-name", "other")
      #expect(unknown.status == 1 && unknown.errors.contains("default, rag, tool_use"))
    }
  }

  @Test func failuresAreOneLine() async throws {
    let files = ["t.jinja": "{{ raise_exception('no') }}", "v.json": "[]"]
    try await CommandRun.withFiles(files) { folder in
      let template = folder + "/t.jinja"
      for (arguments, input, named) in [
        (["--template", template], "[]", "line 1: no"), (["--template", template], "{", "input"),
        (["--template", template], "5", "a number"),
        (["--template", folder + "/none"], "[]", "none"),
        (["--template", template, "--variables", folder + "/v.json"], "[]", "v.json"),
        (["--model", folder], "[]", folder),
      ] {
        let run = await (try RunningCommand(["render"] + arguments, input: input)).end()
        #expect(run.status == 1 && run.output.isEmpty)
        #expect(run.errors.hasPrefix("apus: error: "), "\(run.errors)")
        #expect(run.errors.contains(named), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1)
      }
      #expect(try await CommandRun.of("render").status == 2)
      #expect(try await CommandRun.of("render", "--template", "a", "--model", "b").status == 2)
    }
  }
}
