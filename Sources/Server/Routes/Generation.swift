import ApusEngine
import ApusJSON
import ApusPipelines
import Foundation
import HTTPTypes
import Hummingbird

/// Runs the prompts of one request on the engine and writes the answer, whole or streamed.
///
/// When the client goes away the requests are cancelled: their pages are free within a step.
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

  func respond(in context: ServerContext) async throws -> Response {
    let handles = try submitAll()
    return fields.streams ? stream(handles, context) : try await whole(handles, context)
  }

  /// Submits every prompt, or none: where one is refused the others are cancelled.
  private func submitAll() throws(RequestError) -> [RequestHandle] {
    var handles: [RequestHandle] = []
    do throws(AdmissionError) {
      for prompt in prompts { handles.append(try submit(prompt)) }
    } catch {
      cancel(handles)
      if error == .draining { throw .unavailable(error.description) }
      throw RequestError(message: error.description, code: "context_length_exceeded")
    }
    return handles
  }

  private func submit(_ prompt: [Int32]) throws(AdmissionError) -> RequestHandle {
    let room = max(1, model.engine.tokenCapacity - prompt.count)
    var sampling = fields.sampling
    if !fields.hasSeed { sampling.seed = .random(in: 0...UInt64.max) }
    let request = GenerationRequest(
      promptIDs: prompt, sampling: sampling,
      maxNewTokens: min(fields.maxNewTokens ?? room, room), stopStrings: fields.stopStrings,
      ignoreEnd: fields.ignoresEnd, skipSpecialTokens: true,
      continuesPrompt: format.continuesPrompt, cacheSalt: fields.cacheSalt)
    return try model.engine.submit(request)
  }

  private func cancel(_ handles: [RequestHandle]) {
    for handle in handles { model.engine.cancel(handle.id) }
  }

  // MARK: Whole answers

  private func whole(
    _ handles: [RequestHandle], _ context: ServerContext
  ) async throws -> Response {
    let choices = try await context.withDisconnectHandler {
      cancel(handles)
    } operation: {
      try await collect(handles)
    }
    let objects = choices.enumerated().map { index, choice in
      var object = format.choice(index, choice)
      if fields.returnsTokenIDs {
        object["prompt_token_ids"] = .tokenIDs(prompts[index])
        object["token_ids"] = .tokenIDs(choice.ids)
      }
      return object
    }
    var document = format.header.document(format.objectName, choices: objects)
    document["usage"] = choices.map(\.usage).reduce(.zero, +).json
    return .json(.object(document))
  }

  /// Requests of one body run side by side; their events are buffered until they are read here.
  private func collect(_ handles: [RequestHandle]) async throws -> [GeneratedChoice] {
    var choices: [GeneratedChoice] = []
    do {
      for handle in handles {
        var choice = GeneratedChoice()
        for await event in handle.events {
          switch event {
          case .tokens(let ids, let text):
            choice.ids += ids
            choice.text += text
          case .finished(let reason, let usage):
            choice.finishReason = try reason.protocolName()
            choice.usage = usage
          }
        }
        // A cancelled task's loop ends early: half an answer is none.
        if choice.finishReason.isEmpty { throw CancellationError() }
        choices.append(choice)
      }
    } catch {
      cancel(handles)
      throw error
    }
    return choices
  }

  // MARK: Streams

  private func stream(_ handles: [RequestHandle], _ context: ServerContext) -> Response {
    let body = ResponseBody { writer in
      var events = GenerationStream(
        EventStream(writer), format: format, includesUsage: fields.includesUsage,
        promptIDs: fields.returnsTokenIDs ? prompts : nil)
      do {
        try await context.withDisconnectHandler {
          cancel(handles)
        } operation: {
          try await events.write(handles)
        }
        try await writer.finish(nil)
      } catch {
        cancel(handles)
        throw error
      }
    }
    let headers: HTTPFields = [
      .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
    ]
    return Response(status: .ok, headers: headers, body: body)
  }
}

extension FinishReason {
  /// OpenAI's `finish_reason`.
  ///
  /// - Throws: where there is no answer
  func protocolName() throws(RequestError) -> String {
    switch self {
    case .stop: "stop"
    case .length: "length"
    case .cancelled: throw .unavailable("the request was cancelled")
    case .failed(let message): throw .failed(message)
    }
  }
}

extension JSONValue {
  static func tokenIDs(_ ids: [Int32]) -> JSONValue { .array(ids.map { .int(Int($0)) }) }
}
