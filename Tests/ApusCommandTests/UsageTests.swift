import ApusJSON
import Foundation
import Testing

/// Exit codes and messages: 0 success, 1 failure, 2 wrong use.
@Suite(.enabled(if: CommandRun.binary != nil, "the command is not built"))
struct UsageTests {
  private static var fixture: String {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<2 { url.deleteLastPathComponent() }
    return url.appendingPathComponent("Fixtures/llama-scaled/gguf/f32.gguf").path
  }

  @Test func helpAndVersion() async throws {
    for arguments in [
      ["--help"], ["serve", "--help"], ["generate", "--help"], ["list", "--help"],
    ] {
      let run = await (try RunningCommand(arguments)).end()
      #expect(run.status == 0 && run.output.contains("USAGE: apus"))
    }
    let version = try await CommandRun.of("--version")
    #expect(version.status == 0 && !version.output.isEmpty)
  }

  @Test(arguments: [
    (["serv"], "serv"), (["generate", "--prompt", "x"], "--model"),
    (["generate", "--model", "x"], "--prompt"),
    (["generate", "--model", "x", "--bogus"], "--bogus"),
    (["generate", "--model", "x", "--prompt", "a", "--cpu-isa", "z80"], "--cpu-isa"),
    (["generate", "--model", "x", "--prompt", "a", "--prompt-ids", "1"], "both"),
    (["generate", "--model", "x", "--prompt-ids", "1,a"], "--prompt-ids"),
    (["generate", "--model", "x", "--prompt-ids", ""], "--prompt-ids"),
    (["generate", "--model", "x", "--prompt-ids", "1", "--chat"], "--chat"),
    (["generate", "--model", "x", "--prompt", "a", "--max-new-tokens", "0"], "--max-new-tokens"),
    (["generate", "--model", "x", "--prompt", "a", "--temperature", "-1"], "--temperature"),
    (["generate", "--model", "x", "--prompt", "a", "--temperature", "nan"], "--temperature"),
    (["generate", "--model", "x", "--prompt", "a", "--top-p", "2"], "--top-p"),
    (["generate", "--model", "x", "--prompt", "a", "--threads", "0"], "--threads"),
    (["generate", "--model", "x", "--prompt", "a", "--devices", "gpu"], "--devices"),
    (["generate", "--model", "x", "--prompt", "a", "--execution", "slow"], "--execution"),
    (["generate", "--model", "x", "--prompt", "a", "--dump", "all"], "--dump"),
    (
      ["generate", "--model", "x", "--prompt", "a", "--quantization-encoding", "float8"],
      "--quantization-encoding"
    ),
    (
      ["generate", "--model", "x", "--prompt", "a", "--kv-cache-format", "q8_0"],
      "--kv-cache-format"
    ),
    (["tokenize", "--model", "x", "--bench", "f", "--chunk", "0"], "--chunk"),
    (["tokenize", "--model", "x", "--bench", "f", "--threads", "0"], "--threads"),
    (["tokenize", "--model", "x", "--bench", "f", "--operation", "learn"], "--operation"),
    (["serve", "--model", "x", "--port", "70000"], "--port"),
    (["serve", "--model", "x", "--enable-prefix-caching", "no"], "no"),
    (["serve", "--model", "x", "--api-key", ""], "--api-key"),
    (["serve", "--model", "x", "--kv-cache-pages", "0"], "--kv-cache-pages"),
  ])
  func wrongUse(arguments: [String], named: String) async throws {
    let run = await (try RunningCommand(arguments)).end()
    #expect(run.status == 2, "\(run.errors)")
    #expect(run.errors.contains(named), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test func anUnknownFlagSuggestsTheNearest() async throws {
    let run = try await CommandRun.of("serve", "--model", "x", "--max-batch-sise", "3")
    #expect(run.status == 2)
    #expect(run.errors.contains("--max-batch-size"))
  }

  @Test(arguments: [
    ["--model", "/nowhere/at/all"], ["--model", "/"],
    ["--model", fixture, "--max-length", "100000"],
    ["--model", fixture, "--chat-template", "/nowhere.jinja"],
    ["--model", fixture, "--prompt-ids", "1,100000"], ["--model", fixture, "--prompt-ids=-1"],
    ["--model", fixture, "--quantization-encoding", "q4_0"],
  ])
  func aFailureIsOneLine(arguments: [String]) async throws {
    let prompt = arguments.contains { $0.hasPrefix("--prompt-ids") } ? [] : ["--prompt-ids", "1"]
    let run = await (try RunningCommand(["generate"] + arguments + prompt)).end()
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.output.isEmpty)
    let last = run.errors.split(separator: "\n").last ?? ""
    #expect(last.hasPrefix("apus: error: "), "\(run.errors)")
    if arguments[1].hasPrefix("/nowhere") {
      #expect(run.errors.split(separator: "\n").count == 1)
      #expect(last.contains("/nowhere/at/all"))
    }
  }

  @Test func theListNamesArchitecturesAndProvedEncodings() async throws {
    let run = try await CommandRun.of("list", "--json")
    #expect(run.status == 0 && run.output.split(separator: "\n").count == 1)
    let json = try JSONValue(parsing: run.output)
    let entries = try #require(json["architectures"]?.arrayValue)
    let names = entries.compactMap { $0["name"]?.stringValue }
    #expect(names.contains("LlamaForCausalLM") && names.contains("GPT2LMHeadModel"))
    for entry in entries {
      #expect(entry["encodings"]?.arrayValue?.contains("float32") == true)
      #expect(entry["task"] == "text-generation")
    }
    let plain = try await CommandRun.of("list")
    #expect(names.allSatisfy { plain.output.contains($0) })
  }

  @Test func generateAsJSONIsOneFlatObject() async throws {
    let run = try await CommandRun.of(
      "generate", "--model", Self.fixture, "--prompt-ids", "1,2, 3", "--max-new-tokens", "5",
      "--temperature", "0", "--ignore-eos", "--json", "--threads", "1")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
    let json = try JSONValue(parsing: run.output)
    #expect(
      json.objectValue?.keys == [
        "prompt_ids", "ids", "text", "finish_reason", "prompt_tok_s", "generate_tok_s", "ttft_s",
      ])
    #expect(json["prompt_ids"] == [1, 2, 3])
    #expect(json["ids"]?.arrayValue?.count == 5 && json["finish_reason"] == "length")
    #expect(run.errors.contains("tokens/s") && run.errors.contains("first token"))
    // Start-up tells its phases and the memory plan.
    #expect(run.errors.contains("map weights") && run.errors.contains("weights"))
    let again = try await CommandRun.of(
      "generate", "--model", Self.fixture, "--prompt-ids", "1,2,3", "--max-new-tokens", "5",
      "--temperature", "0", "--ignore-eos", "--json", "--execution", "interpreter")
    #expect(try JSONValue(parsing: again.output)["ids"] == json["ids"])
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalEndsAGenerationInGoodOrder(signal: Int32) async throws {
    let run = try RunningCommand([
      "generate", "--model", Self.fixture, "--prompt-ids", "1", "--max-new-tokens", "120",
      "--temperature", "0", "--ignore-eos", "--execution", "interpreter",
    ])
    #expect(await run.waits { $0.output.count > 2 })
    run.signal(signal)
    let end = await run.end()
    #expect(end.status == 0, "\(end.errors)")
    #expect(end.errors.contains("tokens/s"))
  }
}
