import ApusPipelines
import ApusTensors
import Foundation
import TestSupport
import Testing

/// Writes the logits of every GGUF file of the fixtures for `Tools/oracle/peer_llama_cpp.py`.
@Suite(.enabled(if: dumpFolder != nil, "APUS_DUMP_LOGITS names no folder"))
struct LogitsDumpTests {
  @Test(arguments: ModelFixture.names) func logitsOfTheFirstPrompt(_ name: String) throws {
    let folder = URL(fileURLWithPath: try #require(dumpFolder))
    for format in ModelFixture.ggufFormats(name) {
      let fixture = try ModelFixture(name, file: "gguf/\(format).gguf")
      // In float32 the cache is float32 too, as the script asks of llama.cpp.
      var driver = try ModelDriver(
        fixture.path, encoding: format == "f32" ? .float32 : nil, execution: .plan, context: 96)
      let found = try driver.step([
        .init(request: 0, tokens: fixture.golden.prompts[0].ids, wantsAll: true)
      ])
      #expect(found.logits.allSatisfy { $0.isFinite })
      try JSONEncoder().encode(found.logits)
        .write(to: folder.appendingPathComponent("\(name)-\(format).json"))
    }
  }
}

private let dumpFolder = ProcessInfo.processInfo.environment["APUS_DUMP_LOGITS"]
