import ApusCheckpoints
import Foundation
import Testing

@Suite struct GGUFPartsTests {
  /// What a part says of itself; nil leaves the key out.
  struct Part {
    var number: UInt32?
    var count: UInt32?
    var tensors: UInt32?
    var names: [String]
  }

  static func file(_ part: Part) -> [UInt8] {
    var file = GGUFBytes()
    if part.number ?? 0 == 0 {
      file.add("general.architecture", string: "llama")
      file.add("llama.embedding_length", number: 8)
    }
    if let number = part.number { file.add("split.no", number: number) }
    if let count = part.count { file.add("split.count", number: count) }
    if let tensors = part.tensors { file.add("split.tensors.count", number: tensors) }
    for name in part.names { file.add(name, shape: [1], [Float(name.utf8.count)]) }
    return file.file
  }

  static let parts = [
    Part(number: 0, count: 3, tensors: 4, names: ["a"]),
    Part(number: 1, count: 3, tensors: 4, names: ["bb", "ccc"]),
    Part(number: 2, count: 3, tensors: 4, names: ["dddd"]),
  ]

  static func name(_ number: Int) -> String { "m-0000\(number)-of-00003.gguf" }

  static func folder(_ change: (inout [Part]) -> Void = { _ in }) throws -> TemporaryFolder {
    var parts = parts
    change(&parts)
    let folder = try TemporaryFolder()
    for (index, part) in parts.enumerated() { try folder.write(name(index + 1), file(part)) }
    return folder
  }

  static func failure(
    opening number: Int = 1, _ change: (inout [Part]) -> Void
  ) throws -> CheckpointError? {
    let folder = try folder(change)
    return #expect(throws: CheckpointError.self) {
      try Checkpoint.open("\(folder.path)/\(name(number))")
    }
  }

  @Test("the folder and any of the parts open the whole", arguments: 0...3)
  func whole(number: Int) throws {
    let folder = try Self.folder()
    let path = number == 0 ? folder.path : "\(folder.path)/\(Self.name(number))"
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint.tensors.keys.sorted() == ["a", "bb", "ccc", "dddd"])
    #expect(checkpoint.gguf?.architecture == "llama")
    #expect(try checkpoint.config["hidden_size"] == 8)
    let weights = try WeightAdapter.identity.adapt(checkpoint)
    for name in checkpoint.tensors.keys {
      #expect(try weights.storage(of: name).floats() == [Float(name.utf8.count)])
    }
  }

  @Test("a missing part is named", arguments: [0, 1, 2, 3], [1, 2, 3])
  func missing(opened: Int, missing: Int) throws {
    if opened == missing { return }
    let folder = try Self.folder()
    try FileManager.default.removeItem(atPath: "\(folder.path)/\(Self.name(missing))")
    let path = opened == 0 ? folder.path : "\(folder.path)/\(Self.name(opened))"
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
    #expect(error?.file == "\(folder.path)/\(Self.name(missing))")
    #expect(error?.expected == "part \(missing) of 3 beside the others")
    #expect(error?.found == "nothing there")
  }

  @Test("a part that says it is another is refused", arguments: [1, 3])
  func otherNumber(opened: Int) throws {
    let error = try Self.failure(opening: opened) { $0[1].number = 2 }
    #expect(error?.file.hasSuffix(Self.name(2)) == true)
    #expect(error?.subject == .field("split.no"))
    #expect(error?.expected == "1, as its name says" && error?.found == "2")
  }

  @Test func otherCount() throws {
    let whole = try Self.failure { $0[2].count = 1 }
    #expect(whole?.file.hasSuffix(Self.name(3)) == true)
    #expect(whole?.subject == .field("split.count"))
    let more = try Self.failure { $0[0].count = 4 }
    #expect(more?.subject == .field("split.count"))
    #expect(more?.expected.contains("-of-00004.gguf") == true)
    let none = try Self.failure { $0[1].count = nil }
    #expect(none?.found == "nothing")
    let huge = try Self.failure { $0[0].count = .max }
    #expect(huge?.subject == .field("split.count"))
  }

  @Test func tensors() throws {
    let fewer = try Self.failure { $0[1].names = ["bb"] }
    #expect(fewer?.subject == .field("split.tensors.count"))
    #expect(fewer?.expected == "4 tensors in 3 parts" && fewer?.found == "3")
    let twice = try Self.failure { $0[2].names = ["a"] }
    #expect(twice?.subject == .tensor("a"))
    #expect(twice?.found.hasSuffix("\(Self.name(1)) too") == true)
  }

  @Test("a part under another name cannot lead to the others")
  func renamed() throws {
    let folder = try Self.folder()
    try folder.write("model.gguf", Self.file(Self.parts[0]))
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint.open("\(folder.path)/model.gguf")
    }
    #expect(error?.subject == .field("split.count"))
    let several = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(several?.found == "m-00001-of-00003.gguf, model.gguf")
  }

  @Test("a file of its own may have any name")
  func alone() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.name(1), Self.file(Part(names: ["a"])))
    #expect(try Checkpoint.open(folder.path).tensors.count == 1)
  }
}
