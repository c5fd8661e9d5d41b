import ApusJSON
import ApusPipelines
import ApusTokenizers
import ArgumentParser
import Foundation

/// `apus render`: messages to a prompt.
struct Render: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn messages into a prompt with a chat template.",
    discussion: """
      Reads JSON from a file or from standard input: a list of messages, or an object with \
      messages, tools, documents, add_generation_prompt and any other variable. With --json-lines \
      every line of standard input is such an object, the template's whole context, and every line \
      of standard output {"text": ..} or {"error": ..}.
      """)

  @Option(
    name: [.long, .customLong("model-path"), .customShort("m")],
    help: "A Hugging Face folder or a GGUF file.")
  var model: String?

  @Option(
    name: [.long, .customLong("chat-template")],
    help: "A template's file, or a tokenizer_config.json that holds some.")
  var template: String?

  @Option(
    help: ArgumentHelp(
      "The name of one of several templates.",
      discussion: "Default: tool_use where there are tools and such a template, else default."))
  var templateName: String?

  @Option(
    help: ArgumentHelp(
      "A JSON file with special tokens and the clock.",
      discussion: "{\"special_tokens\": {\"bos_token\": ..}, \"now\": \"2026-01-02T03:04:05\"}"))
  var variables: String?

  @Flag(help: "Read one object a line from standard input and write one a line.")
  var jsonLines = false

  @Flag(inversion: .prefixedNo, help: "End with the words that begin the assistant's answer.")
  var addGenerationPrompt = true

  @Argument(help: "A JSON file. Default: standard input.")
  var file: String?

  mutating func validate() throws {
    guard (model == nil) != (template == nil) else {
      throw ValidationError("expected one of --model and --template")
    }
    guard !jsonLines || file == nil else {
      throw ValidationError("--json-lines reads standard input, found the file \(file ?? "")")
    }
  }

  func run() throws {
    var environment = try RenderEnvironment(model: model, template: template)
    environment.templateName = templateName
    if let variables { try environment.read(variables: variables) }
    if jsonLines {
      JSONLines.answer { request in
        guard let context = request.objectValue else {
          throw CommandFailure("expected an object, found \(request.kind)")
        }
        return ["text": .string(try environment.render(context).text)]
      }
    } else {
      try write(environment)
    }
  }

  private func write(_ environment: RenderEnvironment) throws {
    let bytes = try file.map(FileText.bytes(of:)) ?? FileText.standardInput()
    let source = file ?? "standard input"
    let prompt: MarkedString
    do {
      let context = try context(JSONValue(parsing: bytes))
      prompt = try environment.render(context)
    } catch let error as JSONError {
      throw CommandFailure("\(source): \(error)")
    }
    if Terminal.showsColours {
      Terminal.write(ColouredPrompt(prompt).text + "\n")
    } else {
      Terminal.write(prompt.text)
    }
  }

  private func context(_ value: JSONValue) throws -> JSONObject {
    var context: JSONObject = ["add_generation_prompt": .bool(addGenerationPrompt)]
    switch value {
    case .array: context["messages"] = value
    case .object(let members): for (name, value) in members { context[name] = value }
    default:
      throw CommandFailure("expected a list of messages or an object, found \(value.kind)")
    }
    return context
  }
}

/// Templates, special tokens and the clock.
struct RenderEnvironment {
  var templateName: String?
  private let templates: Result<ChatTemplates, any Error>
  private var specialTokens = JSONObject()
  private var clock: TemplateClock?

  /// - Throws: what is wrong with the files; what is wrong with a template's text is said by every
  ///   rendering.
  init(model: String?, template: String?) throws {
    let sources: [String: String]
    if let model, model.hasSuffix(".gguf") {
      let tokenizer = try Tokenizer.load(model: model)
      sources = tokenizer.chatTemplates
      specialTokens = tokenizer.templateVariables
      guard !sources.isEmpty else { throw CommandFailure("\(model): no chat template in it") }
    } else {
      let files = try ChatTemplateFiles(path: template ?? model ?? "")
      sources = files.templates
      for (name, text) in files.specialTokens { specialTokens[name] = .string(text) }
    }
    templates = Result { try ChatTemplates(sources) }
  }

  mutating func read(variables path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure("\(path): cannot be read")
    }
    let variables: JSONValue
    do {
      variables = try JSONValue(parsing: [UInt8](data))
    } catch {
      throw CommandFailure("\(path): \(error)")
    }
    guard variables.objectValue != nil else {
      throw CommandFailure("\(path): expected an object, found \(variables.kind)")
    }
    if let tokens = variables["special_tokens"], !tokens.isNull {
      guard let tokens = tokens.objectValue else {
        throw CommandFailure("\(path): special_tokens: expected an object, found \(tokens.kind)")
      }
      for (name, text) in tokens { specialTokens[name] = text }
    }
    if let now = variables["now"], !now.isNull {
      guard let clock = now.stringValue.flatMap({ TemplateClock(iso8601: $0) }) else {
        throw CommandFailure(
          "\(path): now: expected a time such as 2026-01-02T03:04:05, found \(now.serialized())")
      }
      self.clock = clock
    }
  }

  /// - Parameter context: with it the special tokens, unless it names them itself.
  func render(_ context: JSONObject) throws -> MarkedString {
    let templates = try templates.get()
    let tools = context["tools"]
    let hasTools = tools.map { !$0.isNull } ?? false
    guard let template = templates.template(named: templateName, forTools: hasTools) else {
      throw CommandFailure(
        "there is no template '\(templateName ?? "default")'; there are "
          + templates.names.joined(separator: ", "))
    }
    var context = context
    for (name, text) in specialTokens where context[name] == nil { context[name] = text }
    return try template.render(context, clock: clock)
  }
}

/// A prompt with the caller's text in another colour than the template's.
struct ColouredPrompt {
  let text: String

  init(_ prompt: MarkedString) {
    let bytes = Array(prompt.text.utf8)
    var result = ""
    for run in prompt.runs {
      let part = Terminal.visible(String(decoding: bytes[run.range], as: UTF8.self), newline: "\n")
      result += run.origin == .caller ? part : "\u{1B}[36m\(part)\u{1B}[0m"
    }
    text = result
  }
}
