import Testing

/// Names the instruction sets that the tests of this folder covered: those that this machine lacks show up
/// as cancelled cases.
struct KernelISATests {
  @Test(arguments: KernelISA.allCases)
  func isCovered(isa: KernelISA) throws {
    if !isa.runsHere { try Test.cancel("this machine does not run \(isa)") }
    #expect(KernelISA.runnable.contains(isa))
  }
}
