// The template engine by itself, for measurements and for the differential fuzz.
//
//   template-bench speed DIR [NAME] [--json]   DIR holds templates/*.jinja and environment.json
//   template-bench programs             lines of {"template": .., "context": {..}} from standard
//                                       input, each answered by {"text": ..} or {"error": ..}

import ApusJSON
import ApusTokenizers
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "speed" where arguments.count >= 2:
  try Speed(folder: arguments[1]).run(
    asJSON: arguments.contains("--json"), only: arguments.dropFirst(2).first { $0 != "--json" })
case "programs": Programs().run()
default: print("usage: template-bench speed DIR [--json] | template-bench programs")
}

/// Renders every template of a folder with a conversation of 20 messages.
struct Speed {
  let folder: String

  private static let rounds = 101

  private func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))))
  }

  /// Twenty messages, with or without a system message, or with its text in parts: the forms that
  /// templates accept.
  private var conversations: [[JSONValue]] {
    func text(_ i: Int) -> String {
      "Message \(i): how does the swift, Apus apus, sleep in the air for ten months without ever "
        + "landing? It is said that it does so, \(i) hours at a time.\nTell me what is known."
    }
    func message(_ role: String, _ i: Int) -> JSONValue {
      ["role": .string(role), "content": .string(text(i))]
    }
    let alternating = (0..<20).map { message($0 % 2 == 0 ? "user" : "assistant", $0) }
    let withSystem = [message("system", 0)] + alternating.prefix(19)
    return [withSystem, alternating]
  }

  func run(asJSON: Bool, only: String?) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/templates").sorted()
    var medians: [(name: String, microseconds: Double)] = []
    for name in names where only.map({ name.contains($0) }) ?? true {
      guard let median = try median(of: name) else { continue }
      medians.append((name, median))
      if !asJSON { print(String(format: "%8.1f", median), name) }
    }
    let all = medians.map(\.microseconds).sorted()
    let slowest = medians.max { $0.microseconds < $1.microseconds }
    if asJSON {
      print(
        JSONValue.object([
          "templates": .int(all.count), "median_us": .double(all[all.count / 2]),
          "slowest_us": .double(slowest?.microseconds ?? 0),
          "slowest": .string(slowest?.name ?? ""),
        ]).serialized())
    } else if let slowest {
      print("\(all.count) templates; slowest \(slowest.microseconds) µs: \(slowest.name)")
    }
  }

  /// Microseconds of one rendering; nil where the template refuses every conversation.
  private func median(of name: String) throws -> Double? {
    let source = try String(contentsOfFile: "\(folder)/templates/\(name)", encoding: .utf8)
    let template = try ChatTemplate(source: source)
    let special = try json("environment.json")["special_tokens"]?.objectValue ?? [:]
    let clock = TemplateClock(year: 2026, month: 1, day: 2)
    for messages in conversations {
      var context: JSONObject = [
        "messages": .array(messages), "add_generation_prompt": true,
      ]
      for (token, text) in special { context[token] = text }
      guard (try? template.render(context, clock: clock)) != nil else { continue }
      var times: [Double] = []
      for _ in 0..<Speed.rounds {
        let start = ContinuousClock.now
        _ = try template.render(context, clock: clock)
        let duration = (ContinuousClock.now - start).components
        times.append(Double(duration.attoseconds) * 1e-12 + Double(duration.seconds) * 1e6)
      }
      return times.sorted()[Speed.rounds / 2]
    }
    return nil
  }
}

/// Programs of other people's making, one a line.
struct Programs {
  func run() {
    let clock = TemplateClock(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)
    while let line = readLine() {
      print(answer(line, clock).serialized())
      fflush(nil)
    }
  }

  private func answer(_ line: String, _ clock: TemplateClock) -> JSONValue {
    do {
      let program = try JSONValue(parsing: line)
      let template = try ChatTemplate(source: program["template"]?.stringValue ?? "")
      let context = program["context"]?.objectValue ?? [:]
      let text = try template.render(context, clock: clock)
      var answer: JSONObject = ["text": .string(text.text)]
      if program["runs"] == true {
        answer["runs"] = .array(
          text.runs.map {
            [.int($0.range.lowerBound), .int($0.range.upperBound), .bool($0.origin == .caller)]
          })
      }
      return .object(answer)
    } catch let error as TemplateError {
      return ["error": .string(error.message), "kind": .string("\(error.kind)")]
    } catch {
      return ["error": .string("\(error)"), "kind": "json"]
    }
  }
}
