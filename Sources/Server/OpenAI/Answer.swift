import ApusEngine
import ApusJSON

extension TokenUsage {
  static let zero = TokenUsage(promptTokens: 0, completionTokens: 0)

  static func + (a: TokenUsage, b: TokenUsage) -> TokenUsage {
    TokenUsage(
      promptTokens: a.promptTokens + b.promptTokens,
      completionTokens: a.completionTokens + b.completionTokens,
      cachedTokens: a.cachedTokens + b.cachedTokens)
  }

  /// As OpenAI's `usage`.
  var json: JSONValue {
    [
      "prompt_tokens": .int(promptTokens), "completion_tokens": .int(completionTokens),
      "total_tokens": .int(promptTokens + completionTokens),
      "prompt_tokens_details": ["cached_tokens": .int(cachedTokens)],
    ]
  }
}

/// One finished choice of a completion.
struct GeneratedChoice: Sendable {
  var text = ""
  /// New ids, the end token included.
  var ids: [Int32] = []
  var finishReason = ""
  var usage = TokenUsage.zero
}

/// What differs between the answers of chat and text completions: the names and the nesting.
protocol AnswerFormat: Sendable {
  /// The part that every document of one answer repeats.
  var header: AnswerHeader { get }
  var objectName: String { get }
  var chunkObjectName: String { get }
  /// Whether the text goes on where the prompt's ends.
  var continuesPrompt: Bool { get }

  func choice(_ index: Int, _ choice: GeneratedChoice) -> JSONObject
  /// The first chunk of a choice, before any text; nil where the protocol has none.
  func openingChunk(_ index: Int) -> JSONObject?
  func chunk(_ index: Int, text: String) -> JSONObject
  func closingChunk(_ index: Int, finishReason: String) -> JSONObject
}

/// Identity and creation time of an answer.
struct AnswerHeader: Sendable {
  let id: String
  /// Seconds since 1970.
  let created: Int
  let model: String

  func document(_ objectName: String, choices: [JSONObject]) -> JSONObject {
    [
      "id": .string(id), "object": .string(objectName), "created": .int(created),
      "model": .string(model), "choices": .array(choices.map(JSONValue.object)),
    ]
  }
}

/// `chat.completion` and its chunks.
struct ChatAnswer: AnswerFormat {
  let header: AnswerHeader
  let objectName = "chat.completion"
  let chunkObjectName = "chat.completion.chunk"
  let continuesPrompt = false

  func choice(_ index: Int, _ choice: GeneratedChoice) -> JSONObject {
    [
      "index": .int(index),
      "message": ["role": "assistant", "content": .string(choice.text), "refusal": nil],
      "logprobs": nil, "finish_reason": .string(choice.finishReason),
    ]
  }

  func openingChunk(_ index: Int) -> JSONObject? {
    chunk(index, delta: ["role": "assistant", "content": ""])
  }

  func chunk(_ index: Int, text: String) -> JSONObject {
    chunk(index, delta: ["content": .string(text)])
  }

  func closingChunk(_ index: Int, finishReason: String) -> JSONObject {
    chunk(index, delta: [:], finishReason: .string(finishReason))
  }

  private func chunk(
    _ index: Int, delta: JSONValue, finishReason: JSONValue = .null
  ) -> JSONObject {
    ["index": .int(index), "delta": delta, "logprobs": nil, "finish_reason": finishReason]
  }
}

/// `text_completion`, whole and in chunks of the same name.
struct TextAnswer: AnswerFormat {
  let header: AnswerHeader
  let objectName = "text_completion"
  let chunkObjectName = "text_completion"
  let continuesPrompt = true

  func choice(_ index: Int, _ choice: GeneratedChoice) -> JSONObject {
    chunk(index, choice.text, .string(choice.finishReason))
  }

  func openingChunk(_ index: Int) -> JSONObject? { nil }
  func chunk(_ index: Int, text: String) -> JSONObject { chunk(index, text, .null) }

  func closingChunk(_ index: Int, finishReason: String) -> JSONObject {
    chunk(index, "", .string(finishReason))
  }

  private func chunk(_ index: Int, _ text: String, _ finishReason: JSONValue) -> JSONObject {
    [
      "index": .int(index), "text": .string(text), "logprobs": nil,
      "finish_reason": finishReason,
    ]
  }
}
