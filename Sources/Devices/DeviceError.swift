/// What a device cannot do, in one sentence for the person who asked for it.
public struct DeviceError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
