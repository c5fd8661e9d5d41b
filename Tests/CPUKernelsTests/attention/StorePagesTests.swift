import ApusCPUKernels
import Testing

struct StorePagesTests {
  static let values: [Float] = [
    0, -0.0, 1, -1, 1.00390625, 1.01171875, 65504, 65519, 65520, -1e6, 3e38, .infinity, -.infinity,
    6e-8, 2.9e-8, 2.98023224e-8, 6.1e-5, 6.0975552e-5, 0x1p-130, 1 / 3, 0.1, 1234.5678, 2049, 2051,
  ]

  /// Into page 1, place 1 of pages of 2; slots below zero are skipped.
  static func run(_ type: apus_element_type, isa: KernelISA, threads: Int) -> KernelBuffer {
    let head = values.count
    let x = values + values.map { $0 * 2 } + values.map { $0 * 3 }
    let count = 2 * 2 * head
    let state =
      type == APUS_FLOAT32
      ? KernelBuffer([Float](repeating: 7, count: count))
      : KernelBuffer([UInt16](repeating: 7, count: count))
    unsafe KernelHarness.run(
      apus_store_pages, [KernelBuffer(x), KernelBuffer([3, -1, 0] as [Int32]), state],
      sizes: [3, 1, head, 2, Int(type.rawValue)], isa: isa, threads: threads)
    return state
  }

  @Test(arguments: KernelISA.runnable)
  func bfloat16(isa: KernelISA) {
    let head = Self.values.count
    let words: [UInt16] = Self.run(APUS_BFLOAT16, isa: isa, threads: 2).values()
    #expect(words[head..<3 * head].allSatisfy { $0 == 7 })
    for (i, value) in Self.values.enumerated() {
      let bits = value.bitPattern
      #expect(words[3 * head + i] == UInt16((bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16), "\(value)")
    }
  }

  @Test(arguments: KernelISA.runnable)
  func float16(isa: KernelISA) {
    let head = Self.values.count
    let words: [UInt16] = Self.run(APUS_FLOAT16, isa: isa, threads: 3).values()
    for (i, value) in Self.values.enumerated() {
      #expect(words[3 * head + i] == Float16(value).bitPattern, "\(value)")
      #expect(words[i] == Float16(value * 3).bitPattern, "\(value * 3)")
    }
  }

  @Test func float32() {
    let head = Self.values.count
    let found = Self.run(APUS_FLOAT32, isa: .best, threads: 1).floats
    #expect(Array(found.suffix(head)) == Self.values)
    #expect(found[head..<3 * head].allSatisfy { $0 == 7 })
  }

  @Test func nanStaysNaN() {
    for type in [APUS_BFLOAT16, APUS_FLOAT16] {
      for isa in KernelISA.runnable {
        let state = KernelBuffer([0 as UInt16])
        unsafe KernelHarness.run(
          apus_store_pages, [KernelBuffer([Float.nan]), KernelBuffer([0 as Int32]), state],
          sizes: [1, 1, 1, 1, Int(type.rawValue)], isa: isa)
        let word = state.values(UInt16.self)[0] & 0x7FFF
        #expect(word > (type == APUS_BFLOAT16 ? 0x7F80 : 0x7C00))
      }
    }
  }
}
