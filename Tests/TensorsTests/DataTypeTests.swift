import ApusTensors
import Testing

@Suite struct DataTypeTests {
  @Test func roundingIsThatOfTheType() {
    #expect(DataType.float32.rounded(1.0001) == 1.0001)
    #expect(DataType.bfloat16.rounded(1.0001) == 1)
    #expect(DataType.float16.rounded(1.0001) == 1)
    #expect(DataType.float16.rounded(1 + 0x1p-10) == 1 + 0x1p-10)
    #expect(DataType.float16.rounded(1 + 0x1p-11) == 1, "a tie goes to the even neighbour")
    #expect(DataType.float16.rounded(70_000) == .infinity)
    #expect(DataType.float16.rounded(0x1p-24) == 0x1p-24, "subnormals are kept")
    #expect(DataType.float16.rounded(.nan).isNaN)
  }

  @Test func rangesAreThoseOfSwiftsTypes() {
    #expect(DataType.int8.integerRange == Int32(Int8.min)...Int32(Int8.max))
    #expect(DataType.uint16.integerRange == 0...Int32(UInt16.max))
    #expect(DataType.int32.integerRange == Int32.min...Int32.max)
    #expect(DataType.int64.integerRange == nil)
    #expect(DataType.float32.integerRange == nil)
  }

  @Test func sizes() {
    #expect(
      DataType.allCases.map(\.byteCount) == [1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8])
    #expect(
      DataType.allCases.filter(\.isFloatingPoint) == [.float16, .bfloat16, .float32, .float64])
  }
}
