public import ApusTensors

/// Stored elements to float32. For block formats the arithmetic, and its order, is that of the
/// format's definition, so results are equal bit for bit to those of `gguf-py`.
///
/// - Source: ggml-quants.c and gguf-py of llama.cpp (block layouts and reference decoding).
public enum Dequantize {
  /// Whether `decode` knows the format.
  public static func supports(_ format: StorageFormat) -> Bool {
    switch format {
    case .dense(let type): type != .bool
    case .quantized: true
    }
  }

  /// Decodes `count` elements.
  ///
  /// - Precondition: `supports(format)`, and `bytes` holds `count` elements, a whole number of
  ///   blocks.
  public static func floats(_ format: StorageFormat, _ bytes: RawSpan, count: Int) -> [Float] {
    var result = [Float](repeating: 0, count: count)
    var span = result.mutableSpan
    decode(format, bytes, into: &span)
    return result
  }

  /// Decodes bytes that lie in an array.
  ///
  /// - Precondition: as for `floats(_:_:count:)`.
  public static func floats(_ format: StorageFormat, _ bytes: [UInt8], count: Int) -> [Float] {
    withRawSpan(of: bytes) { floats(format, $0, count: count) }
  }

  /// Decodes as many elements as `output` holds.
  ///
  /// - Precondition: `supports(format)`, and `bytes` holds that many elements, a whole number of
  ///   blocks.
  package static func decode(
    _ format: StorageFormat, _ bytes: RawSpan, into output: inout MutableSpan<Float>
  ) {
    guard let needed = format.byteCount(elements: output.count), needed <= bytes.byteCount else {
      preconditionFailure("\(bytes.byteCount) bytes do not hold \(output.count) of \(format)")
    }
    switch format {
    case .dense(let type): decodeDense(type, bytes, into: &output)
    case .quantized(let format):
      blockDecoder(format)(bytes, &output)
    }
  }

  typealias BlockDecoder = @Sendable (RawSpan, inout MutableSpan<Float>) -> Void

  /// The loop over all blocks of a span.
  private static func blockDecoder(_ format: QuantizedFormat) -> BlockDecoder {
    switch format {
    case .q4_0: { eachBlock(18, 32, $0, &$1, LegacyBlocks.q4_0) }
    case .q4_1: { eachBlock(20, 32, $0, &$1, LegacyBlocks.q4_1) }
    case .q5_0: { eachBlock(22, 32, $0, &$1, LegacyBlocks.q5_0) }
    case .q5_1: { eachBlock(24, 32, $0, &$1, LegacyBlocks.q5_1) }
    case .q8_0: { eachBlock(34, 32, $0, &$1, LegacyBlocks.q8_0) }
    case .q2_k: { eachBlock(84, 256, $0, &$1, SuperBlocks.q2_k) }
    case .q3_k: { eachBlock(110, 256, $0, &$1, SuperBlocks.q3_k) }
    case .q4_k: { eachBlock(144, 256, $0, &$1, SuperBlocks.q4_k) }
    case .q5_k: { eachBlock(176, 256, $0, &$1, SuperBlocks.q5_k) }
    case .q6_k: { eachBlock(210, 256, $0, &$1, SuperBlocks.q6_k) }
    case .iq4_nl: { eachBlock(18, 32, $0, &$1, TableBlocks.iq4_nl) }
    case .iq4_xs: { eachBlock(136, 256, $0, &$1, TableBlocks.iq4_xs) }
    case .mxfp4: { eachBlock(17, 32, $0, &$1, TableBlocks.mxfp4) }
    case .nvfp4: { eachBlock(36, 64, $0, &$1, TableBlocks.nvfp4) }
    case .tq1_0: { eachBlock(54, 256, $0, &$1, TableBlocks.tq1_0) }
    case .tq2_0: { eachBlock(66, 256, $0, &$1, TableBlocks.tq2_0) }
    case .iq2_xxs: { eachBlock(66, 256, $0, &$1, GridBlocks.iq2_xxs) }
    case .iq2_xs: { eachBlock(74, 256, $0, &$1, GridBlocks.iq2_xs) }
    case .iq2_s: { eachBlock(82, 256, $0, &$1, GridBlocks.iq2_s) }
    case .iq3_xxs: { eachBlock(98, 256, $0, &$1, GridBlocks.iq3_xxs) }
    case .iq3_s: { eachBlock(110, 256, $0, &$1, GridBlocks.iq3_s) }
    case .iq1_s: { eachBlock(50, 256, $0, &$1, GridBlocks.iq1_s) }
    case .iq1_m: { eachBlock(56, 256, $0, &$1, GridBlocks.iq1_m) }
    case .q1_0: { eachBlock(18, 128, $0, &$1, LegacyBlocks.q1_0) }
    case .q8_1: { eachBlock(36, 32, $0, &$1, LegacyBlocks.q8_1) }
    case .q8_k: { eachBlock(292, 256, $0, &$1, SuperBlocks.q8_k) }
    }
  }

  private static func decodeDense(
    _ type: DataType, _ bytes: RawSpan, into output: inout MutableSpan<Float>
  ) {
    switch type {
    case .float32: eachElement(4, bytes, &output) { $0.float(0) }
    case .bfloat16:
      eachElement(2, bytes, &output) { Float(bitPattern: UInt32($0.uint16(0)) << 16) }
    case .float16: eachElement(2, bytes, &output) { HalfFloat.float($0.uint16(0)) }
    case .float64: eachElement(8, bytes, &output) { Float(Double(bitPattern: $0.uint64(0))) }
    case .int8: eachElement(1, bytes, &output) { Float(Int8(bitPattern: $0.byte(0))) }
    case .uint8, .bool: eachElement(1, bytes, &output) { Float($0.byte(0)) }
    case .int16: eachElement(2, bytes, &output) { Float(Int16(bitPattern: $0.uint16(0))) }
    case .uint16: eachElement(2, bytes, &output) { Float($0.uint16(0)) }
    case .int32: eachElement(4, bytes, &output) { Float(Int32(bitPattern: $0.uint32(0))) }
    case .uint32: eachElement(4, bytes, &output) { Float($0.uint32(0)) }
    case .int64: eachElement(8, bytes, &output) { Float(Int64(bitPattern: $0.uint64(0))) }
    case .uint64: eachElement(8, bytes, &output) { Float($0.uint64(0)) }
    }
  }
}
