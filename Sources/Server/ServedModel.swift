public import ApusEngine
public import ApusTokenizers

/// A model as the routes see it: its engine, and what turns text into ids and back.
public struct ServedModel: Sendable {
  /// The name that requests give in `model`.
  public let name: String
  public let engine: EngineThread
  public let tokenizer: Tokenizer
  /// nil where the model has none: chat is then refused.
  public let chatTemplates: ChatTemplates?
  /// Tokens of a request, prompt and generation.
  public let contextLength: Int
  /// What the model's own `generation_config.json` asks for where a request is silent.
  public let defaults: SamplingDefaults
  /// Seconds since 1970 when the model was loaded.
  public let created: Int

  public init(
    name: String, engine: EngineThread, tokenizer: Tokenizer, chatTemplates: ChatTemplates?,
    contextLength: Int, defaults: SamplingDefaults, created: Int
  ) {
    self.name = name
    self.engine = engine
    self.tokenizer = tokenizer
    self.chatTemplates = chatTemplates
    self.contextLength = contextLength
    self.defaults = defaults
    self.created = created
  }

  /// A prompt, if it leaves room for one new token.
  func checked(_ ids: [Int32], parameter: String) throws(RequestError) -> [Int32] {
    guard ids.count < contextLength else {
      throw RequestError(
        message: "the prompt has \(ids.count) tokens, but the context holds \(contextLength), of "
          + "which at least one must be left for the answer",
        parameter: parameter, code: "context_length_exceeded")
    }
    return ids
  }
}

/// Sampling where a request is silent.
public struct SamplingDefaults: Sendable, Hashable {
  public var temperature: Float = 1
  public var topP: Float = 1
  public var topK: Int32 = 0
  public var minP: Float = 0

  public init() {}
}
