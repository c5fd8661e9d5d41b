import ApusJSON
import ApusTokenizers
import Foundation
import Testing

/// Programs with what jinja2 made of them, recorded by `Tools/template-fuzz/record.py`.
@Suite struct RecordedProgramTests {
  private static func fixture() throws -> JSONValue {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    url.appendPathComponent("Fixtures/templates/programs.json")
    return try JSONValue(parsing: [UInt8](Data(contentsOf: url)))
  }

  private static let clock = TemplateClock(
    year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)

  /// One small template for each feature, and random programs.
  @Test(arguments: ["cases", "programs"]) func rendersAsRecorded(_ part: String) throws {
    let fixture = try Self.fixture()
    let programs = try #require(fixture[part]?.arrayValue)
    #expect(programs.count > 200)
    for program in programs {
      let source = try #require(program["template"]?.stringValue)
      let context = program["context"]?.objectValue ?? fixture["context"]?.objectValue ?? [:]
      let found = Result { try ChatTemplate(source: source).render(context, clock: Self.clock) }
      switch found {
      case .success(let text):
        let isRight =
          program["renders"] == true
          || program["text"]?.stringValue.map { Array($0.utf8) } == Array(text.text.utf8)
        #expect(isRight, "\(source) gave \(text)")
      case .failure(let error):
        #expect(program["text"] == nil && program["renders"] == nil, "\(source): \(error)")
      }
    }
  }
}
