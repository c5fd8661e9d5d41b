/// What is wrong with a checkpoint, in one sentence that names the file, the field or tensor, what
/// was expected and what was found.
public struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What in the file is wrong.
  public enum Subject: Sendable, Hashable {
    /// The file as a whole.
    case file
    /// A named part of the file's header or of a configuration.
    case field(String)
    /// A tensor, by its full name.
    case tensor(String)
  }

  /// The path, as it was opened.
  public var file: String
  public var subject: Subject
  public var expected: String
  public var found: String
  /// Names that exist and resemble the one that was asked for, nearest first.
  public var nearest: [String]

  public init(
    file: String, _ subject: Subject = .file, expected: String, found: String,
    nearest: [String] = []
  ) {
    self.file = file
    self.subject = subject
    self.expected = expected
    self.found = found
    self.nearest = nearest
  }

  public var description: String {
    var text = file
    switch subject {
    case .file: break
    case .field(let name): text += ": \(name)"
    case .tensor(let name): text += ": tensor \(name)"
    }
    text += ": expected \(expected), found \(found)"
    if !nearest.isEmpty { text += "; nearest names: \(nearest.joined(separator: ", "))" }
    return text
  }
}
