import ApusTensors
import Foundation

extension Reference {
  static func unary(_ operation: UnaryOperation, _ x: HostTensor) -> HostTensor {
    switch x.elements {
    case .float32(let values):
      let function = float(operation)
      return HostTensor(
        rounded(mapped(values, function), x.dataType), shape: x.shape, dataType: x.dataType)
    case .int32(let values):
      let function: (Int32) -> Int32 =
        switch operation {
        case .negate: { 0 &- $0 }
        case .absolute: { $0 < 0 ? 0 &- $0 : $0 }
        default: { $0 == 0 ? 1 : 0 }  // logicalNot: integers have no other
        }
      return HostTensor(
        wrapped(values.map(function), x.dataType), shape: x.shape, dataType: x.dataType)
    }
  }

  private static func float(_ operation: UnaryOperation) -> (Float) -> Float {
    switch operation {
    case .negate: { -$0 }
    case .absolute: { abs($0) }
    case .exp: { exp($0) }
    case .log: { log($0) }
    case .sqrt: { $0.squareRoot() }
    case .reciprocalSqrt: { 1 / $0.squareRoot() }
    case .reciprocal: { 1 / $0 }
    case .tanh: { tanh($0) }
    case .erf: { erf($0) }
    case .sigmoid: { 1 / (1 + exp(-$0)) }
    case .sin: { sin($0) }
    case .cos: { cos($0) }
    case .floor: { $0.rounded(.down) }
    case .logicalNot: { $0 == 0 ? 1 : 0 }
    }
  }

  static func binary(
    _ operation: BinaryOperation, _ a: HostTensor, _ b: HostTensor
  ) -> HostTensor {
    switch (a.elements, b.elements) {
    case (.float32(let x), .float32(let y)):
      if let predicate = predicate(operation, Float.self) {
        var holds = [Int32](repeating: 0, count: x.count)
        for index in 0..<x.count where predicate(x[index], y[index]) { holds[index] = 1 }
        return HostTensor(holds, shape: a.shape, dataType: .bool)
      }
      let function = float(operation)
      var result = [Float](repeating: 0, count: x.count)
      for index in 0..<x.count { result[index] = function(x[index], y[index]) }
      return HostTensor(
        rounded(result, a.dataType), shape: a.shape, dataType: a.dataType)
    default:
      let (x, y) = (a.integers, b.integers)
      if let predicate = predicate(operation, Int32.self) {
        var holds = [Int32](repeating: 0, count: x.count)
        for index in 0..<x.count where predicate(x[index], y[index]) { holds[index] = 1 }
        return HostTensor(holds, shape: a.shape, dataType: .bool)
      }
      let function = integer(operation)
      var result = [Int32](repeating: 0, count: x.count)
      for index in 0..<x.count { result[index] = function(x[index], y[index]) }
      return HostTensor(
        wrapped(result, a.dataType), shape: a.shape, dataType: a.dataType)
    }
  }

  private static func predicate<T: Comparable & ExpressibleByIntegerLiteral>(
    _ operation: BinaryOperation, _: T.Type
  ) -> ((T, T) -> Bool)? {
    switch operation {
    case .equal: { $0 == $1 }
    case .less: { $0 < $1 }
    case .lessOrEqual: { $0 <= $1 }
    case .logicalAnd: { $0 != 0 && $1 != 0 }
    case .logicalOr: { $0 != 0 || $1 != 0 }
    default: nil
    }
  }

  private static func float(_ operation: BinaryOperation) -> (Float, Float) -> Float {
    switch operation {
    case .subtract: { $0 - $1 }
    case .multiply: { $0 * $1 }
    case .divide: { $0 / $1 }
    case .maximum: { $0 > $1 ? $0 : $1 }
    case .minimum: { $0 < $1 ? $0 : $1 }
    case .power: { pow($0, $1) }
    case .remainder: { fmod($0, $1) }
    default: { $0 + $1 }  // add; predicates do not come here
    }
  }

  private static func integer(_ operation: BinaryOperation) -> (Int32, Int32) -> Int32 {
    switch operation {
    case .subtract: { $0 &- $1 }
    case .multiply: { $0 &* $1 }
    case .divide: { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
    case .maximum: { max($0, $1) }
    case .minimum: { min($0, $1) }
    case .remainder: { $1 == 0 ? 0 : $0.remainderReportingOverflow(dividingBy: $1).partialValue }
    default: { $0 &+ $1 }  // add; `power` takes floats
    }
  }

  static func select(_ condition: HostTensor, _ a: HostTensor, _ b: HostTensor) -> HostTensor {
    let holds = condition.integers
    switch (a.elements, b.elements) {
    case (.float32(var result), .float32(let other)):
      for index in 0..<holds.count where holds[index] == 0 { result[index] = other[index] }
      return HostTensor(result, shape: a.shape, dataType: a.dataType)
    default:
      let other = b.integers
      var result = a.integers
      for index in 0..<holds.count where holds[index] == 0 { result[index] = other[index] }
      return HostTensor(result, shape: a.shape, dataType: a.dataType)
    }
  }

  static func cast(_ x: HostTensor, to element: DataType) -> HostTensor {
    guard let range = element.integerRange else {
      return HostTensor(rounded(x.floats, element), shape: x.shape, dataType: element)
    }
    if element == .bool {
      let values: [Int32] =
        switch x.elements {
        case .float32(let values): values.map { $0 == 0 ? 0 : 1 }
        case .int32(let values): values.map { $0 == 0 ? 0 : 1 }
        }
      return HostTensor(values, shape: x.shape, dataType: element)
    }
    let clamped = x.integers.map { min(max($0, range.lowerBound), range.upperBound) }
    return HostTensor(clamped, shape: x.shape, dataType: element)
  }

  // Loops by index rather than `map` and `zip`: without optimisation those are ten times slower,
  // and tests run models through here.
  private static func mapped(_ values: [Float], _ function: (Float) -> Float) -> [Float] {
    var result = values
    for index in 0..<values.count { result[index] = function(values[index]) }
    return result
  }

  /// Results of a 16-bit float type are rounded after each operation.
  private static func rounded(_ values: [Float], _ element: DataType) -> [Float] {
    element == .float32 ? values : values.map(element.rounded)
  }

  /// Results of a narrow integer type wrap.
  static func wrapped(_ values: [Int32], _ element: DataType) -> [Int32] {
    switch element {
    case .int8: values.map { Int32(Int8(truncatingIfNeeded: $0)) }
    case .uint8: values.map { Int32(UInt8(truncatingIfNeeded: $0)) }
    case .int16: values.map { Int32(Int16(truncatingIfNeeded: $0)) }
    case .uint16: values.map { Int32(UInt16(truncatingIfNeeded: $0)) }
    default: values
    }
  }
}
