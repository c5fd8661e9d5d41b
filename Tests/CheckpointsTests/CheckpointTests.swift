import ApusCheckpoints
import ApusTensors
import Foundation
import TestSupport
import Testing

@Suite struct CheckpointTests {
  static let config = #"{"hidden_size": 4, "architectures": ["X"], "eos_token_id": [2, 5]}"#
  static let weights = SafetensorsBytes.file([("a", [2], [1, 2])])

  @Test func folderWithOneFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", Self.config)
    try folder.write("model.safetensors", Self.weights)
    try folder.write("pytorch_model.bin", "x")
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.format == .safetensors)
    #expect(checkpoint.config.architectures == ["X"])
    #expect(checkpoint.generationConfig.endTokens == [2, 5])
    #expect(checkpoint.tensors["a"]?.shape == [2])
    let file = try Checkpoint.open(folder.path + "/model.safetensors")
    #expect(file.tensors.count == 1)
    #expect(file.folder == folder.path)
  }

  @Test func generationConfig() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", Self.config)
    try folder.write("model.safetensors", Self.weights)
    try folder.write(
      "generation_config.json",
      #"{"eos_token_id": 9, "temperature": 0.6, "top_p": 0.9, "top_k": 40, "do_sample": true}"#)
    let generation = try Checkpoint.open(folder.path).generationConfig
    #expect(generation.endTokens == [9])
    #expect(generation.temperature == 0.6)
    #expect(generation.topP == 0.9)
    #expect(generation.topK == 40)
    #expect(generation.doSample == true)
    #expect(generation.minP == nil)
  }

  static func failure(_ files: [String: String], _ name: String = "") -> CheckpointError? {
    do {
      let folder = try TemporaryFolder()
      for (name, text) in files { try folder.write(name, text) }
      _ = try Checkpoint.open(folder.path + name)
      return nil
    } catch {
      return error as? CheckpointError
    }
  }

  @Test("only pickled weights are refused with a hint", arguments: ["a.bin", "a.pt", "a.pth"])
  func pickle(name: String) {
    let error = Self.failure(["config.json": Self.config, name: "x"])
    #expect(error?.expected.contains("convert") == true)
    #expect(error?.found.hasPrefix("only .") == true)
    #expect(Self.failure([name: "x"], "/" + name)?.expected.contains("convert") == true)
  }

  @Test func nothingThere() {
    #expect(Self.failure([:], "/none")?.found == "nothing there")
    #expect(Self.failure(["config.json": Self.config])?.found == "none")
    let several = Self.failure(["a.gguf": "", "b.gguf": ""])
    #expect(several?.expected.contains("--weight-path") == true)
  }

  @Test func configIsMissing() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", Self.weights)
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.file.hasSuffix("config.json") == true)
  }

  // MARK: - Sharded

  static func sharded(_ map: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("config.json", config)
    try folder.write("model-00001-of-00002.safetensors", SafetensorsBytes.file([("a", [1], [1])]))
    try folder.write("model-00002-of-00002.safetensors", SafetensorsBytes.file([("b", [1], [2])]))
    try folder.write("model.safetensors.index.json", #"{"metadata":{},"weight_map":{\#(map)}}"#)
    return folder
  }

  static let shardOfA = #""a": "model-00001-of-00002.safetensors""#
  static let shardOfB = #""b": "model-00002-of-00002.safetensors""#

  @Test func shardedFiles() throws {
    let folder = try Self.sharded("\(Self.shardOfA), \(Self.shardOfB)")
    let weights = try WeightAdapter.identity.adapt(Checkpoint.open(folder.path))
    #expect(try weights.storage(of: "a").floats() == [1])
    #expect(try weights.storage(of: "b").floats() == [2])
  }

  @Test(
    "files outside of the folder are refused",
    arguments: [
      "../../etc/passwd", "/etc/passwd", "../x.safetensors", "a/../../x.safetensors",
      "/tmp/x.safetensors", "./x.safetensors", "a//x.safetensors", "..\\\\x.safetensors", "",
    ])
  func leavesFolder(name: String) throws {
    let folder = try Self.sharded("\(Self.shardOfA), \"b\": \"\(name)\"")
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.subject == .field("weight_map.b"))
  }

  @Test func indexThatDoesNotFit() throws {
    let absent = try Self.sharded(#""a": "model-00009-of-00002.safetensors""#)
    #expect(throws: CheckpointError.self) { try Checkpoint.open(absent.path) }
    let elsewhere = try Self.sharded(
      #"\#(Self.shardOfA), "b": "model-00001-of-00002.safetensors""#)
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(elsewhere.path) }
    #expect(error?.subject == .tensor("b"))
  }

  @Test("links of the person's own cache work")
  func links() throws {
    let folder = try Self.sharded("\(Self.shardOfA), \(Self.shardOfB)")
    let cache = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      try FileManager.default.createSymbolicLink(
        atPath: cache.path + "/" + name, withDestinationPath: folder.path + "/" + name)
    }
    #expect(try Checkpoint.open(cache.path).tensors.count == 2)
  }

  // MARK: - GGUF

  static func gguf(_ tensor: String) -> [UInt8] {
    var file = GGUFBytes()
    file.add("general.architecture", string: "llama")
    file.add("llama.embedding_length", number: 8)
    file.add(tensor, shape: [1], [Float(tensor.utf8.count)])
    return file.file
  }

  @Test func weightsApartFromTheConfiguration() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", Self.config)
    try folder.write("model.safetensors", Self.weights)
    try folder.write("w.gguf", Self.gguf("a"))
    #expect(try Checkpoint.open(folder.path).format == .safetensors)
    let other = try Checkpoint.open(folder.path, weightPath: folder.path + "/w.gguf")
    #expect(other.format == .gguf)
    #expect(try other.config["hidden_size"] == 4)
    #expect(other.gguf?.integer("llama.embedding_length") == 8)
    #expect(try Checkpoint.open(folder.path, weightPath: "w.gguf").format == .gguf)
    #expect(try Checkpoint.open(folder.path + "/w.gguf").config["hidden_size"] == 8)
  }

  @Test func inMemory() throws {
    let checkpoint = try Checkpoint(gguf: MappedFile(Self.gguf("abc"), name: "embedded"))
    let weights = try WeightAdapter.identity.adapt(checkpoint)
    let storage = try weights.storage(of: "abc")
    #expect(storage.floats() == [3])
    #expect(!storage.isMapped)
  }
}
