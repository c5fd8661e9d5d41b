import Foundation
import Testing

/// Words that have no place in this code.
@Suite struct WordTests {
  static let bannedSuffixes = [
    "Manager", "Helper", "Utils", "Base", "Impl", "Factory", "Wrapper", "Info", "Data", "Misc",
  ]

  @Test func typesAreNamedForWhatTheyAre() {
    let kinds = ["struct", "class", "enum", "protocol", "actor", "typealias"]
    for file in Repository.sources where file.isSwift {
      for line in file.code {
        let words = line.text.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" })
        for (kind, name) in zip(words, words.dropFirst()) where kinds.contains(String(kind)) {
          let banned = Self.bannedSuffixes.first { name.hasSuffix($0) }
          #expect(banned == nil, "\(file):\(line.number): type '\(name)' ends in '\(banned ?? "")'")
        }
      }
    }
  }

  @Test func nothingIsLeftUndone() {
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "not imple" + "mented"]
    for file in Repository.files {
      for (number, line) in file.lines.enumerated() {
        for mark in marks where line.contains(mark) {
          Issue.record("\(file):\(number + 1): '\(mark)'")
        }
      }
    }
  }

  @Test func librariesNeitherPrintNorTrap() {
    for file in Repository.sources where file.isSwift {
      for line in file.code {
        for word in ["try!", "as!", "fatalError()"] where line.text.contains(word) {
          Issue.record("\(file):\(line.number): '\(word)'")
        }
        if file.room != "ApusCommand", Self.calls("print", in: line.text) {
          Issue.record("\(file):\(line.number): print outside the command")
        }
        if file.room != "ApusCommand",
          line.text.contains("getenv") || line.text.contains(".environment[")
        {
          Issue.record("\(file):\(line.number): libraries read no environment")
        }
      }
    }
  }

  static func calls(_ name: String, in line: String) -> Bool {
    var rest = line[...]
    while let range = rest.range(of: name + "(") {
      let before =
        range.lowerBound > line.startIndex ? line[line.index(before: range.lowerBound)] : " "
      if !before.isLetter, !before.isNumber, before != "_", before != "." { return true }
      rest = rest[range.upperBound...]
    }
    return false
  }

  @Test func unsafeStaysInItsRooms() {
    let rooms = ["Devices"]
    let files = [
      // The mapped file; kernels by their C symbols; mapped bytes handed to a device; the text
      // kernels.
      "Sources/Checkpoints/MappedFile.swift", "Sources/Compiler/KernelTable+BuiltIn.swift",
      "Sources/Compiler/WeightSource.swift", "Sources/Tokenizers/Encoding/PieceKernels.swift",
    ]
    for file in Repository.sources where file.isSwift && !rooms.contains(file.room) {
      if files.contains(file.path) { continue }
      for line in file.code where line.text.split(separator: " ").contains("unsafe") {
        Issue.record("\(file):\(line.number): unsafe")
      }
    }
  }

  @Test func testsUsePackageAccess() {
    for file in Repository.tests {
      for line in file.code where line.text.contains("@testable") {
        Issue.record("\(file):\(line.number): @testable")
      }
    }
  }
}
