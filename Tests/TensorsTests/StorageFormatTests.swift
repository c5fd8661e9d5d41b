import ApusTensors
import Testing

@Suite struct StorageFormatTests {
  @Test func rowsAreWholeBlocks() {
    #expect(StorageFormat.float32.byteCount(elements: 7) == 28)
    #expect(StorageFormat.bfloat16.byteCount(elements: 0) == 0)
    #expect(StorageFormat.quantized(.q4_0).byteCount(elements: 64) == 36)
    #expect(StorageFormat.quantized(.q4_0).byteCount(elements: 33) == nil)
    #expect(StorageFormat.float32.byteCount(elements: -4) == nil)
    #expect(StorageFormat.float32.byteCount(elements: Int.max) == nil)
  }

  @Test func namesAreThoseOfTheFormats() {
    #expect("\(StorageFormat.bfloat16)" == "bfloat16")
    #expect("\(StorageFormat.quantized(.q6_k))" == "q6_k")
  }
}
