import ApusPipelines
import Foundation
import Testing

/// How large the cache becomes, and when that is refused.
@Suite struct MemoryPlanTests {
  /// A machine that has this much left.
  private func machine(_ bytes: Int) -> MachineMemory {
    MachineMemory(limits: [.init(name: "the machine", left: bytes, countsMappings: false)])
  }

  private func request() -> MemoryRequest {
    var request = MemoryRequest()
    request.weightsMapped = 1000
    request.weightsOwned = 500
    request.activations = 500
    request.bytesPerPage = 100
    request.pageSize = 16
    request.batchSize = 4
    request.modelContext = 64
    return request
  }

  @Test func theBatchIsTheUpperBound() throws {
    let plan = try request().plan(machine(1_000_000))
    #expect(plan.cache.pages == 4 * 4)
    #expect(plan.cacheTokens == 256)
    #expect(plan.contextLength == 64)
  }

  @Test func memoryIsTheOtherBound() throws {
    // 3,000 - 2,000 leaves 1,000; 0.8 of it are 8 pages.
    let plan = try request().plan(machine(3000))
    #expect(plan.cache.pages == 8)
    #expect(plan.contextLength == 64)
    #expect(plan.left == 1000)
  }

  @Test func anOpenContextShrinks() throws {
    let plan = try request().plan(machine(2300))
    #expect(plan.cache.pages == 2)
    #expect(plan.contextLength == 32)
  }

  @Test func fixedValuesAreRefusedWithTheNumbers() throws {
    var fixed = request()
    fixed.fixedPages = 9
    let pages = #expect(throws: PipelineError.self) { try fixed.plan(machine(3000)) }
    #expect(pages?.message.contains("9 pages does not fit: 8 pages would") == true)
    #expect(pages?.message.contains("1000 B by the machine") == true)

    var long = request()
    long.fixedContext = 64
    let context = #expect(throws: PipelineError.self) { try long.plan(machine(2300)) }
    #expect(context?.message.contains("64 tokens needs 4 pages of 16 tokens") == true)
    #expect(context?.message.contains("the cache has 2") == true)
  }

  @Test func noPageIsAnError() {
    #expect(throws: PipelineError.self) { try request().plan(machine(2010)) }
    #expect(throws: PipelineError.self) { try request().plan(machine(100)) }
  }

  @Test func fixedPagesShortenAnOpenContext() throws {
    var fixed = request()
    fixed.fixedPages = 3
    let plan = try fixed.plan(machine(1_000_000))
    #expect(plan.cache.pages == 3)
    #expect(plan.contextLength == 48)
    #expect(plan.description.contains("no room for 64 tokens of a request"))
    fixed.fixedPages = 4
    #expect(try !fixed.plan(machine(1_000_000)).description.contains("no room"))
  }

  @Test func aMappedFileCountsOnceAgainstTheAddressSpace() throws {
    let limits = [
      MachineMemory.Limit(name: "the machine", left: 10_000, countsMappings: false),
      MachineMemory.Limit(name: "address space", left: 2000, countsMappings: true),
    ]
    let left = try #require(MachineMemory(limits: limits).left(besidesMapped: 9000))
    #expect(left.bytes == 1000)
    #expect(left.limit == "the machine")
    let other = try #require(MachineMemory(limits: limits).left(besidesMapped: 100))
    #expect(other.bytes == 2000)
    #expect(other.limit == "address space")
  }
}
