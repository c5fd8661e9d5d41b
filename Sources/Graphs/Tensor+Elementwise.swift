public import ApusTensors

extension Tensor {
  public func negated(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.negate, file: file, line: line)
  }

  public func absolute(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.absolute, file: file, line: line)
  }

  public func exp(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.exp, file: file, line: line)
  }

  public func log(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.log, file: file, line: line)
  }

  public func sqrt(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.sqrt, file: file, line: line)
  }

  public func reciprocalSqrt(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.reciprocalSqrt, file: file, line: line)
  }

  public func tanh(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.tanh, file: file, line: line)
  }

  public func erf(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.erf, file: file, line: line)
  }

  public func sigmoid(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.sigmoid, file: file, line: line)
  }

  public func sin(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.sin, file: file, line: line)
  }

  public func cos(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.cos, file: file, line: line)
  }

  public func unary(
    _ operation: UnaryOperation, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    graph.apply(.unary(operation), [self], type, file: file, line: line)
  }

  /// Another element type; see `Primitive.cast` for what is rounded and how.
  public func cast(
    _ dataType: DataType, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if isPoisoned || self.dataType == dataType { return self }
    return graph.apply(
      .cast(dataType), [self], TensorType(dataType, shape), file: file, line: line)
  }

  // Operators cannot carry file and line.
  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(.add, b, file: "", line: 0) }
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    a.binary(.subtract, b, file: "", line: 0)
  }
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    a.binary(.multiply, b, file: "", line: 0)
  }
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(.divide, b, file: "", line: 0) }
  public static func + (a: Tensor, b: Float) -> Tensor { a + a.like(b) }
  public static func - (a: Tensor, b: Float) -> Tensor { a - a.like(b) }
  public static func * (a: Tensor, b: Float) -> Tensor { a * a.like(b) }
  public static func / (a: Tensor, b: Float) -> Tensor { a / a.like(b) }
  public static prefix func - (a: Tensor) -> Tensor { a.unary(.negate, file: "", line: 0) }

  /// A scalar constant of this tensor's type.
  func like(_ value: Float) -> Tensor {
    if isPoisoned { return self }
    if dataType.isFloatingPoint {
      return graph.constant(HostTensor([value], shape: [], dataType: dataType))
    }
    guard let integer = Int32(exactly: value) else {
      return graph.fail(
        "constant", [self], "\(value) is no \(dataType.rawValue)", file: "", line: 0)
    }
    return graph.constant(HostTensor([integer], shape: [], dataType: dataType))
  }

  /// Elementwise with broadcasting as in NumPy: axes are aligned at the end, size 1 stretches.
  public func binary(
    _ operation: BinaryOperation, _ other: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    guard graph.accepts(operation.rawValue, [self, other], file: file, line: line) else {
      return graph.poisoned
    }
    guard let common = Self.broadcastShape([shape, other.shape]) else {
      return graph.fail(
        operation.rawValue, [self, other],
        "shapes \(shape) and \(other.shape) do not broadcast", file: file, line: line)
    }
    let operands = [self, other].map { $0.broadcast(to: common, file: file, line: line) }
    let type = TensorType(operation.isPredicate ? .bool : dataType, common)
    return graph.apply(.binary(operation), operands, type, file: file, line: line)
  }

  /// This where the condition holds, else `other`; all three broadcast.
  public func select(
    where condition: Tensor, else other: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let operands = [condition, self, other]
    guard graph.accepts("select", operands, file: file, line: line) else { return graph.poisoned }
    guard let common = Self.broadcastShape(operands.map(\.shape)) else {
      return graph.fail("select", operands, "shapes do not broadcast", file: file, line: line)
    }
    return graph.apply(
      .select, operands.map { $0.broadcast(to: common, file: file, line: line) },
      TensorType(dataType, common), file: file, line: line)
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
}
