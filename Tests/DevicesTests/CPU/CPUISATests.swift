import ApusDevices
import Testing

struct CPUISATests {
  @Test func namesAreParsedAndPrinted() {
    for isa in CPUISA.allCases { #expect(CPUISA(name: isa.name) == isa) }
    #expect(CPUISA(name: "AVX2") == nil)
    #expect(CPUISA.allCases.map(\.name) == ["scalar", "avx2", "avx512", "avx512bf16"])
  }

  @Test func withoutANameItIsTheBest() throws {
    #expect(try CPUISA.named(nil) == CPUISA.best)
    #expect(try CPUISA.named("scalar") == .scalar)
  }

  @Test func anUnknownNameIsRefusedWithThoseKnown() {
    #expect(throws: DeviceError.self) { try CPUISA.named("sse9") }
    do {
      _ = try CPUISA.named("sse9")
    } catch {
      #expect(error.message.contains("sse9") && error.message.contains("avx512bf16"))
    }
  }

  @Test(
    "one that cannot run here is refused",
    .enabled(if: CPUISA.best < .avx512bf16, "this machine runs all of them"))
  func aboveTheBest() {
    #expect(throws: DeviceError.self) { try CPUISA.named("avx512bf16") }
    #expect(throws: DeviceError.self) { try CPUDevice(threads: 1, isa: .avx512bf16) }
  }
}
