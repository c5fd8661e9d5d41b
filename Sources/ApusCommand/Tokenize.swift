import ApusJSON
import ApusPipelines
import ApusTokenizers
import ArgumentParser
import Foundation

/// `apus tokenize`: text to ids and back.
struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn text into token ids and back.",
    discussion: """
      Reads the text from the arguments or from standard input. With --json-lines every line of \
      standard input is an object, {"text": .., "add_special_tokens": bool} for ids or \
      {"ids": [..], "skip_special_tokens": bool} for text.
      """)

  @Option(
    name: [.long, .customLong("model-path"), .customShort("m")],
    help: "A Hugging Face folder or a GGUF file.")
  var model: String?

  @Option(
    help: ArgumentHelp(
      "A tokenizer's file: tokenizer.json, a SentencePiece model, ranks, Tekken, vocab.json, "
        + "vocab.txt or GGUF."))
  var tokenizer: String?

  @Option(help: "The regular expression that cuts text, for a file of ranks.")
  var pattern: String?

  @Flag(help: "Read one object a line from standard input and write one a line.")
  var jsonLines = false

  @Flag(inversion: .prefixedNo, help: "Put the model's begin and end tokens around the text.")
  var addSpecialTokens = true

  @Option(help: "Encode this file once and print how fast that was.")
  var bench: String?

  @Option(help: "What --bench measures: encode, decode or load.")
  var operation = TokenizerBenchmark.Operation.encode

  @Option(
    help: ArgumentHelp(
      "Cuts the file of --bench into parts of so many bytes that end with a line.",
      valueName: "bytes"))
  var chunk = 65_536

  @Option(
    help: ArgumentHelp(
      "Encodes the parts of --bench as one batch, on so many threads.",
      discussion: "Default: one part after the other."))
  var threads: Int?

  @Flag(help: "One line of JSON.")
  var json = false

  @Argument(help: "The text.")
  var text: [String] = []

  mutating func validate() throws {
    guard (model == nil) != (tokenizer == nil) else {
      throw ValidationError("expected one of --model and --tokenizer")
    }
    guard !(jsonLines && bench != nil) else {
      throw ValidationError("--json-lines and --bench exclude each other")
    }
    guard chunk > 0 else {
      throw ValidationError("--chunk: expected a number of bytes above 0, found \(chunk)")
    }
    guard threads ?? 1 > 0 else {
      throw ValidationError("--threads: expected a number above 0, found \(threads ?? 0)")
    }
  }

  func run() throws {
    if let bench { return try measure(bench) }
    let tokenizer = try load()
    if jsonLines {
      let lines = TokenizerLines(tokenizer, addsSpecialTokens: addSpecialTokens)
      JSONLines.answer { try lines.answer($0) }
    } else {
      try write(tokenizer)
    }
  }

  private func load() throws -> Tokenizer {
    try Tokenizer.load(model: model ?? tokenizer ?? "", pattern: pattern)
  }

  private func measure(_ file: String) throws {
    let benchmark = TokenizerBenchmark(operation: operation, partBytes: chunk, threads: threads)
    let result = try benchmark.run(file: file, load)
    if json {
      Terminal.write(JSONValue.object(result).serialized() + "\n")
    } else {
      let lines = result.map { "\($0.key): \($0.value.serialized())" }
      Terminal.write(lines.joined(separator: "\n") + "\n")
    }
  }

  private func write(_ tokenizer: Tokenizer) throws {
    let input =
      text.isEmpty
      ? String(decoding: try FileText.standardInput(), as: UTF8.self)
      : text.joined(separator: " ")
    let ids = tokenizer.encode(input, addSpecialTokens: addSpecialTokens)
    if json {
      Terminal.write(TokenizerLines.answer(ids).serialized() + "\n")
    } else if Terminal.showsColours {
      Terminal.write(ColouredPieces(tokenizer, ids).text)
    } else {
      Terminal.write(ids.map(String.init).joined(separator: " ") + "\n")
    }
  }
}

extension TokenizerBenchmark.Operation: ExpressibleByArgument {}

/// The pieces of a text in colours that alternate, and their ids.
struct ColouredPieces {
  let text: String

  init(_ tokenizer: Tokenizer, _ ids: [Int32]) {
    var decoder = StreamDecoder(tokenizer, skipSpecialTokens: false)
    var line = ""
    for (index, id) in ids.enumerated() {
      // Half characters are shown with the token that completes them.
      let piece = decoder.append(id) + (index == ids.count - 1 ? decoder.finish() : "")
      line += "\u{1B}[\(44 + index % 3);97m" + Terminal.visible(piece, newline: "⏎\n") + "\u{1B}[0m"
    }
    text = line + "\n" + ids.map(String.init).joined(separator: " ") + "\n"
  }
}

/// What `--json-lines` answers.
struct TokenizerLines {
  let tokenizer: Tokenizer
  /// Where a line does not say.
  let addsSpecialTokens: Bool

  init(_ tokenizer: Tokenizer, addsSpecialTokens: Bool) {
    self.tokenizer = tokenizer
    self.addsSpecialTokens = addsSpecialTokens
  }

  func answer(_ request: JSONValue) throws -> JSONValue {
    if let text = request["text"]?.stringValue {
      let adds = request["add_special_tokens"]?.boolValue ?? addsSpecialTokens
      return Self.answer(try ids(text, addSpecialTokens: adds))
    }
    guard let list = request["ids"]?.arrayValue else {
      throw CommandFailure("expected a text or ids, found \(request.kind) without them")
    }
    let ids = try list.map { value in
      guard let id = value.intValue.flatMap({ Int32(exactly: $0) }) else {
        throw CommandFailure("ids: expected integers, found \(value.kind)")
      }
      return id
    }
    let skips = request["skip_special_tokens"]?.boolValue ?? true
    return ["text": .string(tokenizer.decode(ids, skipSpecialTokens: skips))]
  }

  /// Cut and filled up where the tokenizer's file says so, as its library does.
  private func ids(_ text: String, addSpecialTokens: Bool) throws -> [Int32] {
    guard tokenizer.truncation != nil || tokenizer.padding != nil else {
      return tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
    }
    return try tokenizer.encoding(of: text, addSpecialTokens: addSpecialTokens).ids
  }

  static func answer(_ ids: [Int32]) -> JSONValue {
    ["ids": .array(ids.map { .int(Int($0)) })]
  }
}
