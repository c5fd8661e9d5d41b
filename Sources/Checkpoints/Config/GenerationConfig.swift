import ApusJSON

/// What `generation_config.json` says about sampling; nil where it says nothing.
public struct GenerationConfig: Sendable, Hashable {
  /// Tokens that end a text; the file has one or a list.
  public var endTokens: [Int] = []
  public var beginToken: Int?
  public var padToken: Int?
  public var doSample: Bool?
  public var temperature: Float?
  public var topK: Int?
  public var topP: Float?
  public var minP: Float?
  public var repetitionPenalty: Float?
  public var maxLength: Int?
  public var maxNewTokens: Int?

  public init() {}

  /// Reads a configuration; `config.json` has the same token keys.
  public init(_ file: ConfigFile) throws(ConfigError) {
    if file.list("eos_token_id") != nil {
      endTokens = try file["eos_token_id"]
    } else if let one: Int = try file[optional: "eos_token_id"] {
      endTokens = [one]
    }
    beginToken = try file[optional: "bos_token_id"]
    padToken = try file[optional: "pad_token_id"]
    doSample = try file[optional: "do_sample"]
    temperature = try file[optional: "temperature"]
    topK = try file[optional: "top_k"]
    topP = try file[optional: "top_p"]
    minP = try file[optional: "min_p"]
    repetitionPenalty = try file[optional: "repetition_penalty"]
    maxLength = try file[optional: "max_length"]
    maxNewTokens = try file[optional: "max_new_tokens"]
  }
}
