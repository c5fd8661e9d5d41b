import ApusEngine
import ApusJSON
import ApusTokenizers

/// `POST /v1/completions`: one or more prompts, as text or as token ids.
struct CompletionRequest {
  let generation: GenerationFields
  /// Token ids of each prompt.
  let prompts: [[Int32]]

  static let largestPromptCount = 256
  static let defaultMaxNewTokens = 16

  init(body: [UInt8], model: ServedModel, options: ServerOptions) throws(RequestError) {
    var fields = try RequestFields(body: body)
    var generation = try GenerationFields(&fields, model: model)
    generation.maxNewTokens = generation.maxNewTokens ?? Self.defaultMaxNewTokens
    self.generation = generation
    prompts = try Self.prompts(fields.value("prompt"), model)
    try fields.neutral("best_of", "1") { $0.intValue == 1 }
    try fields.neutral("echo", "false") { $0.boolValue == false }
    try fields.neutral("logprobs", "null or false") { $0.boolValue == false }
    try fields.neutral("suffix", "an empty string") { $0.stringValue?.isEmpty == true }
    try fields.finish(allowingExtra: options.allowsExtraFields)
  }

  private static func prompts(
    _ value: JSONValue?, _ model: ServedModel
  ) throws(RequestError) -> [[Int32]] {
    guard let value else { throw .field("prompt", "missing") }
    switch value {
    case .string(let text): return [try encode(text, model)]
    case .array(let elements):
      guard !elements.isEmpty else {
        throw .field("prompt", "expected at least one token id or prompt, found an empty list")
      }
      if elements.allSatisfy({ $0.doubleValue != nil }) { return [try ids(elements, model)] }
      guard elements.count <= largestPromptCount else {
        throw .field(
          "prompt", "expected at most \(largestPromptCount) prompts, found \(elements.count)")
      }
      return try elements.map { element throws(RequestError) in
        switch element {
        case .string(let text): try encode(text, model)
        case .array(let ids): try Self.ids(ids, model)
        default:
          throw .field(
            "prompt", "expected text or a list of token ids, found \(element.kind)")
        }
      }
    default:
      throw .field(
        "prompt", "expected text, token ids, or a list of them, found \(value.kind)")
    }
  }

  /// Control tokens written in the text of a completion prompt are control tokens.
  private static func encode(
    _ text: String, _ model: ServedModel
  ) throws(RequestError) -> [Int32] {
    let ids = model.tokenizer.encode(text, addSpecialTokens: true)
    guard !ids.isEmpty else {
      throw .field("prompt", "empty text, and the model's tokenizer adds no first token")
    }
    return try model.checked(ids, parameter: "prompt")
  }

  private static func ids(
    _ elements: [JSONValue], _ model: ServedModel
  ) throws(RequestError) -> [Int32] {
    guard !elements.isEmpty else {
      throw .field("prompt", "expected at least one token id, found an empty list")
    }
    let count = model.engine.vocabularySize
    let ids = try elements.map { element throws(RequestError) -> Int32 in
      guard let id = element.intValue, id >= 0, id < count else {
        throw .field(
          "prompt",
          "expected token ids from 0 to \(count - 1), found \(RequestFields.shown(element))")
      }
      return Int32(id)
    }
    return try model.checked(ids, parameter: "prompt")
  }
}
