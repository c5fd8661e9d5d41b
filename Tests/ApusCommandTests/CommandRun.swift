import Foundation

/// One run of the built command.
struct CommandRun {
  let status: Int32
  let output: String
  let errors: String

  /// The command lies beside the test bundle.
  static let binary: URL? = {
    let folder = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    let url = folder?.appendingPathComponent("apus")
    guard let url, FileManager.default.isExecutableFile(atPath: url.path) else { return nil }
    return url
  }()

  /// Runs it to its end.
  static func of(_ arguments: String..., input: String? = nil) async throws -> CommandRun {
    let running = try RunningCommand(arguments, input: input)
    return await running.end()
  }

  /// Runs `body` with a folder of files.
  static func withFiles(
    _ files: [String: String], _ body: (String) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("apus-command-\(UUID().uuidString)")
    for (name, text) in files {
      let url = folder.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
  }
}

/// A run that is under way; its outputs go to files, so that neither can fill a pipe.
final class RunningCommand {
  private let process = Process()
  private let folder: URL

  /// - Parameter input: what the command finds on its standard input
  init(_ arguments: [String], input: String? = nil) throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("apus-command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    process.executableURL = CommandRun.binary
    process.arguments = arguments
    process.standardInput =
      try input.map { text in
        let url = folder.appendingPathComponent("input")
        try Data(text.utf8).write(to: url)
        return try FileHandle(forReadingFrom: url)
      } ?? FileHandle.nullDevice
    process.standardOutput = try Self.file(folder.appendingPathComponent("output"))
    process.standardError = try Self.file(folder.appendingPathComponent("errors"))
    try process.run()
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private static func file(_ url: URL) throws -> FileHandle {
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
  }

  var output: String { text("output") }
  var errors: String { text("errors") }

  private func text(_ name: String) -> String {
    (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
  }

  /// Polls until one of the outputs holds a text; false where the run ends before.
  func waits(for condition: (RunningCommand) -> Bool) async -> Bool {
    while !condition(self) {
      if !process.isRunning { return condition(self) }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return true
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  func end() async -> CommandRun {
    while process.isRunning { try? await Task.sleep(for: .milliseconds(10)) }
    // A process that a signal ended has no exit status of its own.
    let wasKilled = process.terminationReason == .uncaughtSignal
    return CommandRun(
      status: wasKilled ? -process.terminationStatus : process.terminationStatus, output: output,
      errors: errors)
  }
}
