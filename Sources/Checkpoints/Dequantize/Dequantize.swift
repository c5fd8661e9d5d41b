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
    case .quantized(let format): blockDecoder(format) != nil
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
      guard let decoder = blockDecoder(format) else {
        preconditionFailure("\(format) cannot be decoded")
      }
      decoder(bytes, &output)
    }
  }

  typealias BlockDecoder = @Sendable (RawSpan, inout MutableSpan<Float>) -> Void

  /// The loop over all blocks of a span, or nil where the format is not known.
  private static func blockDecoder(_ format: QuantizedFormat) -> BlockDecoder? {
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
    case .q8_1, .q8_k, .iq2_xxs, .iq2_xs, .iq3_xxs, .iq1_s, .iq4_nl, .iq3_s, .iq2_s, .iq4_xs,
      .iq1_m, .tq1_0, .tq2_0, .mxfp4, .nvfp4:
      nil
    }
  }

  private static func decodeDense(
    _ type: DataType, _ bytes: RawSpan, into output: inout MutableSpan<Float>
  ) {
    let count = output.count
    switch type {
    case .float32: for i in 0..<count { output[i] = bytes.float(i * 4) }
    case .bfloat16:
      for i in 0..<count { output[i] = Float(bitPattern: UInt32(bytes.uint16(i * 2)) << 16) }
    case .float16: for i in 0..<count { output[i] = HalfFloat.float(bytes.uint16(i * 2)) }
    case .float64:
      for i in 0..<count { output[i] = Float(Double(bitPattern: bytes.uint64(i * 8))) }
    case .int8: for i in 0..<count { output[i] = Float(Int8(bitPattern: bytes.byte(i))) }
    case .uint8, .bool: for i in 0..<count { output[i] = Float(bytes.byte(i)) }
    case .int16: for i in 0..<count { output[i] = Float(Int16(bitPattern: bytes.uint16(i * 2))) }
    case .uint16: for i in 0..<count { output[i] = Float(bytes.uint16(i * 2)) }
    case .int32: for i in 0..<count { output[i] = Float(Int32(bitPattern: bytes.uint32(i * 4))) }
    case .uint32: for i in 0..<count { output[i] = Float(bytes.uint32(i * 4)) }
    case .int64: for i in 0..<count { output[i] = Float(Int64(bitPattern: bytes.uint64(i * 8))) }
    case .uint64: for i in 0..<count { output[i] = Float(bytes.uint64(i * 8)) }
    }
  }
}
