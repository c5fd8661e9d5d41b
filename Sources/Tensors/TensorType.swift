/// The type of a value in a graph: element type and shape.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
  public var dataType: DataType
  public var shape: Shape

  public init(_ dataType: DataType, _ shape: Shape) {
    self.dataType = dataType
    self.shape = shape
  }

  public var rank: Int { shape.rank }
  public var description: String { "\(dataType.rawValue)\(shape)" }
}
