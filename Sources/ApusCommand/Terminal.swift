import Foundation

/// The two outputs of a command: results on standard output, everything else on standard error.
enum Terminal {
  /// Ends the program with 1 where that cannot be written; quietly where nobody reads any more.
  static func write(_ text: String) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      if FileText.systemError(error)?.code != Int(EPIPE) {
        self.error("apus: error: standard output: \(FileText.reason(error))")
      }
      exit(1)
    }
  }

  /// What cannot be said cannot be said.
  static func error(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
  }

  /// Whether standard output is for somebody who wants to see colours.
  ///
  /// - Source: no-color.org.
  static var showsColours: Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty
      && environment["TERM"] != "dumb"
  }

  /// Controls as pictures, so that text cannot steer the terminal.
  static func visible(_ text: String, newline: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A: result += newline
      case 0x00..<0x20: result.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? "␀")
      case 0x7F..<0xA0: result += "␡"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
