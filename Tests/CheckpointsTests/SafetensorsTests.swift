import ApusCheckpoints
import ApusJSON
import ApusTensors
import Testing

@Suite struct SafetensorsTests {
  static let tiny = SafetensorsBytes.file([
    ("a", [2, 2], [1, 2, 3, 4]), ("b.weight", [1], [5]),
  ])

  @Test func reads() throws {
    let file = try Safetensors(MappedFile(Self.tiny, name: "tiny.safetensors"))
    #expect(file.tensors.map(\.name) == ["a", "b.weight"])
    #expect(file.tensors[0].shape == [2, 2])
    #expect(file.tensors[0].typeName == "F32")
    #expect(file.tensors[1].byteCount == 4)
  }

  @Test("truncated at every byte it is an error")
  func truncation() throws {
    for count in 0..<Self.tiny.count {
      #expect(throws: CheckpointError.self, "cut at \(count)") {
        try Safetensors(MappedFile(Array(Self.tiny[..<count]), name: "cut"))
      }
    }
  }

  static func failure(_ header: String, data: Int) -> CheckpointError? {
    let bytes = SafetensorsBytes.file(header: header, data: [UInt8](repeating: 0, count: data))
    do {
      _ = try Safetensors(MappedFile(bytes, name: "x"))
      return nil
    } catch {
      return error
    }
  }

  @Test func holeAndOverlap() {
    let a = #""a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#
    let apart = #""b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}"#
    let over = #""b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}"#
    #expect(Self.failure("{\(a),\(apart)}", data: 9)?.subject == .tensor("b"))
    #expect(Self.failure("{\(a),\(over)}", data: 7)?.subject == .tensor("b"))
    #expect(Self.failure("{\(a)}", data: 5)?.subject == .file)
    #expect(Self.failure("{\(a)}", data: 4) == nil)
  }

  @Test("too many tensors are refused before they are parsed")
  func tooMany() {
    let error = Self.failure(String(repeating: "{", count: 300_000), data: 0)
    #expect(error?.expected.contains("tensors") == true)
    let numbers = Self.failure("[" + String(repeating: "0,", count: 2_000_001) + "0]", data: 0)
    #expect(numbers?.found == "0 objects and 2000001 commas")
  }

  @Test("types without a use are listed, and refused when a weight wants them")
  func unusableType() throws {
    let bytes = SafetensorsBytes.file([("q", "F8_E4M3", [2, 2], [1, 2, 3, 4])])
    let file = try Safetensors(MappedFile(bytes, name: "x"))
    #expect(file.tensors[0].format == nil)
    let config = try ConfigFile(["hidden_size": 2], file: "config.json")
    let checkpoint = try Checkpoint(
      safetensors: MappedFile(bytes, name: "x"), config: config)
    let weights = try WeightAdapter.identity.adapt(checkpoint)
    let error = #expect(throws: CheckpointError.self) { try weights.tensor("q", shape: [2, 2]) }
    #expect(error?.found == "F8_E4M3")
  }
}
