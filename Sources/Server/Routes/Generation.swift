import ApusEngine
import ApusJSON
import Foundation
import HTTPTypes
import Hummingbird

/// Runs the prompts of one request on the engine and writes the answer, whole or streamed.
///
/// When the client goes away the requests are cancelled: the engine frees their pages within a
/// step.
struct Generation: Sendable {
  let model: ServedModel
  let fields: GenerationFields
  let prompts: [[Int32]]
  let format: any AnswerFormat

  static func header(_ prefix: String, _ model: ServedModel) -> AnswerHeader {
    let bits = UInt64.random(in: 0...UInt64.max)
    return AnswerHeader(
      id: "\(prefix)-\(String(bits, radix: 16))", created: Int(Date().timeIntervalSince1970),
      model: model.name)
  }

  func respond(to request: Request) async throws -> Response {
    let handles = try submitAll()
    return fields.streams ? stream(handles, request) : try await whole(handles, request)
  }

  /// Submits every prompt, or none: where one is refused the others are cancelled.
  private func submitAll() throws(RequestError) -> [RequestHandle] {
    var handles: [RequestHandle] = []
    do throws(AdmissionError) {
      for prompt in prompts { handles.append(try submit(prompt)) }
    } catch {
      for handle in handles { model.engine.cancel(handle.id) }
      if error == .draining { throw .unavailable(error.description) }
      throw RequestError(message: error.description, code: "context_length_exceeded")
    }
    return handles
  }

  private func submit(_ prompt: [Int32]) throws(AdmissionError) -> RequestHandle {
    let room = max(1, model.engine.tokenCapacity - prompt.count)
    let request = GenerationRequest(
      promptIDs: prompt, sampling: fields.sampling,
      maxNewTokens: min(fields.maxNewTokens ?? room, room), stopStrings: fields.stopStrings,
      ignoreEnd: fields.ignoresEnd, skipSpecialTokens: true)
    return try model.engine.submit(request)
  }

  // MARK: Whole answers

  private func whole(_ handles: [RequestHandle], _ request: Request) async throws -> Response {
    let engine = model.engine
    let choices = try await request.body.consumeWithInboundCloseHandler { _ in
      try await withTaskCancellationHandler {
        try await Self.collect(handles)
      } onCancel: {
        for handle in handles { engine.cancel(handle.id) }
      }
    } onInboundClosed: {
      for handle in handles { engine.cancel(handle.id) }
    }
    let objects = choices.enumerated().map { index, choice in
      withIDs(format.choice(index, choice), prompts[index], choice.ids)
    }
    var document = format.header.document(format.objectName, choices: objects)
    document["usage"] = choices.map(\.usage).reduce(.zero, +).json
    return .json(.object(document), headers: Self.closing)
  }

  /// Requests of one body run side by side; their events are buffered until they are read here.
  private static func collect(_ handles: [RequestHandle]) async throws -> [GeneratedChoice] {
    var choices: [GeneratedChoice] = []
    for handle in handles {
      var choice = GeneratedChoice()
      for await event in handle.events {
        switch event {
        case .tokens(let ids, let text):
          choice.ids += ids
          choice.text += text
        case .finished(let reason, let usage):
          choice.finishReason = try name(of: reason)
          choice.usage = usage
        }
      }
      choices.append(choice)
    }
    return choices
  }

  // MARK: Streams

  private func stream(_ handles: [RequestHandle], _ request: Request) -> Response {
    let engine = model.engine
    let cancel: @Sendable () -> Void = { for handle in handles { engine.cancel(handle.id) } }
    var headers = Self.closing
    headers[.contentType] = "text/event-stream; charset=utf-8"
    headers[.cacheControl] = "no-cache"
    let body = ResponseBody { writer in
      do {
        let output = writer
        try await request.body.consumeWithInboundCloseHandler { _ in
          try await withTaskCancellationHandler {
            try await write(handles, to: EventStream(output))
          } onCancel: {
            cancel()
          }
        } onInboundClosed: {
          cancel()
        }
        try await writer.finish(nil)
      } catch {
        cancel()
        throw error
      }
    }
    return Response(status: .ok, headers: headers, body: body)
  }

  private func write(_ handles: [RequestHandle], to stream: EventStream) async throws {
    var stream = stream
    for index in handles.indices {
      if let opening = format.openingChunk(index) {
        try await stream.send(document(withPromptIDs(opening, index)))
      }
    }
    var usage = TokenUsage.zero
    for await (index, event) in Self.merged(handles) {
      switch event {
      case .tokens(let ids, let text):
        if text.isEmpty, !fields.returnsTokenIDs { continue }
        var chunk = format.chunk(index, text: text)
        if fields.returnsTokenIDs { chunk["token_ids"] = Self.json(ids) }
        try await stream.send(document(chunk))
      case .finished(let reason, let counts):
        usage = usage + counts
        do throws(RequestError) {
          let chunk = format.closingChunk(index, finishReason: try Self.name(of: reason))
          try await send(chunk, index, to: &stream)
        } catch {
          if case .object(let envelope) = error.envelope { try await stream.send(envelope) }
        }
      }
    }
    if fields.includesUsage {
      var last = format.header.document(format.chunkObjectName, choices: [])
      last["usage"] = usage.json
      try await stream.send(last)
    }
    try await stream.sendDone()
  }

  private func send(
    _ chunk: JSONObject, _ index: Int, to stream: inout EventStream
  ) async throws(RequestError) {
    // Where the protocol has no opening chunk, the prompt's ids go with the closing one.
    let chunk = format.openingChunk(index) == nil ? withPromptIDs(chunk, index) : chunk
    do {
      try await stream.send(document(chunk))
    } catch {
      throw .unavailable("the client went away")
    }
  }

  private func document(_ chunk: JSONObject) -> JSONObject {
    var document = format.header.document(format.chunkObjectName, choices: [chunk])
    if fields.includesUsage { document["usage"] = .null }
    return document
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

  // MARK: Parts

  /// Reading the inbound side to notice a disconnect uses the connection up.
  private static var closing: HTTPFields { [.connection: "close"] }

  private static func name(of reason: FinishReason) throws(RequestError) -> String {
    switch reason {
    case .stop: "stop"
    case .length: "length"
    case .cancelled: throw .unavailable("the request was cancelled")
    case .failed(let message): throw .failed(message)
    }
  }

  private static func json(_ ids: [Int32]) -> JSONValue { .array(ids.map { .int(Int($0)) }) }

  private func withPromptIDs(_ choice: JSONObject, _ index: Int) -> JSONObject {
    var choice = choice
    if fields.returnsTokenIDs { choice["prompt_token_ids"] = Self.json(prompts[index]) }
    return choice
  }

  private func withIDs(_ choice: JSONObject, _ prompt: [Int32], _ ids: [Int32]) -> JSONObject {
    var choice = choice
    if fields.returnsTokenIDs {
      choice["prompt_token_ids"] = Self.json(prompt)
      choice["token_ids"] = Self.json(ids)
    }
    return choice
  }
}
