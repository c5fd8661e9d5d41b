import ApusCheckpoints
import ApusJSON
import ApusTensors
import Testing

@Suite struct WeightsTests {
  static let names = [
    "layers.0.self_attn.q_proj.weight", "layers.0.self_attn.k_proj.weight", "norm.weight",
  ]

  static func weights(_ extra: [(String, [Int], [Float])] = []) throws -> Weights {
    let values = (0..<32).map(Float.init)
    let tensors =
      [(names[0], [8, 4], values), (names[1], [4, 8], values), (names[2], [4], [1, 2, 3, 4])]
      + extra
    return try WeightAdapter.identity.adapt(WeightAdapterTests.checkpoint(tensors))
  }

  static func quantized(_ type: UInt32, _ shape: [Int], _ data: [UInt8]) throws -> Weights {
    var file = GGUFBytes()
    file.add("general.architecture", string: "x")
    file.add("w", sizes: shape.reversed(), type: type, data: data)
    return try WeightAdapter.identity.adapt(
      Checkpoint(gguf: MappedFile(file.file, name: "w.gguf")))
  }

  @Test func scopes() throws {
    let weights = try Self.weights()
    let attention = weights["layers"][0]["self_attn"]
    #expect(attention.path == "layers.0.self_attn")
    #expect(attention.contains("q_proj") && attention["q_proj"].contains("weight"))
    #expect(!attention.contains("v_proj") && !weights.contains("layers.1"))
    let view = try attention["q_proj"].tensor("weight", shape: [8, 4])
    #expect(view.name == Self.names[0])
    #expect(view.shape == [8, 4])
    #expect(view.format == .float32)
    #expect(attention.root.contains("norm") && attention.root.path.isEmpty)
  }

