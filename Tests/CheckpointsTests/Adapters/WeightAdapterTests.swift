import ApusCheckpoints
import ApusJSON
import ApusTensors
import Testing

/// Each rule against a definition on plain arrays.
@Suite struct WeightAdapterTests {
  static func checkpoint(
    _ tensors: [(name: String, shape: [Int], values: [Float])], config: String = "{}"
  ) throws -> Checkpoint {
    try Checkpoint(
      safetensors: MappedFile(SafetensorsBytes.file(tensors), name: "x"),
      config: ConfigFile(parsing: Array(config.utf8), file: "config.json"))
  }

  static func values(_ count: Int) -> [Float] { (0..<count).map(Float.init) }

  static func adapt(
    _ rules: [WeightRule], _ tensors: [(name: String, shape: [Int], values: [Float])],
    config: String = "{}"
  ) throws -> Weights {
    try WeightAdapter(rules).adapt(checkpoint(tensors, config: config))
  }

  @Test func renameAndPrefix() throws {
    let weights = try Self.adapt(
      [
        .stripPrefix("model."),
        .rename([("blk.*.attn_q.*", "layers.*.self_attn.q_proj.*"), ("out.*", "lm_head.*")]),
      ],
      [
        ("model.blk.12.attn_q.weight", [1], [1]), ("blk.12.attn_q.bias", [1], [2]),
        ("out.weight", [1], [3]), ("other.weight", [1], [4]),
      ])
    #expect(
      weights.leftovers()
        == [
          "layers.12.self_attn.q_proj.bias", "layers.12.self_attn.q_proj.weight", "lm_head.weight",
          "other.weight",
        ].filter { $0 != "lm_head.weight" })
    #expect(try weights.storage(of: "lm_head.weight").floats() == [3])
    #expect(try weights.storage(of: "layers.12.self_attn.q_proj.bias").floats() == [2])
  }

  @Test func renamingToOneNameIsAnError() throws {
    let error = #expect(throws: CheckpointError.self) {
      try Self.adapt([.stripPrefix("m.")], [("m.a", [1], [1]), ("a", [1], [2])])
    }
    #expect(error?.subject == .tensor("a"))
  }

  @Test func leaveOut() throws {
    let weights = try Self.adapt(
      [.leaveOut("h.*.attn.bias")], [("h.0.attn.bias", [1], [1]), ("h.0.attn.b", [1], [1])])
    #expect(weights.leftovers() == ["h.0.attn.b"])
    #expect(!weights.contains("h.0.attn.bias"))
  }

  @Test("slices of either axis are the parts of the matrix", arguments: [0, 1])
  func slice(axis: Int) throws {
    let (rows, columns) = (4, 6)
    let values = Self.values(rows * columns)
    let sizes = axis == 0 ? [1, 3] : [4, 2]
    let weights = try Self.adapt(
      [.slice("l.*.qkv.*", axis: axis, into: ["l.*.q.*", "l.*.k.*"], sizes: .of { _ in sizes })],
      [("l.7.qkv.weight", [rows, columns], values)])
    var start = 0
    for (name, size) in zip(["q", "k"], sizes) {
      let part = start..<start + size
      let expected = (0..<rows).flatMap { row in
        (0..<columns).compactMap { column in
          part.contains(axis == 0 ? row : column) ? values[row * columns + column] : nil
        }
      }
      let storage = try weights.storage(of: "l.7.\(name).weight")
      #expect(storage.floats() == expected)
      #expect(storage.shape == (axis == 0 ? [size, columns] : [rows, size]))
      start += size
    }
  }

  @Test func equalSlices() throws {
    let weights = try Self.adapt(
      [.slice("qkv", axis: 0, into: ["q", "k", "v"], sizes: .equal)],
      [("qkv", [6], Self.values(6))])
    #expect(try weights.storage(of: "k").floats() == [2, 3])
    #expect(throws: CheckpointError.self) {
      try Self.adapt(
        [.slice("qkv", axis: 0, into: ["q", "k", "v"], sizes: .equal)],
        [("qkv", [7], Self.values(7))])
    }
    #expect(throws: CheckpointError.self) {
      try Self.adapt(
        [.slice("qkv", axis: 1, into: ["q", "k"], sizes: .equal)], [("qkv", [6], Self.values(6))])
    }
  }

  @Test func stack() throws {
    let tensors = [2, 0, 10, 1].map { ("e.\($0).w", [2], [Float($0), -Float($0)]) }
    let weights = try Self.adapt(
      [.rename([("e.10.w", "e.3.w")]), .stack("e.#.w", into: "experts.w")], tensors)
    let storage = try weights.storage(of: "experts.w")
    #expect(storage.shape == [4, 2])
    #expect(storage.floats() == [0, 0, 1, -1, 2, -2, 10, -10])
    #expect(throws: CheckpointError.self) {
      try Self.adapt([.stack("e.#.w", into: "experts.w")], tensors)
    }
    #expect(throws: CheckpointError.self) {
      try Self.adapt(
        [.stack("e.#", into: "s")], [("e.0", [2], [1, 2]), ("e.1", [1], [1])])
    }
  }

  @Test("a transpose exchanges rows and columns", arguments: [(3, 5), (40, 33), (1, 7)])
  func transpose(rows: Int, columns: Int) throws {
    let values = Self.values(rows * columns)
    let weights = try Self.adapt([.transpose("*.weight")], [("w.weight", [rows, columns], values)])
    let storage = try weights.storage(of: "w.weight")
    let expected = (0..<columns).flatMap { column in
      (0..<rows).map { values[$0 * columns + column] }
    }
    #expect(storage.shape == [columns, rows])
    #expect(storage.floats() == expected)
  }

  @Test func transposeOfBFloat16() throws {
    let data = Encode.bytes([1, 2, 3, 4, 5, 6], as: .bfloat16)
    let file = MappedFile(SafetensorsBytes.file([("w", "BF16", [2, 3], data)]), name: "x")
    let checkpoint = try Checkpoint(
      safetensors: file, config: ConfigFile([:], file: "config.json"))
    let storage = try WeightAdapter([.transpose("w")]).adapt(checkpoint).storage(of: "w")
    #expect(storage.format == .bfloat16)
    #expect(storage.floats() == [1, 4, 2, 5, 3, 6])
  }

  @Test("Conv1D of GPT-2: transposed, then its fused q, k, v divided")
  func fusedConvolution() throws {
    let (inputs, outputs) = (2, 6)
    let values = Self.values(inputs * outputs)
    let weights = try Self.adapt(
      [
        .stripPrefix("transformer."),
        .transpose("h.*.attn.c_attn.weight"),
        .slice(
          "h.*.attn.c_attn.*", axis: 0, into: ["h.*.q.*", "h.*.k.*", "h.*.v.*"], sizes: .equal),
      ],
      [
        ("transformer.h.3.attn.c_attn.weight", [inputs, outputs], values),
        ("transformer.h.3.attn.c_attn.bias", [outputs], Self.values(outputs)),
      ])
    // k is outputs 2 and 3, each a row of the inputs.
    #expect(try weights.storage(of: "h.3.k.weight").floats() == [2, 8, 3, 9])
    #expect(try weights.storage(of: "h.3.v.bias").floats() == [4, 5])
  }

  @Test("rows of pairs become halves: the inverse of reshape(heads, 2, n) and swap")
  func pairsToHalves() throws {
    let (heads, size, inputs) = (3, 8, 2)
    let halves = Self.values(heads * size * inputs)
    // The converter: reshape to [heads, 2, size / 2, inputs], exchange axes 1 and 2.
    var pairs: [Float] = []
    for head in 0..<heads {
      for i in 0..<size / 2 {
        for half in 0..<2 {
          let row = head * size + half * size / 2 + i
          pairs += halves[row * inputs..<(row + 1) * inputs]
        }
      }
    }
    let weights = try Self.adapt(
      [.permuteRows("q", .pairsToHalves(heads: ["num_key_value_heads", "num_attention_heads"]))],
      [("q", [heads * size, inputs], pairs)], config: #"{"num_attention_heads": 3}"#)
    #expect(try weights.storage(of: "q").floats() == halves)
    #expect(throws: CheckpointError.self) {
      try Self.adapt(
        [.permuteRows("q", .pairsToHalves(heads: ["num_attention_heads"]))],
        [("q", [heads * size, inputs], pairs)], config: #"{"num_attention_heads": 5}"#)
    }
  }

  @Test("rows of blocks are permuted without being decoded")
  func permuteBlocks() throws {
    var numbers = SeededNumbers(11)
    var file = GGUFBytes()
    file.add("general.architecture", string: "x")
    let rows = (0..<3).map { _ in numbers.bytes(2 * 34) }
    file.add("w", sizes: [64, 3], type: 8, data: rows.flatMap { $0 })
    let checkpoint = try Checkpoint(gguf: MappedFile(file.file, name: "x"))
    let storage = try WeightAdapter([.permuteRows("w", .custom { _, _ in [2, 0, 1] })])
      .adapt(checkpoint).storage(of: "w")
    #expect(storage.format == .quantized(.q8_0))
    let bytes = unsafe storage.withUnsafeBytes { unsafe [UInt8]($0) }
    #expect(bytes == rows[2] + rows[0] + rows[1])
  }

  @Test func affine() throws {
    let weights = try Self.adapt(
      [.affine("norm.weight", scale: 2, offset: 1)], [("norm.weight", [3], [0, 0.5, -3])])
    #expect(try weights.storage(of: "norm.weight").floats() == [1, 2, -5])
  }

  @Test func conditions() throws {
    let rules: [WeightRule] = [
      .when({ $0.config.contains("yes") }, [.stripPrefix("a.")]),
      .when({ $0.config.contains("no") }, [.stripPrefix("b.")]),
    ]
    let weights = try Self.adapt(
      rules, [("a.x", [1], [1]), ("b.y", [1], [1])], config: #"{"yes": 1}"#)
    #expect(weights.leftovers() == ["b.y", "x"])
  }

  @Test func adaptersAdd() throws {
    let both = WeightAdapter.stripPrefix("m.") + WeightAdapter([.leaveOut("a")])
    let weights = try both.adapt(Self.checkpoint([("m.a", [1], [1]), ("m.b", [1], [1])]))
    #expect(weights.leftovers() == ["b"])
  }
}
