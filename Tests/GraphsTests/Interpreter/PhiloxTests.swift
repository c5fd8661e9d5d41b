import ApusGraphs
import Testing

@Suite struct PhiloxTests {
  /// Known-answer vectors of Random123 1.09 (`kat_vectors`, philox 4x32, 10 rounds).
  @Test func knownAnswers() {
    let ones = UInt32.max
    #expect(
      Philox.block(key: [0, 0], counter: [0, 0, 0, 0])
        == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
    #expect(
      Philox.block(key: [ones, ones], counter: [ones, ones, ones, ones])
        == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
    #expect(
      Philox.block(
        key: [0xA409_3822, 0x299F_31D0],
        counter: [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344])
        == [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1])
  }

  @Test func uniformIsTheHigh24BitsOfTheFirstWord() {
    #expect(Philox.uniform(0, 0, counter: 0) == Float(0x66_27E8) / 16_777_216)
    var sum = 0.0
    for counter in 0..<4096 {
      let value = Philox.uniform(5, -9, counter: Int32(counter))
      #expect(0 <= value && value < 1)
      sum += Double(value)
    }
    // The mean of 4096 uniform values has a deviation of 0.0045.
    #expect(abs(sum / 4096 - 0.5) < 0.02)
  }
}