  @Test func missingTensorNamesItsNeighbours() throws {
    let weights = try Self.weights()
    let error = #expect(throws: CheckpointError.self) {
      try weights["layers"][0]["self_attn"]["q_porj"].tensor("weight", shape: [8, 4])
    }
    #expect(error?.nearest.first == Self.names[0])
    #expect(error?.subject == .tensor("layers.0.self_attn.q_porj.weight"))
  }

  @Test func wrongShape() throws {
    let weights = try Self.weights()
    let error = #expect(throws: CheckpointError.self) {
      try weights["norm"].tensor("weight", shape: [5])
    }
    #expect(error?.expected == "[5]")
    #expect(error?.found == "[4] of float32")
  }

  @Test("an identity view and a range of rows are the bytes of the file itself")
  func identityIsMapped() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    try folder.write(
      "model.safetensors", SafetensorsBytes.file([("w", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])]))
    let weights = try WeightAdapter.identity.adapt(Checkpoint.open(folder.path))
    _ = try weights.tensor("w", shape: [4, 2], sharding: .columns)
    let whole = try weights.storage(of: "w")
    #expect(whole.isMapped)
    #expect(try weights.storage(of: "w") === whole)
    let half = try weights.sharded(rank: 1, of: 2).storage(of: "w")
    #expect(half.isMapped)
    #expect(half.floats() == [5, 6, 7, 8])
    let converted = try weights.converted(to: .bfloat16).storage(of: "w")
    #expect(!converted.isMapped && converted.format == .bfloat16)
    #expect(converted.floats() == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test("data at an odd offset is copied to where it can be read")
  func unaligned() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    let entry = #"{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#
    let header = entry + String(repeating: " ", count: 5 - entry.utf8.count % 4)
    try folder.write(
      "model.safetensors", SafetensorsBytes.file(header: header, data: bytes([1, 2])))
    let storage = try WeightAdapter.identity.adapt(Checkpoint.open(folder.path)).storage(of: "w")
    #expect(header.utf8.count % 4 != 0)
    #expect(!storage.isMapped)
    #expect(storage.floats() == [1, 2])
  }

  // MARK: - Sharding

  @Test("the parts of all ranks are the whole", arguments: [1, 2, 4])
  func shards(count: Int) throws {
    let weights = try Self.weights()
    let (rows, columns) = (8, 4)
    var byRow: [Float] = []
    var byColumn = [[Float]](repeating: [], count: rows)
    for rank in 0..<count {
      let scope = weights.sharded(rank: rank, of: count)
      let view = try scope["layers"][0]["self_attn"]["q_proj"].tensor(
        "weight", shape: [rows, columns], sharding: .columns(alignment: 2))
      #expect(view.shape == [rows / count, columns])
      byRow += try scope.storage(of: view.name).floats()
      let other = try scope["layers"][0]["self_attn"]["k_proj"].tensor(
        "weight", shape: [4, 8], sharding: .rows)
      let part = try scope.storage(of: other.name)
      #expect(part.shape == [4, 8 / count])
      for row in 0..<4 {
        byColumn[row] += part.floats()[row * 8 / count..<(row + 1) * 8 / count]
      }
    }
    #expect(byRow == (0..<32).map(Float.init))
    #expect(byColumn.flatMap { $0 } == (0..<32).map(Float.init))
  }

  @Test("fewer key heads than ranks: each is held by several")
  func repeatedHeads() throws {
    let weights = try Self.weights()
    let rows = try (0..<4).map { rank in
      let scope = weights.sharded(rank: rank, of: 4)
      _ = try scope["layers"][0]["self_attn"]["k_proj"].tensor(
        "weight", shape: [4, 8], sharding: .columns(alignment: 2))
      return try scope.storage(of: Self.names[1]).floats()[0]
    }
    #expect(rows == [0, 0, 16, 16])
  }

  @Test func ranksThatDoNotDivide() throws {
    let scope = try Self.weights().sharded(rank: 0, of: 3)
    #expect(throws: CheckpointError.self) {
      try scope.tensor(Self.names[0], shape: [8, 4], sharding: .columns)
    }
    #expect(throws: CheckpointError.self) {
      try scope.tensor(Self.names[1], shape: [4, 8], sharding: .rows)
    }
  }

  @Test("inputs of block formats are divided at block borders or not at all")
  func blocks() throws {
    var numbers = SeededNumbers(5)
    let data = numbers.bytes(2 * 2 * 34)
    let weights = try Self.quantized(8, [2, 64], data)
    let second = weights.sharded(rank: 1, of: 2)
    _ = try second.tensor("w", shape: [2, 64], sharding: .rows(alignment: 32))
    let bytes = try unsafe second.storage(of: "w").withUnsafeBytes { unsafe [UInt8]($0) }
    #expect(bytes == Array(data[34..<68] + data[102..<136]))
    let error = #expect(throws: CheckpointError.self) {
      try weights.sharded(rank: 0, of: 4).tensor(
        "w", shape: [2, 64], sharding: .rows(alignment: 32))
    }
    #expect(error != nil)
    let cut = try Self.quantized(8, [2, 96], numbers.bytes(2 * 3 * 34))
    let message = #expect(throws: CheckpointError.self) {
      try cut.sharded(rank: 0, of: 2).tensor("w", shape: [2, 96], sharding: .rows)
    }
    #expect(message?.expected.contains("whole blocks of 32") == true)
  }

  @Test func oneWayToDivide() throws {
    let weights = try Self.weights()
    _ = try weights.tensor(Self.names[0], shape: [8, 4], sharding: .columns)
    _ = try weights.tensor(Self.names[0], shape: [8, 4], sharding: .columns)
    #expect(throws: CheckpointError.self) {
      try weights.tensor(Self.names[0], shape: [8, 4], sharding: .rows)
    }
  }

  // MARK: - Formats

  @Test("a format without a kernel is decoded to bfloat16, and said so")
  func fallback() throws {
    let block = Encode.bytes([0.5], as: .float16) + [UInt8](repeating: 0x21, count: 20)
    let weights = try Self.quantized(6, [2, 32], block + block)
    let view = try weights.tensor("w", shape: [2, 32])
    #expect(view.format == .bfloat16)
    #expect(
      weights.loadNotes == ["no CPU kernel reads q5_0: 1 matrix is decoded to bfloat16 at load"])
    let expected = Dequantize.floats(.quantized(.q5_0), block + block, count: 64)
    #expect(try weights.storage(of: "w").floats() == expected)
    let exact = weights.converted(to: .float32)
    #expect(try exact.tensor("w", shape: [2, 32]).format == .float32)
    #expect(try exact.storage(of: "w").floats() == expected)
  }

  @Test func vectorsAreFloat32() throws {
    let data = Encode.bytes([1, 2], as: .float16)
    let file = MappedFile(SafetensorsBytes.file([("b", "F16", [2], data)]), name: "x")
    let weights = try WeightAdapter.identity.adapt(
      Checkpoint(safetensors: file, config: ConfigFile([:], file: "c")))
    #expect(try weights.converted(to: .bfloat16).tensor("b", shape: [2]).format == .float32)
    #expect(try weights.storage(of: "b").format == .float32)
    #expect(weights.loadNotes.isEmpty)
  }

  @Test func integersAreNoWeights() throws {
    let file = MappedFile(
      SafetensorsBytes.file([("i", "I32", [1, 1], [1, 0, 0, 0])]), name: "x")
    let weights = try WeightAdapter.identity.adapt(
      Checkpoint(safetensors: file, config: ConfigFile([:], file: "c")))
    let error = #expect(throws: CheckpointError.self) { try weights.tensor("i", shape: [1, 1]) }
    #expect(error?.found == "I32")
  }

  @Test("several threads that ask for one weight get one storage")
  func madeOnce() async throws {
    let weights = try WeightAdapter([.transpose("w")]).adapt(
      WeightAdapterTests.checkpoint([("w", [64, 64], (0..<4096).map(Float.init))]))
    let storages = await withTaskGroup(of: ObjectIdentifier?.self) { group in
      for _ in 0..<16 {
        group.addTask { (try? weights.storage(of: "w")).map(ObjectIdentifier.init) }
      }
      return await group.reduce(into: Set<ObjectIdentifier?>()) { $0.insert($1) }
    }
    #expect(storages.count == 1 && storages.first != .some(nil))
  }

  // MARK: - Leftovers and placeholders

  @Test func leftovers() throws {
    let weights = try Self.weights([
      ("layers.0.self_attn.rotary_emb.inv_freq", [2], [1, 2]),
      ("h.0.attn.bias", [1, 1, 2, 2], [1, 0, 1, 1]), ("h.1.attn.bias", [2], [1, 2]),
      ("h.0.attn.masked_bias", [], [-1e4]), ("lm_head.weight", [1, 1], [1]),
      ("q.weight_scale", [1], [1]), ("score.weight", [1], [1]),
    ])
    for name in Self.names.dropLast() {
      _ = try weights.tensor(name, shape: name.contains("q_proj") ? [8, 4] : [4, 8])
    }
    let expected = ["h.1.attn.bias", "norm.weight", "q.weight_scale", "score.weight"]
    #expect(weights.leftovers() == expected)
    #expect(
      weights.leftovers(ignoring: ["score.*", "h.*.attn.bias"]) == [
        "norm.weight", "q.weight_scale",
      ])
    #expect(weights.orphanedScales() == ["q.weight_scale"])
  }

  @Test("a head that is not tied is missed")
  func untiedHead() throws {
    let checkpoint = try WeightAdapterTests.checkpoint(
      [("lm_head.weight", [1, 1], [1])], config: #"{"tie_word_embeddings": false}"#)
    #expect(try WeightAdapter.identity.adapt(checkpoint).leftovers() == ["lm_head.weight"])
  }

  @Test func placeholder() throws {
    let weights = Weights.placeholder(format: .quantized(.q4_0))
    #expect(!weights.contains("lm_head"))
    let view = try weights["a"].tensor("weight", shape: [1 << 20, 1 << 16], sharding: .columns)
    #expect(view.name == "a.weight" && view.format == .quantized(.q4_0))
    #expect(try weights.tensor("norm", shape: [8]).format == .float32)
    #expect(try weights.tensor("odd", shape: [8, 33]).format == .float16)
    let part = try weights.sharded(rank: 1, of: 2)["a"].tensor(
      "weight", shape: [1 << 20, 1 << 16], sharding: .columns)
    #expect(part.shape == [1 << 19, 1 << 16])
    #expect(try weights.storage(of: "norm").floats() == [Float](repeating: 0, count: 8))
    #expect(throws: CheckpointError.self) { try weights.storage(of: "unknown") }
  }
}
