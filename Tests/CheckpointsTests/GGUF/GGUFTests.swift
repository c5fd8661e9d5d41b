import ApusCheckpoints
import ApusTensors
import Testing

@Suite struct GGUFTests {
  static func tiny(version: UInt32 = 3) -> GGUFBytes {
    var file = GGUFBytes(version: version)
    file.add("general.architecture", string: "llama")
    file.add("a.number", number: 7)
    file.add("tokenizer.ggml.tokens", strings: ["a", "bé", ""])
    file.add("w", shape: [2, 3], [1, 2, 3, 4, 5, 6])
    file.add("v", shape: [5], [1, 2, 3, 4, 5])
    return file
  }

  static func open(_ file: GGUFBytes) throws(CheckpointError) -> GGUF {
    try GGUF(MappedFile(file.file, name: "tiny.gguf"))
  }

  @Test(arguments: [1, 2, 3] as [UInt32])
  func versions(version: UInt32) throws {
    let file = try Self.open(Self.tiny(version: version))
    #expect(file.metadata.version == Int(version))
    #expect(file.metadata.integer("a.number") == 7)
    #expect(file.metadata.strings("tokenizer.ggml.tokens") == ["a", "bé", ""])
    #expect(file.tensors.map(\.name) == ["w", "v"])
    #expect(file.tensors[0].shape == [2, 3])
    #expect(file.tensors[0].format == .float32)
    #expect(file.tensors[0].byteCount == 24)
  }

  @Test("truncated at every byte it is an error", arguments: [1, 2, 3] as [UInt32])
  func truncation(version: UInt32) throws {
    let whole = Self.tiny(version: version).file
    for count in 0..<whole.count {
      #expect(throws: CheckpointError.self, "cut at \(count)") {
        try GGUF(MappedFile(Array(whole[..<count]), name: "cut.gguf"))
      }
    }
  }

  @Test("changed at any byte it never crashes")
  func mutation() throws {
    let whole = Self.tiny().file
    var numbers = SeededNumbers(3)
    for at in whole.indices {
      for value in [0, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &numbers)] {
        var changed = whole
        changed[at] = value
        let file = try? GGUF(MappedFile(changed, name: "changed.gguf"))
        for tensor in file?.tensors ?? [] { #expect(tensor.byteCount <= whole.count) }
        _ = file?.metadata.strings("tokenizer.ggml.tokens")
      }
    }
  }

  static func failure(_ change: (inout GGUFBytes) -> Void) -> CheckpointError? {
    var file = tiny()
    change(&file)
    do {
      _ = try open(file)
      return nil
    } catch {
      return error
    }
  }

  @Test func bigEndianIsNamed() {
    let error = Self.failure { $0.version = UInt32(3).byteSwapped }
    #expect(error?.found.contains("big-endian") == true)
    #expect(error?.subject == .field("version"))
  }

  @Test(arguments: [0, 4, 99] as [UInt32])
  func unknownVersion(version: UInt32) {
    #expect(Self.failure { $0.version = version }?.expected.contains("unsupported GGUF") == true)
  }

  @Test func duplicates() {
    #expect(Self.failure { $0.add("a.number", number: 8) }?.subject == .field("a.number"))
    #expect(Self.failure { $0.add("w", shape: [1], [1]) }?.subject == .tensor("w"))
  }

  @Test func overlap() {
    let error = Self.failure { $0.tensors[1].offset = 0 }
    #expect(error?.found.contains("overlap") == true)
  }

  @Test(
    "an end that wraps around, or lies past the file", arguments: [UInt64.max - 31, 1 << 62, 4096])
  func offset(offset: UInt64) {
    #expect(Self.failure { $0.tensors[1].offset = offset }?.subject == .tensor("v"))
  }

  @Test(arguments: [0, 3, 8192, 1 << 31] as [UInt32])
  func alignment(value: UInt32) {
    let error = Self.failure { $0.pairs.append(("general.alignment", 4, bytes(value))) }
    #expect(error?.subject == .field("general.alignment"))
  }

  @Test("counts that the file cannot hold are refused before anything is allocated")
  func counts() {
    let head = Array("GGUF".utf8) + bytes(UInt32(3))
    let tail = [UInt8](repeating: 0, count: 64)
    for count in [1 << 63, UInt64.max, 1 << 40, 3] {
      for pair in [bytes(count) + bytes(UInt64(0)), bytes(UInt64(0)) + bytes(count)] {
        #expect(throws: CheckpointError.self) {
          try GGUF(MappedFile(head + pair + (count == 3 ? [] : tail), name: "counts.gguf"))
        }
      }
    }
    let array = bytes(UInt32(8)) + bytes(UInt64(1) << 40)
    #expect(
      Self.failure { $0.pairs.append(("huge", 9, array)) }?.subject == .field("count of huge"))
  }

  @Test func sizes() {
    #expect(Self.failure { $0.tensors[0].sizes = [1 << 40, 1 << 40] }?.subject == .tensor("w"))
    #expect(Self.failure { $0.tensors[0].sizes = [0, 2] }?.subject == .tensor("w"))
    #expect(Self.failure { $0.tensors[0].sizes = [] }?.subject == .tensor("w"))
    #expect(Self.failure { $0.tensors[0].sizes = [1, 1, 1, 1, 6] }?.subject == .tensor("w"))
    #expect(Self.failure { $0.tensors[0].sizes = [UInt64.max] }?.subject == .tensor("w"))
  }

  @Test func types() {
    #expect(Self.failure { $0.tensors[0].type = 77 }?.found == "type 77")
    let error = Self.failure { $0.tensors[0].type = 12 }
    #expect(error?.expected.contains("blocks of 256 (Q4_K)") == true)
  }

  @Test("bytes that are no UTF-8 are replaced in tokens, never a crash")
  func invalidToken() throws {
    var file = Self.tiny()
    let text = bytes(UInt64(2)) + [0xFF, 0x41]
    file.pairs.append(("odd", 9, bytes(UInt32(8)) + bytes(UInt64(1)) + text))
    #expect(try Self.open(file).metadata.strings("odd") == ["\u{FFFD}A"])
  }

  @Test func arraysOfNumbers() throws {
    var file = Self.tiny()
    let count = bytes(UInt64(2))
    file.pairs.append(("i", 9, bytes(UInt32(5)) + count + bytes(Int32(-1)) + bytes(Int32(9))))
    file.pairs.append(("f", 9, bytes(UInt32(6)) + count + bytes([0.5, -2])))
    let metadata = try Self.open(file).metadata
    #expect(metadata.integers("i") == [-1, 9])
    #expect(metadata.floats("f") == [0.5, -2])
    #expect(metadata.integers("f") == nil)
    #expect(metadata.strings("f") == nil)
  }
}
