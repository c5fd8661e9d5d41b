import ApusCPUKernels
import Foundation
import Testing

struct SampleTests {
  typealias Settings = SamplerReference.Settings

  static func run(
    _ logits: [[Float]], _ settings: [Settings], isa: KernelISA = .best, threads: Int = 1
  ) -> [Int] {
    let rows = logits.count
    let tokens = KernelBuffer([Int32](repeating: -1, count: rows))
    unsafe KernelHarness.run(
      apus_sample,
      [
        KernelBuffer(logits.flatMap { $0 }), KernelBuffer(settings.map(\.temperature)),
        KernelBuffer(settings.map(\.topK)), KernelBuffer(settings.map(\.topP)),
        KernelBuffer(settings.map(\.minP)),
        KernelBuffer(settings.flatMap { [$0.seeds.0, $0.seeds.1] }),
        KernelBuffer(settings.map(\.counter)), tokens,
      ], sizes: [rows, logits.first?.count ?? 0], isa: isa, threads: threads)
    return tokens.values(Int32.self).map(Int.init)
  }

  static func draw(_ logits: [Float], _ settings: Settings) -> Int { run([logits], [settings])[0] }

  // MARK: Philox

  /// The known answers published with the paper's library.
  @Test func philoxKnownAnswers() {
    #expect(
      SamplerReference.philox([0, 0, 0, 0], (0, 0))
        == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
    let ones = UInt32.max
    #expect(
      SamplerReference.philox([ones, ones, ones, ones], (ones, ones))
        == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
    #expect(
      SamplerReference.philox(
        [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], (0xA409_3822, 0x299F_31D0))
        == [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1])
  }

  /// Among 65,536 equals the draw is the uniform's high 16 bits.
  @Test func drawsFollowPhilox() {
    let flat = [Float](repeating: 2.5, count: 65_536)
    var numbers = SeededNumbers(5)
    for i in 0..<20 {
      var settings = Settings()
      settings.seeds = (UInt32(truncatingIfNeeded: numbers.next()), UInt32(i) &* 0x9000_0001)
      settings.counter = UInt32(truncatingIfNeeded: numbers.next())
      if i == 0 { settings = Settings(seeds: (0, 0), counter: 0) }
      let word = SamplerReference.philox([settings.counter, 0, 0, 0], settings.seeds)[0]
      #expect(Self.draw(flat, settings) == Int(word >> 16))
    }
  }

  // MARK: Greedy

  @Test(arguments: KernelISA.runnable)
  func greedy(isa: KernelISA) {
    let greedy = Settings(temperature: 0)
    for n in [1, 2, 15, 16, 17, 33, 1000] {
      var numbers = SeededNumbers(UInt64(n))
      for _ in 0..<20 {
        // Few values, so that there are ties.
        let logits = numbers.normals(n).map { ($0 * 2).rounded() }
        let expected = logits.firstIndex(of: logits.max()!)!
        #expect(Self.run([logits], [greedy], isa: isa) == [expected])
      }
    }
    let odd: [[Float]] = [
      [.nan, -.infinity, .nan], [.nan, -5, -7], [-.infinity, -.infinity, -3],
      [1, .infinity, .infinity],
    ]
    let found = Self.run(odd, odd.map { _ in greedy }, isa: isa, threads: 2)
    #expect(found == [0, 1, 2, 1])
  }

  // MARK: Limits

  @Test func extremesAreSafe() {
    for temperature: Float in [1, 1e-38, 1e38, .infinity] {
      for counter: UInt32 in 0..<10 {
        let settings = Settings(temperature: temperature, counter: counter)
        let all = [Float](repeating: -.infinity, count: 20)
        #expect(Self.draw(all, settings) == 0)
        #expect(Self.draw(all.map { _ in .nan }, settings) == 0)
        #expect(Self.draw([.nan, -.infinity, 3, .nan], settings) == 2)
        let infinite = Self.draw([1, .infinity, 2, .infinity], settings)
        #expect(infinite == 1 || infinite == 3)
        #expect((0..<2).contains(Self.draw([3e38, -3e38, -.infinity], settings)))
      }
    }
    #expect(Self.draw([1, 3, 2], Settings(temperature: .nan)) == 1)
    #expect(Self.draw([1, 3, 2], Settings(temperature: -1)) == 1)
    #expect(Self.run([], []).isEmpty)
  }

  @Test func atLeastOneIsKept() {
    let logits: [Float] = [0, 1, 5, 2]
    for counter: UInt32 in 0..<20 {
      #expect(Self.draw(logits, Settings(topP: 0, counter: counter)) == 2)
      #expect(Self.draw(logits, Settings(topP: -1, counter: counter)) == 2)
      #expect(Self.draw(logits, Settings(minP: 2, counter: counter)) == 2)
      #expect(Self.draw(logits, Settings(topK: 1, counter: counter)) == 2)
    }
  }

  /// Equal logits at the border of top-k: the lower ids stay.
  @Test func tiesKeepTheLowerID() {
    var logits = [Float](repeating: 0, count: 100)
    logits[70] = 1
    for counter: UInt32 in 0..<200 {
      let id = Self.draw(logits, Settings(topK: 4, counter: counter))
      #expect([70, 0, 1, 2].contains(id))
    }
  }

  static let settings: [Settings] = [
    Settings(), Settings(temperature: 0.3), Settings(temperature: 3), Settings(topK: 5),
    Settings(topK: 999), Settings(topK: 5000), Settings(topP: 0.9), Settings(topP: 0.05),
    Settings(topP: 0.999), Settings(minP: 0.1), Settings(minP: 0.9),
    Settings(temperature: 0.7, topK: 40, topP: 0.95, minP: 0.02),
    Settings(temperature: 1.5, topK: 700, topP: 0.99),
  ]

  /// The same token as by a full sort: peaked, nearly flat (long buckets), and short rows.
  @Test(arguments: 0..<settings.count)
  func equalsTheReference(index: Int) {
    let rows: [(Int, Float, UInt32)] = [
      (1000, 3, 12), (1000, 0.001, 12), (9000, 0.0001, 2), (3, 1, 8), (1, 1, 2),
    ]
    for (n, deviation, draws) in rows {
      var numbers = SeededNumbers(UInt64(n + index))
      for counter in 0..<draws {
        let logits = numbers.normals(n, deviation: deviation)
        var one = Self.settings[index]
        one.counter = counter
        one.seeds = (UInt32(index), UInt32(n))
        let expected = SamplerReference.draw(logits, one)
        #expect(Self.draw(logits, one) == expected, "\(n) logits, counter \(counter)")
      }
    }
  }

  // MARK: Distribution

  /// Chi-square over 4,000 draws with fixed seeds: 15 degrees of freedom, 37.7 is the 0.1% point.
  @Test(arguments: [Settings(), Settings(temperature: 0.5), Settings(topK: 16, topP: 0.98)])
  func distribution(settings: Settings) {
    var numbers = SeededNumbers(77)
    let logits = numbers.normals(16, deviation: 0.7)
    let draws = 4000
    let rows = (0..<draws).map { i in
      var one = settings
      one.seeds = (UInt32(i / 100), 9)
      one.counter = UInt32(i % 100)
      return one
    }
    let found = Self.run(rows.map { _ in logits }, rows, threads: 2)
    // Probabilities in Double, from the definition.
    let e = logits.map { exp(Double($0) / Double(settings.temperature)) }
    let p = e.map { $0 / e.reduce(0, +) }
    let kept = SamplerReference.kept(p.map(Float.init), settings)
    let total = kept.reduce(0) { $0 + p[$1] }
    var chiSquare = 0.0
    for id in kept {
      let expected = p[id] / total * Double(draws)
      let seen = Double(found.count { $0 == id })
      chiSquare += (seen - expected) * (seen - expected) / expected
    }
    #expect(chiSquare < 37.7)
    #expect(found.allSatisfy { kept.contains($0) })
  }

  // MARK: One answer

  @Test func sameForEveryInstructionSetTeamAndBatch() {
    var numbers = SeededNumbers(31)
    let logits = Self.settings.map { _ in numbers.normals(2500, deviation: 2) }
    let settings = Self.settings.enumerated().map { i, one in
      var one = one
      one.counter = UInt32(i)
      one.seeds = (UInt32(i / 2), UInt32(i % 3))
      return one
    }
    let expected = zip(logits, settings).map { Self.draw($0, $1) }
    for isa in KernelISA.runnable {
      for threads in 1...3 {
        #expect(Self.run(logits, settings, isa: isa, threads: threads) == expected, "\(isa)")
      }
    }
  }

  /// The greatest vocabulary, flat and peaked: what sorts everything and what sorts little.
  @Test func wideRows() {
    var numbers = SeededNumbers(32)
    let n = 262_144
    let base = numbers.normals(4096)
    let top = base.firstIndex(of: base.max()!)!
    for deviation: Float in [1e-4, 4] {
      let logits = (0..<n).map { base[$0 & 4095] * deviation }
      for settings in [Settings(topP: 0.9999), Settings(), Settings(topK: 50)] {
        let found = Self.draw(logits, settings)
        #expect((0..<n).contains(found))
        // Every value stands 64 times, so the first 50 are all the greatest.
        if settings.topK == 50, deviation == 4 { #expect(found & 4095 == top) }
      }
    }
  }
}
