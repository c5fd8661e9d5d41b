import ArgumentParser
import Foundation

/// `apus`: builds and serves language models.
@main
struct ApusTool: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Build and serve language models on this machine.",
    discussion: """
      Exit codes: 0 success, 1 failure, 2 wrong use.
      """,
    version: version,
    subcommands: [Serve.self, Generate.self, List.self, Tokenize.self, Render.self])

  /// As ArgumentParser's own, with our exit codes.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      finish(error)
    }
  }

  private static func finish(_ error: any Error) -> Never {
    let code = exitCode(for: error)
    if code == .success { exit(withError: error) }
    if code == .validationFailure {
      Terminal.error(fullMessage(for: error))
      Foundation.exit(2)
    }
    if !(error is ExitCode) { Terminal.error("apus: error: \(error)") }
    Foundation.exit(1)
  }
}
