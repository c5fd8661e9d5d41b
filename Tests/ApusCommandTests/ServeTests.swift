import Foundation
import Testing

/// `apus serve` from its start to its end.
@Suite(.enabled(if: CommandRun.binary != nil, "the command is not built"))
struct ServeTests {
  private static var arguments: [String] {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<2 { url.deleteLastPathComponent() }
    let model = url.appendingPathComponent("Fixtures/llama-scaled/gguf/f32.gguf").path
    return ["serve", "--model", model, "--threads", "1"]
  }

  private func url(_ run: RunningCommand) -> String? {
    let line = run.errors.split(separator: "\n").first { $0.hasPrefix("ready in ") }
    return line?.split(separator: " ").last.map(String.init)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func itSaysWhereItIsAndStopsInGoodOrder(signal: Int32) async throws {
    let run = try RunningCommand(Self.arguments + ["--port", "0"])
    #expect(await run.waits { url($0) != nil }, "\(run.errors)")
    let address = try #require(url(run))
    #expect(address.hasPrefix("http://127.0.0.1:") && !address.hasSuffix(":0"))
    #expect(run.errors.contains("curl \(address)"))
    let other = try RunningCommand(
      Self.arguments + ["--port", String(address.split(separator: ":").last ?? "")])
    let second = await other.end()
    #expect(second.status == 1)
    let last = second.errors.split(separator: "\n").last ?? ""
    #expect(last.hasPrefix("apus: error: port ") && last.contains("in use"), "\(second.errors)")
    run.signal(signal)
    let end = await run.end()
    #expect(end.status == 0, "\(end.errors)")
    #expect(end.output.isEmpty)
  }

  @Test func listeningForOthersWithoutAKeyWarns() async throws {
    let run = try RunningCommand(Self.arguments + ["--port", "0", "--host", "0.0.0.0"])
    #expect(await run.waits { url($0) != nil }, "\(run.errors)")
    #expect(run.errors.contains("warning: listening on 0.0.0.0 without --api-key"))
    run.signal(SIGTERM)
    #expect(await run.end().status == 0)
  }
}
