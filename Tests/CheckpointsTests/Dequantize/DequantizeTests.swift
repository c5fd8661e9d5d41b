import ApusCheckpoints
import ApusJSON
import ApusTensors
import TestSupport
import Testing

@Suite struct DequantizeTests {
  /// gguf-py decodes none of these, so there are no vectors.
  static let withoutVectors: Set<QuantizedFormat> = [.q8_1, .q8_k, .q1_0]
  static let formats: [(name: String, format: StorageFormat)] =
    [("F16", .float16), ("BF16", .bfloat16)]
    + QuantizedFormat.allCases.filter { !withoutVectors.contains($0) }
    .map { ($0.rawValue.uppercased(), .quantized($0)) }

  @Test("every type that gguf-py numbers has a layout, and its blocks decode")
  func known() {
    // Gaps are types that were removed.
    let removed: Set<UInt32> = [4, 5, 31, 32, 33, 36, 37, 38]
    let dense: Set<UInt32> = [0, 1, 24, 25, 26, 27, 28, 30]
    for number in 0...41 as ClosedRange<UInt32> where !removed.contains(number) {
      if dense.contains(number) { continue }
      guard let format = QuantizedFormat(ggufType: number) else {
        Issue.record("type \(number)")
        continue
      }
      let block = [UInt8](repeating: 0, count: format.blockBytes)
      #expect(Dequantize.supports(.quantized(format)))
      let decoded = Dequantize.floats(.quantized(format), block, count: format.blockElements)
      #expect(decoded.allSatisfy { $0.magnitude <= 1 })
    }
    let plain: [DataType] = [
      .float64, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
    ]
    for type in plain { #expect(Dequantize.supports(.dense(type))) }
  }

  @Test("blocks that the reference does not decode, by their definition")
  func definitions() {
    let half: [UInt8] = [0, 0x38]  // 0.5
    let quants = [UInt8](0..<32).map { $0 &- 16 }
    let expected = (0..<32).map { (Float($0) - 16) / 2 }
    #expect(
      Dequantize.floats(.quantized(.q8_1), half + [9, 9] + quants, count: 32) == expected)
    let many = [UInt8](0...255)
    let superBlock = bytes((0.5 as Float).bitPattern) + many + [UInt8](repeating: 9, count: 32)
    #expect(
      Dequantize.floats(.quantized(.q8_k), superBlock, count: 256)
        == many.map { Float(Int8(bitPattern: $0)) / 2 })
    let bits: [UInt8] = [0b0000_0101] + [UInt8](repeating: 0xFF, count: 15)
    let signs = Dequantize.floats(.quantized(.q1_0), half + bits, count: 128)
    #expect(signs[..<8] == [0.5, -0.5, 0.5, -0.5, -0.5, -0.5, -0.5, -0.5])
    #expect(signs[8...].allSatisfy { $0 == 0.5 })
  }

  @Test(
    "random blocks decode bit for bit as the reference does",
    .enabled(if: SharedData.isPresent, "../shared is absent"), arguments: formats.map(\.name))
  func vectors(name: String) throws {
    let format = try #require(Self.formats.first { $0.name == name }?.format)
    let index = try JSONValue(parsing: readBytes(sharedPath("quantisation/index.json")))
    let record = try #require(index[name])
    #expect(record["block_bytes"]?.intValue == format.blockBytes)
    #expect(record["block_elems"]?.intValue == format.blockElements)
    var cases = [("blocks.bin", "blocks.dequant.f32")]
    if record["quantize"] != nil { cases.append(("quantize.out.bin", "quantize.dequant.f32")) }
    for (input, output) in cases {
      let blocks = try readBytes(sharedPath("quantisation/\(name).\(input)"))
      let expected = floats(try readBytes(sharedPath("quantisation/\(name).\(output)")))
      let decoded = Dequantize.floats(format, blocks, count: expected.count)
      let wrong = zip(decoded, expected).enumerated().filter { _, pair in
        pair.0.bitPattern != pair.1.bitPattern && !(pair.0.isNaN && pair.1.isNaN)
      }
      #expect(wrong.isEmpty, "first difference at \(wrong.first?.offset ?? 0)")
    }
  }

  @Test(
    "16-bit formats are encoded as the reference does",
    .enabled(if: SharedData.isPresent, "../shared is absent"),
    arguments: [("F16", DataType.float16), ("BF16", .bfloat16)])
  func encode(name: String, type: DataType) throws {
    let values = floats(try readBytes(sharedPath("quantisation/\(name).quantize.in.f32")))
    let expected = try readBytes(sharedPath("quantisation/\(name).quantize.out.bin"))
    #expect(Encode.bytes(values, as: type) == expected)
  }

  @Test("every float16 survives the way to float32 and back")
  func halfRoundTrip() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfFloat.float(bits)
      if value.isNaN {
        #expect(HalfFloat.bits(value) & 0x7FFF > 0x7C00)
      } else if HalfFloat.bits(value) != bits {
        Issue.record("\(bits) became \(HalfFloat.bits(value))")
      }
    }
  }

  @Test("float32 rounds to the nearest float16, ties to even")
  func halfRounding() {
    #expect(HalfFloat.bits(65519.99) == 0x7BFF)
    #expect(HalfFloat.bits(65520) == 0x7C00)
    #expect(HalfFloat.bits(-1e30) == 0xFC00)
    #expect(HalfFloat.bits(1 + 0x1p-11) == 0x3C00)
    #expect(HalfFloat.bits(1 + 3 * 0x1p-11) == 0x3C02)
    #expect(HalfFloat.bits(0x1p-25) == 0)
    #expect(HalfFloat.bits(Float(0x1p-25).nextUp) == 1)
    #expect(HalfFloat.bits(3 * 0x1p-25) == 2)
    #expect(HalfFloat.bits(-0.0) == 0x8000)
    // Just under the least normal number: rounds up into it.
    #expect(HalfFloat.bits(Float(0x1p-14).nextDown) == 0x0400)
    var numbers = SeededNumbers(7)
    for _ in 0..<2000 {
      let bits = UInt16.random(in: 0..<0x7BFF, using: &numbers)
      let (low, high) = (HalfFloat.float(bits), HalfFloat.float(bits + 1))
      let middle = (low + high) / 2
      #expect(HalfFloat.bits(middle.nextDown) == bits)
      #expect(HalfFloat.bits(middle.nextUp) == bits + 1)
      #expect(HalfFloat.bits(middle) == (bits % 2 == 0 ? bits : bits + 1))
    }
  }

  @Test("bfloat16 rounds to nearest, ties to even")
  func bfloat() {
    #expect(
      Encode.bytes([1, 1.00390625, 1.01171875], as: .bfloat16) == [
        0x80, 0x3F, 0x80, 0x3F, 0x82, 0x3F,
      ])
    #expect(Dequantize.floats(.bfloat16, [0x80, 0x3F, 0x00, 0xC0], count: 2) == [1, -2])
  }

  @Test("bfloat16 is encoded as BFloat16 rounds, NaN included")
  func bfloatAgrees() {
    var numbers = SeededNumbers(23)
    let special: [Float] = [.nan, -.nan, .infinity, -.infinity, 0, -0.0, .greatestFiniteMagnitude]
    let random = (0..<5000).map { _ in
      Float(bitPattern: UInt32.random(in: 0 ... .max, using: &numbers))
    }
    let values = special + random
    #expect(
      Encode.bytes(values, as: .bfloat16) == values.flatMap { bytes(BFloat16($0).bitPattern) })
  }

  @Test("integers and doubles are read little-endian")
  func dense() {
    #expect(Dequantize.floats(.dense(.int8), [255, 1], count: 2) == [-1, 1])
    #expect(Dequantize.floats(.dense(.int16), [0xFE, 0xFF], count: 1) == [-2])
    #expect(
      Dequantize.floats(.dense(.float64), bytes((1.5 as Double).bitPattern), count: 1) == [1.5])
  }
}
