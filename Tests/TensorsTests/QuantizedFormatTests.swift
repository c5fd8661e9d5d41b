import ApusTensors
import Testing

@Suite struct QuantizedFormatTests {
  @Test func numbersAreUniqueAndFindTheFormat() {
    #expect(
      Set(QuantizedFormat.allCases.map(\.ggufType)).count == QuantizedFormat.allCases.count)
    for format in QuantizedFormat.allCases {
      #expect(QuantizedFormat(ggufType: format.ggufType) == format)
    }
    #expect(QuantizedFormat(ggufType: 0) == nil, "0 is float32")
    #expect(QuantizedFormat(ggufType: 4) == nil, "4 was removed")
  }

  /// Bytes by the fields of each block: 2 bytes a half, packed quants, scales.
  @Test func blockSizesFollowFromTheirFields() {
    let expected: [QuantizedFormat: (Int, Int)] = [
      .q4_0: (32, 2 + 16), .q4_1: (32, 4 + 16), .q5_0: (32, 2 + 4 + 16), .q5_1: (32, 4 + 4 + 16),
      .q8_0: (32, 2 + 32), .q8_1: (32, 4 + 32), .q2_k: (256, 16 + 64 + 4),
      .q3_k: (256, 32 + 64 + 12 + 2), .q4_k: (256, 4 + 12 + 128),
      .q5_k: (256, 4 + 12 + 32 + 128), .q6_k: (256, 128 + 64 + 16 + 2),
      .q8_k: (256, 4 + 256 + 32),
    ]
    for (format, (elements, bytes)) in expected {
      #expect(format.blockElements == elements)
      #expect(format.blockBytes == bytes)
    }
  }
}
