/// Why a graph cannot be compiled or a plan cannot be run: one sentence that names the operation,
/// the types or the symbol at fault.
public struct CompileError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
