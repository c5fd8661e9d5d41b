public import ApusTensors

/// A weight as a graph knows it: its full name in the checkpoint scope, the shape this rank holds
/// and its storage format. The elements are found at load time, by name.
///
/// In a graph a weight is a value of type `float32[shape]`, whatever its storage format.
public struct Weight: Sendable, Hashable {
  /// The full name, such as `layers.3.self_attn.q_proj.weight`.
  public let name: String
  /// The sizes this rank holds, outermost first; a matrix is `[out, in]`.
  public let shape: [Int]
  public let format: StorageFormat
  /// How ranks divide it; nil where every rank holds all of it.
  public let sharding: WeightSharding?

  public init(
    name: String, shape: [Int], format: StorageFormat, sharding: WeightSharding? = nil
  ) {
    self.name = name
    self.shape = shape
    self.format = format
    self.sharding = sharding
  }

  public var type: TensorType { TensorType(.float32, Shape(shape)) }
}
