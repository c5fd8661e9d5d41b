import ApusEngine
import ApusJSON

/// The chunks of one streamed answer: an event per piece of text, an event for the end of each
/// choice, the usage where it was asked for, and the closing mark.
///
/// What fails after the status has been sent is told by an event with an error envelope.
struct GenerationStream {
  private var stream: EventStream
  private let format: any AnswerFormat
  private let includesUsage: Bool
  /// Token ids of each prompt, where ids were asked for. The first chunk of a choice carries them;
  /// each chunk carries the ids that are new with it.
  private let promptIDs: [[Int32]]?
  /// Choices whose first chunk is out.
  private var opened: Set<Int> = []

  init(
    _ stream: EventStream, format: any AnswerFormat, includesUsage: Bool, promptIDs: [[Int32]]?
  ) {
    self.stream = stream
    self.format = format
    self.includesUsage = includesUsage
    self.promptIDs = promptIDs
  }

  /// - Throws: where the client does not take any more.
  mutating func write(_ handles: [RequestHandle]) async throws {
    for index in handles.indices {
      if let opening = format.openingChunk(index) { try await send(opening, index, ids: []) }
    }
    var usage = TokenUsage.zero
    for await (index, event) in Self.merged(handles) {
      switch event {
      case .tokens(let ids, let text):
        if text.isEmpty, promptIDs == nil { continue }
        try await send(format.chunk(index, text: text), index, ids: ids)
      case .finished(let reason, let counts):
        usage = usage + counts
        try await close(index, reason)
      }
    }
    if includesUsage {
      var last = format.header.document(format.chunkObjectName, choices: [])
      last["usage"] = usage.json
      try await stream.send(last)
    }
    try await stream.sendDone()
  }

  private mutating func close(_ index: Int, _ reason: FinishReason) async throws {
    let name: String
    do throws(RequestError) {
      name = try reason.protocolName()
    } catch {
      return try await stream.send(error.envelope)
    }
    try await send(format.closingChunk(index, finishReason: name), index, ids: [])
  }

  private mutating func send(_ choice: JSONObject, _ index: Int, ids: [Int32]) async throws {
    var choice = choice
    if let promptIDs {
      if opened.insert(index).inserted {
        choice["prompt_token_ids"] = .tokenIDs(promptIDs[index])
      }
      choice["token_ids"] = .tokenIDs(ids)
    }
    var document = format.header.document(format.chunkObjectName, choices: [choice])
    if includesUsage { document["usage"] = .null }
    try await stream.send(document)
  }

  /// Events of all requests in the order they come.
  private static func merged(_ handles: [RequestHandle]) -> AsyncStream<(Int, GenerationEvent)> {
    let (stream, continuation) = AsyncStream<(Int, GenerationEvent)>.makeStream()
    let task = Task {
      await withTaskGroup(of: Void.self) { group in
        for (index, handle) in handles.enumerated() {
          group.addTask {
            for await event in handle.events { continuation.yield((index, event)) }
          }
        }
      }
      continuation.finish()
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }
}
