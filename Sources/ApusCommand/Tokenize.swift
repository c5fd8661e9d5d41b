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

  @Option(help: "Encode this file once, on one core, and print how fast that was.")
  var bench: String?

  @Option(help: "What --bench measures: encode, decode or load.")
  var operation = BenchmarkedOperation.encode

  @Flag(help: "One line of JSON.")
  var json = false

  @Argument(help: "The text.")
  var text: [String] = []

  enum BenchmarkedOperation: String, ExpressibleByArgument { case encode, decode, load }

  mutating func validate() throws {
    guard (model == nil) != (tokenizer == nil) else {
      throw ValidationError("expected one of --model and --tokenizer")
    }
    guard !(jsonLines && bench != nil) else {
      throw ValidationError("--json-lines and --bench exclude each other")
    }
  }

  func run() throws {
    let start = ContinuousClock.now
    let tokenizer = try Tokenizer.load(model: model ?? tokenizer ?? "", pattern: pattern)
    if let bench {
      try TokenizerBenchmark(tokenizer, loading: start.duration(to: .now), operation: operation)
        .run(file: bench, asJSON: json)
    } else if jsonLines {
      TokenizerLines(tokenizer).run()
    } else {
      try write(tokenizer)
    }
  }

  private func write(_ tokenizer: Tokenizer) throws {
    let input =
      text.isEmpty
      ? String(
        decoding: try FileHandle.standardInput.readToEnd() ?? Data(), as: UTF8.self)
      : text.joined(separator: " ")
    let ids = tokenizer.encode(input, addSpecialTokens: addSpecialTokens)
    if json {
      Terminal.write(TokenizerLines.answer(ids).serialized() + "\n")
    } else if isatty(STDOUT_FILENO) == 1 {
      Terminal.write(ColouredPieces(tokenizer, ids).text)
    } else {
      Terminal.write(ids.map(String.init).joined(separator: " ") + "\n")
    }
  }
}

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

/// One request a line of standard input, one answer a line of standard output.
struct TokenizerLines {
  let tokenizer: Tokenizer

  init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  func run() {
    while let line = readLine() {
      if line.allSatisfy(\.isWhitespace) { continue }
      // Whoever waits for an answer before asking again gets it at once.
      Terminal.write(answer(line).serialized() + "\n")
    }
  }

  private func answer(_ line: String) -> JSONValue {
    do {
      let request = try JSONValue(parsing: line)
      if let text = request["text"]?.stringValue {
        let adds = request["add_special_tokens"]?.boolValue ?? true
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
    } catch {
      return ["error": .string("\(error)")]
    }
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

/// How fast a file is encoded that nobody has read before.
struct TokenizerBenchmark {
  let tokenizer: Tokenizer
  let loading: Duration
  let operation: Tokenize.BenchmarkedOperation

  init(
    _ tokenizer: Tokenizer, loading: Duration, operation: Tokenize.BenchmarkedOperation
  ) {
    self.tokenizer = tokenizer
    self.loading = loading
    self.operation = operation
  }

  func run(file: String, asJSON: Bool) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
    let parts = Self.parts(bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
    _ = tokenizer.encode("Hello, 你好 12\n", addSpecialTokens: false)
    var result: JSONObject = ["load_s": .double(seconds(loading))]
    if operation != .load {
      var ids: [[Int32]] = []
      var elapsed = ContinuousClock().measure {
        for part in parts { ids.append(tokenizer.encode(part, addSpecialTokens: false)) }
      }
      result["tokens"] = .int(ids.reduce(0) { $0 + $1.count })
      if operation == .decode {
        var length = 0
        elapsed = ContinuousClock().measure {
          for part in ids {
            length += tokenizer.decode(part, skipSpecialTokens: false).utf8.count
          }
        }
        result["bytes"] = .int(length)
      }
      result["mb_s"] = .double(Double(bytes.count) / seconds(elapsed) / 1e6)
    }
    if asJSON {
      Terminal.write(JSONValue.object(result).serialized() + "\n")
    } else {
      let lines = result.map { "\($0.key): \($0.value.serialized())" }
      Terminal.write(lines.joined(separator: "\n") + "\n")
    }
  }

  private func seconds(_ duration: Duration) -> Double {
    let parts = duration.components
    return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
  }

  /// Parts of 64 KiB that end with a line, as the other libraries are measured.
  private static func parts(_ bytes: [UInt8]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
      var end = min(start + 65_536, bytes.count)
      if end < bytes.count {
        if let newline = bytes[start..<end].lastIndex(of: 0x0A) {
          end = newline + 1
        } else {
          end = bytes[end...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
        }
      }
      result.append(start..<end)
      start = end
    }
    return result
  }
}
