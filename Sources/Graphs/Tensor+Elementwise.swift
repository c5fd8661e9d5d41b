public import ApusTensors

extension Tensor {
  public func negated() -> Tensor { unary(.negate) }
  public func exp() -> Tensor { unary(.exp) }
  public func log() -> Tensor { unary(.log) }
  public func sqrt() -> Tensor { unary(.sqrt) }
  public func reciprocalSqrt() -> Tensor { unary(.reciprocalSqrt) }
  public func tanh() -> Tensor { unary(.tanh) }
  public func erf() -> Tensor { unary(.erf) }
  public func sigmoid() -> Tensor { unary(.sigmoid) }
  public func sin() -> Tensor { unary(.sin) }
  public func cos() -> Tensor { unary(.cos) }

  public func unary(_ operation: UnaryOperation) -> Tensor {
    if isPoisoned { return self }
    return graph.append(.primitive(.unary(operation)), [id], type)
  }

  public func cast(_ dataType: DataType) -> Tensor {
    if isPoisoned || self.dataType == dataType { return self }
    return graph.append(.primitive(.cast(dataType)), [id], TensorType(dataType, shape))
  }

  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(.add, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary(.subtract, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary(.multiply, b) }
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(.divide, b) }
  public static func + (a: Tensor, b: Float) -> Tensor { a.binary(.add, a.like(b)) }
  public static func - (a: Tensor, b: Float) -> Tensor { a.binary(.subtract, a.like(b)) }
  public static func * (a: Tensor, b: Float) -> Tensor { a.binary(.multiply, a.like(b)) }
  public static func / (a: Tensor, b: Float) -> Tensor { a.binary(.divide, a.like(b)) }
  public static prefix func - (a: Tensor) -> Tensor { a.negated() }

  /// A scalar constant of this tensor's type.
  func like(_ value: Float) -> Tensor {
    dataType.isFloatingPoint
      ? graph.constant(HostTensor([value], shape: [], dataType: dataType))
      : graph.constant(HostTensor([Int32(value)], shape: [], dataType: dataType))
  }

  /// Elementwise with broadcasting as in NumPy: axes are aligned at the end, size 1 stretches.
  public func binary(
    _ operation: BinaryOperation, _ other: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned || other.isPoisoned { return graph.poisoned }
    let name = operation.rawValue
    guard dataType == other.dataType else {
      return graph.fail(
        name, [self, other],
        "expected equal element types, found \(dataType.rawValue) and \(other.dataType.rawValue)",
        file: file, line: line)
    }
    guard let common = Self.broadcastShape([shape, other.shape]) else {
      return graph.fail(
        name, [self, other], "shapes \(shape) and \(other.shape) do not broadcast", file: file,
        line: line)
    }
    let a = broadcast(to: common)
    let b = other.broadcast(to: common)
    let type = TensorType(operation.isPredicate ? .bool : dataType, common)
    return graph.append(.primitive(.binary(operation)), [a.id, b.id], type)
  }

  /// This where the condition holds, else `other`; all three broadcast.
  public func select(
    where condition: Tensor, else other: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned || other.isPoisoned || condition.isPoisoned { return graph.poisoned }
    guard condition.dataType == .bool, dataType == other.dataType else {
      return graph.fail(
        "select", [condition, self, other], "expected a bool condition and two equal types",
        file: file, line: line)
    }
    guard let common = Self.broadcastShape([condition.shape, shape, other.shape]) else {
      return graph.fail(
        "select", [condition, self, other], "shapes do not broadcast", file: file, line: line)
    }
    let operands = [condition, self, other].map { $0.broadcast(to: common).id }
    return graph.append(.primitive(.select), operands, TensorType(dataType, common))
  }

  static func broadcastShape(_ shapes: [Shape]) -> Shape? {
    let rank = shapes.map(\.rank).max() ?? 0
    var result = [Dim](repeating: 1, count: rank)
    for shape in shapes {
      for (offset, dim) in shape.dims.enumerated() where dim.constant != 1 {
        let axis = rank - shape.rank + offset
        if result[axis].constant == 1 {
          result[axis] = dim
        } else if result[axis] != dim {
          return nil
        }
      }
    }
    return Shape(result)
  }

  /// Stretches to a shape that this one broadcasts to (axes aligned at the end).
  public func broadcast(
    to target: Shape, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned || shape == target { return self }
    guard Self.broadcastShape([shape, target]) == target else {
      return graph.fail(
        "broadcast", [self], "\(shape) does not broadcast to \(target)", file: file, line: line)
    }
    let first = target.rank - shape.rank
    return graph.append(
      .primitive(.broadcast(axes: Array(first..<target.rank))), [id], TensorType(dataType, target))
  }
}
