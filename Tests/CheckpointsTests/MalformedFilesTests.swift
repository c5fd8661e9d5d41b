import ApusCheckpoints
import ApusJSON
import TestSupport
import Testing

@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct MalformedFilesTests {
  /// Where our rule is stricter than the reference's.
  static let stricter: [String: String] = [
    "dup_keys_same": "one name twice in a header is refused: readers disagree about which counts"
  ]

  struct Verdict {
    let name: String
    let accepts: Bool
    let tensors: Int?
  }

  static func verdicts(_ kind: String) throws -> [Verdict] {
    let json = try JSONValue(parsing: readBytes(sharedPath("malformed/\(kind)/expected.json")))
    return try #require(json.objectValue).map { name, value in
      Verdict(
        name: name, accepts: value["accept"]?.boolValue == true && stricter[name] == nil,
        tensors: value["tensors"]?.intValue)
    }
  }

  @Test func safetensors() throws {
    let verdicts = try Self.verdicts("safetensors")
    #expect(verdicts.count > 40)
    for verdict in verdicts {
      let path = sharedPath("malformed/safetensors/\(verdict.name).safetensors")
      do {
        let file = try Safetensors(MappedFile(path: path))
        #expect(verdict.accepts, "\(verdict.name) was accepted")
        #expect(file.tensors.count == verdict.tensors)
      } catch {
        #expect(!verdict.accepts, "\(error)")
        #expect(error.file == path)
        #expect(!error.expected.isEmpty && !error.found.isEmpty)
      }
    }
  }

  @Test func gguf() throws {
    let verdicts = try Self.verdicts("gguf")
    #expect(verdicts.count > 25)
    for verdict in verdicts {
      let path = sharedPath("malformed/gguf/\(verdict.name).gguf")
      do {
        _ = try GGUF(MappedFile(path: path))
        #expect(verdict.accepts, "\(verdict.name) was accepted")
      } catch {
        #expect(!verdict.accepts, "\(error)")
        #expect(error.file == path)
      }
    }
  }

  @Test("the values of a good file are read")
  func values() throws {
    let metadata = try GGUF(MappedFile(path: sharedPath("malformed/gguf/ok_kv.gguf"))).metadata
    #expect(metadata.architecture == "llama")
    #expect(metadata.integer("a.u8") == 1)
    #expect(metadata.integer("a.i64") == -5)
    #expect(metadata.float("a.f64") == 1.5)
    #expect(metadata.bool("a.bool") == true)
    #expect(metadata.strings("a.arr") == ["x", "é"])
    let aligned = try GGUF(MappedFile(path: sharedPath("malformed/gguf/ok_align64.gguf")))
    #expect(aligned.tensors.map(\.name) == ["a", "b"])
  }
}
