import ApusCheckpoints
import ApusJSON
import ApusTensors
import TestSupport
import Testing

@Suite struct DequantizeTests {
  static let formats: [(name: String, format: StorageFormat)] =
    [("F16", .float16), ("BF16", .bfloat16)]
    + QuantizedFormat.allCases.map { ($0.rawValue.uppercased(), .quantized($0)) }
    .filter { Dequantize.supports($0.1) }

  @Test("every format that the issue names is known")
  func known() {
    let names = Set(Self.formats.map(\.name))
    let needed = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
    #expect(names.isSuperset(of: needed))
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
