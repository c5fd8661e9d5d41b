import ApusCPUKernels
import Testing

/// A weight format as its file lays it out, encoded and decoded here independently of the kernels.
enum WeightFormat: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case f32, f16, bf16, q8_0, q4_0, q4_1

  var testDescription: String { rawValue }
  var isQuantized: Bool { [.q8_0, .q4_0, .q4_1].contains(self) }

  /// The greatest normalised mean square error (design section 10).
  var tolerance: Double { self == .f32 ? 1e-10 : isQuantized ? 1e-4 : 1e-5 }

  var matmul: apus_kernel_variants {
    switch self {
    case .f32: unsafe apus_matmul_f32
    case .f16: unsafe apus_matmul_f16
    case .bf16: unsafe apus_matmul_bf16
    case .q8_0: unsafe apus_matmul_q8_0
    case .q4_0: unsafe apus_matmul_q4_0
    case .q4_1: unsafe apus_matmul_q4_1
    }
  }

  var embedding: apus_kernel_variants {
    switch self {
    case .f32: unsafe apus_embedding_f32
    case .f16: unsafe apus_embedding_f16
    case .bf16: unsafe apus_embedding_bf16
    case .q8_0: unsafe apus_embedding_q8_0
    case .q4_0: unsafe apus_embedding_q4_0
    case .q4_1: unsafe apus_embedding_q4_1
    }
  }

  /// The bytes of one number or of one block of 32.
  var elementBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q8_0: 34
    case .q4_0: 18
    case .q4_1: 20
    }
  }

  func rowBytes(_ columns: Int) -> Int {
    isQuantized ? columns / 32 * elementBytes : columns * elementBytes
  }

  func encode(_ values: [Float]) -> [UInt8] {
    switch self {
    case .f32: values.flatMap { Self.bytes($0.bitPattern) }
    case .f16: values.flatMap { Self.bytes(Float16($0).bitPattern) }
    case .bf16: values.flatMap { Self.bytes(Self.bfloat16($0)) }
    default:
      stride(from: 0, to: values.count, by: 32).flatMap {
        encodeBlock(Array(values[$0..<$0 + 32]))
      }
    }
  }

  func decode(_ bytes: ArraySlice<UInt8>) -> [Double] {
    let starts = stride(from: bytes.startIndex, to: bytes.endIndex, by: elementBytes)
    switch self {
    case .f32:
      return starts.map {
        let low = UInt32(bytes[$0]) | UInt32(bytes[$0 + 1]) << 8
        let high = UInt32(bytes[$0 + 2]) | UInt32(bytes[$0 + 3]) << 8
        return Double(Float(bitPattern: high << 16 | low))
      }
    case .f16: return starts.map { Self.half(bytes, $0) }
    case .bf16:
      return starts.map {
        Double(Float(bitPattern: UInt32(bytes[$0 + 1]) << 24 | UInt32(bytes[$0]) << 16))
      }
    default: return starts.flatMap { decodeBlock(bytes[$0..<$0 + elementBytes]) }
    }
  }

  private func encodeBlock(_ block: [Float]) -> [UInt8] {
    let greatest = block.max { abs($0) < abs($1) } ?? 0
    switch self {
    case .q8_0:
      let d = abs(greatest) / 127
      let quants = block.map { d == 0 ? 0 : Int8(($0 / d).rounded()) }
      return Self.bytes(Float16(d).bitPattern) + quants.map { UInt8(bitPattern: $0) }
    case .q4_0:
      let d = greatest / -8
      let nibbles = block.map { d == 0 ? 8 : UInt8(max(0, min(15, ($0 / d + 8.5).rounded(.down)))) }
      return Self.bytes(Float16(d).bitPattern) + Self.packed(nibbles)
    default:
      let least = block.min() ?? 0
      let d = ((block.max() ?? 0) - least) / 15
      let nibbles = block.map { d == 0 ? 0 : UInt8(max(0, min(15, (($0 - least) / d).rounded()))) }
      return Self.bytes(Float16(d).bitPattern) + Self.bytes(Float16(least).bitPattern)
        + Self.packed(nibbles)
    }
  }

  private func decodeBlock(_ block: ArraySlice<UInt8>) -> [Double] {
    let (d, quants) = (Self.half(block, block.startIndex), Self.quants(of: self, in: block))
    if self != .q4_1 { return quants.map { d * Double($0) } }
    let minimum = Self.half(block, block.startIndex + 2)
    return quants.map { d * Double($0) + minimum }
  }

  /// The integers of one block: q, nibble - 8, or nibble.
  static func quants(of format: WeightFormat, in block: ArraySlice<UInt8>) -> [Int] {
    let packed = block.dropFirst(format == .q4_1 ? 4 : 2)
    if format == .q8_0 { return packed.map { Int(Int8(bitPattern: $0)) } }
    let zero = format == .q4_0 ? 8 : 0
    return packed.map { Int($0 & 15) - zero } + packed.map { Int($0 >> 4) - zero }
  }

  static func half(_ bytes: ArraySlice<UInt8>, _ at: Int) -> Double {
    Double(Float16(bitPattern: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8))
  }

  /// To nearest, ties to even.
  static func bfloat16(_ value: Float) -> UInt16 {
    if value.isNaN { return UInt16(truncatingIfNeeded: value.bitPattern >> 16) | 0x40 }
    let rounding = 0x7fff + ((value.bitPattern >> 16) & 1)
    return UInt16(truncatingIfNeeded: (value.bitPattern &+ rounding) >> 16)
  }

  private static func bytes<T: FixedWidthInteger>(_ bits: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
  }

  private static func packed(_ nibbles: [UInt8]) -> [UInt8] {
    (0..<16).map { nibbles[$0] | nibbles[$0 + 16] << 4 }
  }
}
