import Testing

/// The house: which room may import which, and that tests and documents follow the rooms.
@Suite struct StructureTests {
  /// Level of each room; arrows point to lower levels only.
  static let levels: [String: Int] = [
    "CSystem": 0, "CPUKernels": 0, "TextKernels": 0, "JSON": 0, "Tensors": 0, "Tokenizers": 1,
    "Checkpoints": 1, "Devices": 1, "Graphs": 1, "Layers": 2, "Compiler": 2, "Pipelines": 3,
    "Architectures": 4, "Engine": 5, "Apus": 6, "Server": 7, "ApusCommand": 8,
  ]

  /// Third-party packages are allowed from this level up.
  static let thirdPartyLevel = 7
  static let standardModules: Set<String> = [
    "Foundation", "Synchronization", "Dispatch", "Glibc", "Darwin", "Musl", "Swift",
    "FoundationEssentials",
  ]

  @Test func everyRoomHasALevel() {
    #expect(Repository.rooms.filter { Self.levels[$0] == nil } == [])
  }

  @Test func arrowsPointDown() {
    for file in Repository.sources where file.isSwift {
      guard let level = Self.levels[file.room] else { continue }
      for line in file.code {
        let words = line.text.split(separator: " ").map(String.init)
        guard let at = words.firstIndex(of: "import"), at < 3, words.count > at + 1 else {
          continue
        }
        let module = words.last ?? ""
        if module.hasPrefix("Apus"), let other = Self.levels[String(module.dropFirst(4))] {
          #expect(other < level, "\(file):\(line.number): \(module) is not below")
        } else if !Self.standardModules.contains(module), module != "Apus" {
          #expect(level >= Self.thirdPartyLevel, "\(file):\(line.number): imports \(module)")
        }
      }
    }
  }

  @Test func graphsAndLayersKnowNoDevice() {
    for file in Repository.sources where ["Graphs", "Layers"].contains(file.room) {
      for line in file.code where line.text.contains("import Apus") {
        #expect(!line.text.contains("ApusDevices"), "\(file):\(line.number)")
        #expect(!line.text.contains("ApusCompiler"), "\(file):\(line.number)")
      }
    }
  }

  @Test func testsMirrorSources() {
    let supportFolders: Set = ["Support", "TidyTests", "Fixtures", "MallocCounter", "ApusTests"]
    for file in Repository.tests where !supportFolders.contains(file.room) {
      let parts = file.path.split(separator: "/").map(String.init)
      guard parts[1].hasSuffix("Tests") else {
        Issue.record("\(file): no room's tests")
        continue
      }
      let room = String(parts[1].dropLast("Tests".count))
      let folder = (["Sources", room] + parts.dropFirst(2).dropLast()).joined(separator: "/")
      let isSupport = parts.dropFirst(2).first == "Support"
      #expect(isSupport || Repository.exists(folder), "\(file): there is no \(folder)")
    }
  }

  @Test func everyRoomHasTests() {
    let rooms = Set(Repository.tests.map(\.room))
    for room in Repository.rooms where room != "CSystem" {
      #expect(rooms.contains("\(room)Tests"), "no tests for \(room)")
    }
  }

  @Test func architectureListsExactlyTheTargets() throws {
    let text = try Repository.text("ARCHITECTURE.md")
    let listed = text.split(separator: "\n").compactMap { line -> String? in
      guard line.hasPrefix("| `") else { return nil }
      return line.split(separator: "`").dropFirst().first.map(String.init)
    }
    #expect(listed.sorted() == Repository.rooms)
  }

  @Test func everyCompositeAndModelNamesItsSource() {
    for file in Repository.sources
    where file.path.hasPrefix("Sources/Graphs/Operations/")
      || (file.room == "Architectures" && file.name != "Catalog.swift")
    {
      #expect(file.lines.contains { $0.contains("- Source:") }, "\(file): no '- Source:'")
    }
  }
}
