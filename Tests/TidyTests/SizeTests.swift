import Testing

/// Files and functions that a person can take in.
@Suite struct SizeTests {
  static let largestFile = 500
  static let largestFunction = 70
  static let largestLine = 100
  static let largestMedian = 150

  @Test func filesAreAtMost500Lines() {
    for file in Repository.files {
      #expect(file.lines.count <= Self.largestFile + 1, "\(file): \(file.lines.count) lines")
    }
  }

  @Test func theMedianSourceFileIsAtMost150Lines() {
    let counts = Repository.sources.map(\.lines.count).sorted()
    let median = counts.isEmpty ? 0 : counts[counts.count / 2]
    #expect(median <= Self.largestMedian, "median \(median)")
  }

  @Test func linesAreAtMost100Columns() {
    for file in Repository.sources {
      for (number, line) in file.lines.enumerated() where line.count > Self.largestLine {
        Issue.record("\(file):\(number + 1): \(line.count) columns")
      }
    }
  }

  @Test func functionsAreAtMost70Lines() {
    for file in Repository.files where file.isSwift {
      for function in Self.functions(of: file) {
        #expect(
          function.length <= Self.largestFunction,
          "\(file):\(function.line): \(function.length) lines")
      }
    }
  }

  /// Functions by their first line and the closing brace of the same indentation.
  static func functions(of file: SourceFile) -> [(line: Int, length: Int)] {
    var found: [(line: Int, length: Int)] = []
    let code = file.code
    for (index, line) in code.enumerated() {
      let words = line.text.split(whereSeparator: { " (<?".contains($0) })
      guard words.prefix(6).contains(where: { $0 == "func" || $0 == "init" }),
        !line.text.contains("{ get"), line.text.contains("func ") || line.text.contains("init")
      else { continue }
      let indentation = line.text.prefix { $0 == " " }.count
      let closing = String(repeating: " ", count: indentation) + "}"
      if line.text.contains("{"), line.text.contains("}") { continue }
      guard
        let end = code[(index + 1)...].firstIndex(where: {
          $0.text == closing || $0.text.prefix { $0 == " " }.count < indentation && !$0.text.isEmpty
        })
      else { continue }
      if code[end].text == closing { found.append((line.number, end - index + 1)) }
    }
    return found
  }

  @Test func functionLengthsAreFound() {
    let text = ["struct A {", "  func f() {", "    g()", "  }", "  init?(x: Int) {", "  }", "}"]
    let found = Self.functions(of: SourceFile(path: "Sources/X/A.swift", lines: text))
    #expect(found.map(\.line) == [2, 5])
    #expect(found.map(\.length) == [3, 2])
  }
}
