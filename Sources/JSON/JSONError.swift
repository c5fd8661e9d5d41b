/// Why a text is no JSON document, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String
  /// Byte offset from the start.
  public let offset: Int
  /// Counted from 1.
  public let line: Int
  /// In bytes, counted from 1.
  public let column: Int

  public var description: String { "line \(line), column \(column): \(message)" }
}

/// What a document may at most be; a document beyond a limit is refused, never cut.
public struct JSONLimits: Sendable, Hashable {
  /// Nesting of arrays and objects.
  public var depth = 128
  /// Bytes of the whole document.
  public var bytes = 1 << 30
  /// Values in all, those inside of others included. Some text is small and makes a large tree: two
  /// bytes of `0,` become sixteen.
  public var values = 1 << 22
  /// Characters of one number.
  public var numberLength = 1024
  /// Where members of one name are allowed, the last one counts.
  public var allowsDuplicateKeys = false

  public init() {}
  public static let `default` = JSONLimits()
}
