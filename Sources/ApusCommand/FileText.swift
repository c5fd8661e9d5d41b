import Foundation

/// Files and standard input, with errors that name them.
enum FileText {
  static func bytes(of path: String) throws -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw CommandFailure("\(path): \(reason(error))")
    }
  }

  static func standardInput() throws -> [UInt8] {
    do {
      return [UInt8](try FileHandle.standardInput.readToEnd() ?? Data())
    } catch {
      throw CommandFailure("standard input: \(reason(error))")
    }
  }

  /// What the system says, without what Foundation puts around it.
  static func reason(_ error: any Error) -> String {
    systemError(error)?.localizedFailureReason ?? error.localizedDescription
  }

  /// The system's error inside of Foundation's.
  static func systemError(_ error: any Error) -> NSError? {
    let inner = ((error as? CocoaError)?.underlying ?? error) as NSError
    return inner.domain == NSPOSIXErrorDomain ? inner : nil
  }
}
