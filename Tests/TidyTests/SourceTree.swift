import Foundation

/// A text file of the repository.
struct SourceFile: Sendable, CustomStringConvertible {
  /// Relative to the repository, such as `Sources/JSON/JSONValue.swift`.
  let path: String
  let lines: [String]

  var description: String { path }
  var isSwift: Bool { path.hasSuffix(".swift") }
  var isC: Bool { path.hasSuffix(".c") || path.hasSuffix(".h") }
  /// The folder below `Sources` or `Tests`.
  var room: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
  var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

  /// Lines with their numbers, comments and string literals blanked out.
  var code: [(number: Int, text: String)] {
    lines.enumerated().map { ($0.offset + 1, Self.withoutCommentsAndStrings($0.element)) }
  }

  static func withoutCommentsAndStrings(_ line: String) -> String {
    var result = ""
    var inString = false
    var previous: Character = " "
    for character in line {
      if character == "\"", previous != "\\" {
        inString.toggle()
        result.append(character)
      } else if !inString, character == "/", previous == "/" {
        result.removeLast()
        return result
      } else if !inString {
        result.append(character)
      }
      previous = character == "\\" && previous == "\\" ? " " : character
    }
    return result
  }
}

/// The checkout that these tests are part of.
enum Repository {
  static let root: URL = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url
  }()

  static let files: [SourceFile] = ["Sources", "Tests"].flatMap { read(below: $0) }

  static var sources: [SourceFile] { files.filter { $0.path.hasPrefix("Sources/") } }
  static var tests: [SourceFile] { files.filter { $0.path.hasPrefix("Tests/") } }

  /// Folders below `Sources`.
  static var rooms: [String] { Array(Set(sources.map(\.room))).sorted() }

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }

  private static func read(below folder: String) -> [SourceFile] {
    let base = root.appendingPathComponent(folder).path
    guard let paths = FileManager.default.enumerator(atPath: base) else { return [] }
    return paths.compactMap { $0 as? String }.sorted().compactMap { path in
      guard [".swift", ".c", ".h"].contains(where: path.hasSuffix),
        let text = try? String(contentsOfFile: "\(base)/\(path)", encoding: .utf8)
      else { return nil }
      return SourceFile(path: "\(folder)/\(path)", lines: text.components(separatedBy: "\n"))
    }
  }
}
