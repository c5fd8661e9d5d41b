import ApusEngine
import Foundation
import Testing

/// Seeded lives of a scheduler and its cache with a model that answers with a hash of what it reads
/// through the page table.
///
/// `APUS_SIMULATION_SEEDS` replays one seed (`17`) or a range (`0..<2000`), and
/// `APUS_SIMULATION_SECONDS` says how long requests come in each life.
struct SchedulerSimulationTests {
  private static let environment = ProcessInfo.processInfo.environment

  static var seeds: Range<UInt64> {
    guard let text = environment["APUS_SIMULATION_SEEDS"] else {
      // A debug build is thirty times slower.
      #if DEBUG
        return 0..<60
      #else
        return 0..<500
      #endif
    }
    let parts = text.split(separator: "..<").compactMap { UInt64($0) }
    guard let first = parts.first, let last = parts.last else { return 0..<0 }
    return parts.count > 1 ? first..<last : first..<first + 1
  }

  static let seconds = environment["APUS_SIMULATION_SECONDS"].flatMap(Double.init) ?? 20

  @Test("every answer is what the request gets alone, and pages are conserved")
  func simulate() async throws {
    let seeds = Self.seeds
    #expect(!seeds.isEmpty)
    let lanes = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
    let tally = try await withThrowingTaskGroup(of: SimulationTally.self) { group in
      for lane in 0..<lanes {
        group.addTask { try Self.lives(seeds.filter { $0 % lanes == lane }) }
      }
      return try await group.reduce(SimulationTally(), +)
    }
    if Self.environment["APUS_SIMULATION_SEEDS"] != nil { print(Self.report(tally)) }
    guard seeds.count >= 100 else { return }
    // The lives are rich enough: all that can happen has happened often.
    #expect(tally.ends[.stop, default: 0] > 300)
    #expect(tally.ends[.length, default: 0] > 3000)
    #expect(tally.ends[.failed("x"), default: 0] > 100)
    #expect(tally.cancelledWaiting > 100 && tally.cancelledPrefilling > 100)
    #expect(tally.cancelledDecoding > 100)
    #expect(tally.prefixHitTokens > 10_000 && tally.evictions > 10_000)
    #expect(tally.preemptions > 1000 && tally.waits > 1000)
    #expect(tally.largestStep >= 8)
  }

  private static func lives(_ seeds: [UInt64]) throws -> SimulationTally {
    var tally = SimulationTally()
    for seed in seeds {
      var life = SimulatedLife(seed: seed, seconds: seconds)
      try life.run()
      tally = tally + life.tally
      if let problem = life.problems.first {
        Issue.record(
          """
          seed \(seed): \(problem); replay it with APUS_SIMULATION_SEEDS=\(seed) \
          APUS_SIMULATION_SECONDS=\(seconds)
          """)
        return tally
      }
    }
    return tally
  }

  private static func report(_ tally: SimulationTally) -> String {
    let ends = tally.ends.map { "\($0.key): \($0.value)" }.sorted().joined(separator: ", ")
    return """
      simulated \(Int(tally.seconds)) s, busy for \(Int(tally.busySeconds)) s
      \(tally.steps) steps, \(tally.rows) rows, at most \(tally.largestStep) requests in one
      \(tally.requests) requests: \(ends)
      cancelled: \(tally.cancelledWaiting) waiting, \(tally.cancelledPrefilling) prefilling, \
      \(tally.cancelledDecoding) decoding
      \(tally.prefixHitTokens) prefix hit tokens, \(tally.evictions) evictions, \
      \(tally.preemptions) preemptions, \(tally.waits) steps in which somebody waited
      at most \(tally.closestToBound) of the starvation bound
      """
  }
}
