import ApusEngine
import ApusJSON
import ApusPipelines
import ApusServer
import ApusTokenizers
import ArgumentParser
import Foundation

/// `apus generate`: one prompt, its continuation on standard output.
struct Generate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue one prompt, and print the text as it is generated.")

  @OptionGroup var model: ModelArguments
  @OptionGroup var samplingArguments: SamplingArguments

  @Option(name: [.long, .customShort("p")], help: "The prompt as text.")
  var prompt: String?

  @Option(help: "The prompt as token ids, 1,2,3, taken as they are.")
  var promptIds: String?

  @Flag(help: "The prompt is a user's message: apply the chat template.")
  var chat = false

  @Option(
    name: [.long, .customLong("max-tokens"), .customShort("n")], help: "New tokens at most.")
  var maxNewTokens = 128

  @Flag(help: "Go on after the end token.")
  var ignoreEos = false

  @Flag(help: "Print one JSON object on standard output instead of the text.")
  var json = false

  mutating func validate() throws {
    if chat, prompt == nil { throw ValidationError("--chat needs --prompt") }
    if let promptIds { _ = try Self.ids(promptIds) }
    try ModelArguments.check("--max-new-tokens", maxNewTokens, 1...Int(Int32.max))
  }

  func run() async throws {
    // Not in `validate`, which comes before the parser's word on unknown flags.
    guard (prompt == nil) != (promptIds == nil) else {
      throw ValidationError(
        "expected either --prompt or --prompt-ids, found \(prompt == nil ? "neither" : "both")")
    }
    // While nothing runs, there is nothing to finish.
    let early = StopSignals { Foundation.exit(0) }
    let loaded = try LoadedModel(model)
    try await loaded.waitUntilStarted()
    loaded.reportStart()
    let promptIDs = try encodedPrompt(loaded)
    let room = max(1, loaded.engine.tokenCapacity - promptIDs.count)
    let request = GenerationRequest(
      promptIDs: promptIDs, sampling: sampling(loaded),
      maxNewTokens: min(maxNewTokens, room), stopStrings: [], ignoreEnd: ignoreEos,
      skipSpecialTokens: true, continuesPrompt: !chat)
    let start = ContinuousClock.now
    let handle = try loaded.engine.submit(request)
    early.cancel()
    let stop = StopSignals { [engine = loaded.engine] in engine.cancel(handle.id) }
    defer { stop.cancel() }
    var run = GenerationRun(promptIDs: promptIDs, start: start, times: handle.times)
    for await event in handle.events {
      try run.take(event)
      if case .tokens(_, let text) = event, !json { Terminal.write(text) }
    }
    if json {
      Terminal.write(run.json.serialized() + "\n")
    } else {
      Terminal.write("\n")
    }
    Terminal.error(run.summary)
    await loaded.engine.drain()
  }

  private func encodedPrompt(_ loaded: LoadedModel) throws -> [Int32] {
    if let promptIds {
      let ids = try Self.ids(promptIds)
      let count = loaded.engine.vocabularySize
      if let wrong = ids.first(where: { $0 < 0 || $0 >= count }) {
        throw CommandFailure("--prompt-ids: expected ids from 0 to \(count - 1), found \(wrong)")
      }
      return ids
    }
    let text = prompt ?? ""
    let ids: [Int32]
    if chat {
      guard let template = loaded.chatTemplates?.template(forTools: false) else {
        throw CommandFailure("the model has no chat template; give one with --chat-template FILE")
      }
      let message: JSONValue = ["role": "user", "content": .string(text)]
      let rendered = try template.render(
        messages: [message], tokenizer: loaded.tokenizer, addGenerationPrompt: true)
      ids = loaded.tokenizer.encode(rendered, addSpecialTokens: true)
    } else {
      ids = loaded.tokenizer.encode(text, addSpecialTokens: true)
    }
    guard !ids.isEmpty else {
      throw CommandFailure("the prompt is empty, and the model's tokenizer adds no first token")
    }
    return ids
  }

  private func sampling(_ loaded: LoadedModel) -> SamplingParameters {
    let defaults = loaded.samplingDefaults
    var sampling = SamplingParameters()
    sampling.temperature = samplingArguments.temperature ?? defaults.temperature
    sampling.topK = samplingArguments.topK ?? defaults.topK
    sampling.topP = samplingArguments.topP ?? defaults.topP
    sampling.minP = samplingArguments.minP ?? defaults.minP
    sampling.seed = samplingArguments.seed ?? UInt64.random(in: 0...UInt64.max)
    return sampling
  }

  private static func ids(_ text: String) throws -> [Int32] {
    let ids = text.split(separator: ",", omittingEmptySubsequences: false).map {
      Int32($0.filter { !$0.isWhitespace })
    }
    guard !ids.isEmpty, !ids.contains(nil) else {
      throw ValidationError("--prompt-ids: expected integers such as 1,2,3, found '\(text)'")
    }
    return ids.compactMap { $0 }
  }
}

/// What one generation produced, and when.
struct GenerationRun {
  let promptIDs: [Int32]
  let start: ContinuousClock.Instant
  private var ids: [Int32] = []
  private var text = ""
  private var finishReason = ""
  private let times: GenerationTimes

  init(promptIDs: [Int32], start: ContinuousClock.Instant, times: GenerationTimes) {
    self.promptIDs = promptIDs
    self.start = start
    self.times = times
  }

  mutating func take(_ event: GenerationEvent) throws {
    switch event {
    case .tokens(let newIDs, let newText):
      ids += newIDs
      text += newText
    case .finished(.stop, _): finishReason = "stop"
    case .finished(.length, _): finishReason = "length"
    case .finished(.cancelled, _): finishReason = "cancelled"
    case .finished(.failed(let message), _): throw CommandFailure(message)
    }
  }

  private var timeToFirst: Double { ((times.first ?? start) - start) / .seconds(1) }

  private var promptSpeed: Double {
    timeToFirst > 0 ? Double(promptIDs.count) / timeToFirst : 0
  }

  /// Tokens after the first, over the time they took.
  private var generationSpeed: Double {
    guard let first = times.first, let last = times.last, ids.count > 1 else { return 0 }
    let seconds = (last - first) / .seconds(1)
    return seconds > 0 ? Double(ids.count - 1) / seconds : 0
  }

  var json: JSONValue {
    [
      "prompt_ids": .array(promptIDs.map { .int(Int($0)) }),
      "ids": .array(ids.map { .int(Int($0)) }), "text": .string(text),
      "finish_reason": .string(finishReason), "prompt_tok_s": .double(promptSpeed),
      "generate_tok_s": .double(generationSpeed), "ttft_s": .double(timeToFirst),
    ]
  }

  var summary: String {
    "prompt \(promptIDs.count) tokens, \(promptSpeed.shown(decimals: 1)) tokens/s; "
      + "generation \(ids.count) tokens, \(generationSpeed.shown(decimals: 1)) tokens/s; "
      + "first token after \(timeToFirst.shown(decimals: 3)) s"
  }
}
