import ApusDevices
import ApusTensors

/// Elements of host tensors as a device keeps them, in words of four bytes.
enum HostWords {
  /// - Throws: where the type has no layout in plans.
  static func packed(_ tensor: HostTensor) throws -> [Int32] {
    switch tensor.dataType {
    case .int32: return tensor.integers
    case .float32: return tensor.floats.map { Int32(bitPattern: $0.bitPattern) }
    case .bfloat16: return pairs(tensor.floats.map { BFloat16($0).bitPattern })
    case .float16: return pairs(tensor.floats.map { Float16($0).bitPattern })
    case .bool:
      let bytes = tensor.integers.map { UInt32($0 == 0 ? 0 : 1) }
      return stride(from: 0, to: bytes.count, by: 4).map { start in
        let word = (start..<min(start + 4, bytes.count)).reduce(UInt32(0)) {
          $0 | bytes[$1] << UInt32(8 * ($1 - start))
        }
        return Int32(bitPattern: word)
      }
    default: throw CompileError("plans do not hold \(tensor.dataType.rawValue) values")
    }
  }

  static func unpacked(_ words: [Int32], _ shape: [Int], _ type: DataType) -> HostTensor {
    let count = shape.reduce(1, *)
    switch type {
    case .float32:
      let values = words.prefix(count).map { Float(bitPattern: UInt32(bitPattern: $0)) }
      return HostTensor(values, shape: shape)
    case .bfloat16:
      let values = (0..<count).map { Float(BFloat16(bitPattern: half(words, $0))) }
      return HostTensor(values, shape: shape, dataType: type)
    case .float16:
      let values = (0..<count).map { Float(Float16(bitPattern: half(words, $0))) }
      return HostTensor(values, shape: shape, dataType: type)
    case .bool:
      let values = (0..<count).map { words[$0 / 4] >> Int32(8 * ($0 % 4)) & 0xFF }
      return HostTensor(values, shape: shape, dataType: type)
    default: return HostTensor(Array(words.prefix(count)), shape: shape, dataType: type)
    }
  }

  private static func pairs(_ halves: [UInt16]) -> [Int32] {
    stride(from: 0, to: halves.count, by: 2).map { index in
      let high = index + 1 < halves.count ? UInt32(halves[index + 1]) : 0
      return Int32(bitPattern: high << 16 | UInt32(halves[index]))
    }
  }

  private static func half(_ words: [Int32], _ index: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: words[index / 2] >> Int32(16 * (index % 2)))
  }
}
