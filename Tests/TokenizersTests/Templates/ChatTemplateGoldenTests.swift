import ApusJSON
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// Real chat templates against what jinja2 renders.
@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct ChatTemplateGoldenTests {
  static let clock = TemplateClock(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)

  @Test func allTemplates() throws {
    let cases = try #require(SharedFile.json("chat-templates/cases.json").objectValue)
    let expected = try #require(SharedFile.json("chat-templates/expected.json").objectValue)
    let environment = try SharedFile.json("chat-templates/environment.json")
    let special = try #require(environment["special_tokens"]?.objectValue)
    var exact = 0
    for (name, results) in expected {
      let source = String(
        decoding: try SharedFile.bytes("chat-templates/templates/\(name)"), as: UTF8.self)
      let template = try ChatTemplate(source: source)
      var isExact = true
      for (caseName, result) in results.objectValue ?? [:] {
        guard var context = cases[caseName]?.objectValue else { continue }
        for (key, value) in special { context[key] = value }
        let found = Result { try template.render(context, clock: Self.clock).text }
        if !Self.agrees(found, result) {
          isExact = false
          Issue.record("\(name), \(caseName): \(found) instead of \(result)")
        }
      }
      if isExact { exact += 1 }
    }
    #expect(exact == 90)
  }

  /// The same text byte by byte, or an error where the reference has one.
  private static func agrees(_ found: Result<String, any Error>, _ expected: JSONValue) -> Bool {
    switch found {
    case .success(let text):
      expected["text"]?.stringValue.map { Array($0.utf8) } == Array(text.utf8)
    case .failure: expected["error"] != nil
    }
  }
}
