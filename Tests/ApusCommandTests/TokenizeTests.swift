import ApusJSON
import Foundation
import Testing

/// `apus tokenize`: ids line by line, and how fast a file is encoded.
@Suite(.enabled(if: CommandRun.binary != nil, "the command is not built"))
struct TokenizeTests {
  private static let files = [
    "tokenizer.json": """
    {"pre_tokenizer": {"type": "Whitespace"},
     "model": {"type": "WordLevel", "vocab": {"?": 0, "a": 1, "b": 2}, "unk_token": "?"}}
    """,
    "text": String(repeating: "a b\nb a a\n", count: 50) + "a",
  ]

  @Test func everyLineHasItsAnswer() async throws {
    try await CommandRun.withFiles(Self.files) { folder in
      let lines = """
        {"text": "a b c"}

        {"ids": [2, 1]}
        {"ids": ["a"]}
        {"text"
        {}
        """
      let run = try await CommandRun.of(
        "tokenize", "--json-lines", "--tokenizer", folder + "/tokenizer.json", input: lines)
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let answers = try run.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
      #expect(answers.count == 5)
      #expect(answers[0] == ["ids": [1, 2, 0]] && answers[1] == ["text": "b a"])
      #expect(answers[2]["error"]?.stringValue?.contains("integers") == true)
      #expect(answers[3]["error"]?.stringValue?.hasPrefix("line 5, column ") == true)
      #expect(answers[4]["error"] != nil)
    }
  }

  @Test func filesThatAreNotThereAreNamed() async throws {
    try await CommandRun.withFiles(["tokenizer.json": Self.files["tokenizer.json"] ?? ""]) {
      let run = try await CommandRun.of(
        "tokenize", "--tokenizer", $0 + "/tokenizer.json", "--bench", $0 + "/nope")
      #expect(run.status == 1)
      #expect(run.errors == "apus: error: \($0)/nope: No such file or directory\n")
    }
  }

  @Test(arguments: [
    ["--chunk", "1"], ["--chunk", "7"], ["--chunk", "9223372036854775807"], ["--threads", "2"],
    ["--threads", "2", "--chunk", "40"], ["--operation", "decode"],
  ])
  func aFileIsMeasured(_ options: [String]) async throws {
    try await CommandRun.withFiles(Self.files) { folder in
      let running = try RunningCommand(
        [
          "tokenize", "--tokenizer", folder + "/tokenizer.json", "--bench", folder + "/text",
          "--json",
        ] + options)
      let run = await running.end()
      #expect(run.status == 0, "\(run.errors)")
      let result = try JSONValue(parsing: run.output)
      #expect(result["tokens"] == 251)
      for key in ["load_s", "mb_s"] { #expect((result[key]?.doubleValue ?? 0) > 0, "\(key)") }
    }
  }
}
