import ApusArchitectures
import ApusJSON
import ApusPipelines
import ArgumentParser

/// `apus list`: what can be served.
struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the architectures, and the encodings that tests have proved for each.")

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let architectures = builtInArchitectures
    if json {
      let entries = architectures.map { architecture -> JSONValue in
        [
          "name": .string(architecture.name), "task": .string(architecture.task.rawValue),
          "encodings": .array(architecture.provedEncodings.map { .string($0.description) }),
        ]
      }
      Terminal.write(JSONValue.object(["architectures": .array(entries)]).serialized() + "\n")
      return
    }
    for architecture in architectures {
      let encodings = architecture.provedEncodings.map(\.description).joined(separator: " ")
      Terminal.write("\(architecture.name)  \(architecture.task.rawValue)  \(encodings)\n")
    }
  }
}
