import Foundation

/// The two outputs of a command: results on standard output, everything else on standard error.
enum Terminal {
  static func write(_ text: String) {
    FileHandle.standardOutput.write(Data(text.utf8))
  }

  static func error(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
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
