/// Why a chat template could not be read or rendered, with the line of the template.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// The template is not well-formed, or uses a statement that is not supported.
    case syntax
    /// The template called `raise_exception`.
    case raised
    /// Something undefined was used.
    case undefined
    /// An operation on a value of the wrong kind.
    case type
    /// Something that the sandbox forbids.
    case forbidden
    /// Steps, depth, output or another limit is used up.
    case limit
  }

  public let kind: Kind
  public let message: String
  /// Counted from 1.
  public let line: Int

  package init(_ kind: Kind, _ message: String, line: Int) {
    self.kind = kind
    self.message = message
    self.line = line
  }

  public var description: String { "chat template, line \(line): \(message)" }
}
