import ApusCheckpoints
import ApusJSON
import Testing

@Suite struct ConfigFileTests {
  static func file(_ text: String) throws -> ConfigFile {
    try ConfigFile(parsing: Array(text.utf8), file: "config.json")
  }

  @Test func typedAccess() throws {
    let file = try Self.file(
      #"{"i": 3, "f": 1e-05, "b": true, "s": "x", "l": [1, 2], "n": null, "o": {"factor": 8}}"#)
    let (i, f, b): (Int, Float, Bool) = (try file["i"], try file["f"], try file["b"])
    #expect(i == 3 && f == 1e-05 && b)
    #expect(try file["s"] == "x")
    #expect(try file["l"] == [1, 2])
    #expect(try file["n", default: 7] == 7)
    #expect(try file["absent", default: 1.5] == 1.5)
    let nested: ConfigFile = try file["o"]
    #expect(try nested["factor"] == 8.0)
    #expect(try (file[optional: "absent"] as ConfigFile?) == nil)
    #expect(file.contains("i") && !file.contains("n"))
  }

  static func failure<Value: ConfigValue>(
    _ text: String, _ key: String, as type: Value.Type
  ) throws -> ConfigError? {
    let file = try Self.file(text)
    do {
      let _: Value = try file[key]
      return nil
    } catch {
      return error
    }
  }

  @Test func errors() throws {
    let missing = try Self.failure(#"{"rms_norm_epz": 1}"#, "rms_norm_eps", as: Float.self)
    #expect(missing?.nearest == ["rms_norm_epz"])
    let type = try Self.failure(#"{"a": "x"}"#, "a", as: Int.self)
    #expect(type?.description == "config.json: a: expected a whole number, found the string \"x\"")
    let fraction = try Self.failure(#"{"a": 1.5}"#, "a", as: Int.self)
    #expect(fraction?.found == "1.5")
    let list = try Self.failure(#"{"a": [1, "x"]}"#, "a", as: [Int].self)
    #expect(list?.expected.contains("list") == true)
    let file = try Self.file(#"{"rope_scaling": {"factor": "x"}}"#)
    let nested: ConfigFile = try file["rope_scaling"]
    #expect(throws: ConfigError.self) { try nested["factor"] as Float }
    #expect(nested.error("factor", expected: "", found: "").key == "rope_scaling.factor")
  }

  @Test(
    "other names of a key find its value",
    arguments: [
      ("n_embd", "hidden_size"), ("n_head", "num_attention_heads"),
      ("n_layer", "num_hidden_layers"), ("n_positions", "max_position_embeddings"),
      ("n_ctx", "max_position_embeddings"), ("n_inner", "intermediate_size"),
      ("hidden_size", "n_embd"),
    ])
  func aliases(name: String, key: String) throws {
    let file = try Self.file("{\"\(name)\": 12}")
    #expect(try file[key] == 12)
  }

  @Test("the key itself counts before its other names, and null counts as absent")
  func aliasOrder() throws {
    #expect(try Self.file(#"{"n_embd": 1, "hidden_size": 2}"#)["hidden_size"] == 2)
    #expect(try Self.file(#"{"n_inner": null}"#)["intermediate_size", default: 48] == 48)
  }

  @Test("rope parameters of newer files")
  func ropeParameters() throws {
    let file = try Self.file(
      #"{"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0}}"#)
    #expect(try file["rope_theta"] == 5e5)
    let scaling: ConfigFile = try file["rope_scaling"]
    #expect(try scaling["rope_type"] == "llama3")
  }

  @Test(
    "sizes that no model can have are one error that names the key",
    arguments: [
      (#"{"num_hidden_layers": -1}"#, "num_hidden_layers"),
      (#"{"num_hidden_layers": 1000000000}"#, "num_hidden_layers"),
      (#"{"num_attention_heads": 0}"#, "num_attention_heads"),
      (#"{"n_embd": 0}"#, "hidden_size"),
      (#"{"vocab_size": 1e30}"#, "vocab_size"),
      (#"{"hidden_size": 65, "num_attention_heads": 8}"#, "hidden_size"),
      (#"{"num_attention_heads": 8, "num_key_value_heads": 3}"#, "num_key_value_heads"),
    ])
  func ranges(text: String, key: String) {
    let error = #expect(throws: ConfigError.self) { try Self.file(text) }
    #expect(error?.key == key)
  }

  @Test func headSizeOfItsOwn() throws {
    let text = #"{"hidden_size": 65, "num_attention_heads": 8, "head_dim": 16}"#
    #expect(try Self.file(text)["head_dim"] == 16)
  }

  @Test(arguments: ["[]", "{", "{\"a\": 1, \"a\": 2}", ""])
  func notAnObject(text: String) {
    #expect(throws: ConfigError.self) { try Self.file(text) }
  }
}
