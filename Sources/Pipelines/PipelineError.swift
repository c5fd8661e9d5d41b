/// Why a model cannot be loaded, in sentences that say what would help.
public struct PipelineError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}
