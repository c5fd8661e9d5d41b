import ApusCPUKernels
import Testing

struct PagedAttentionTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var heads, keyHeads, head: Int
    var testDescription: String { "\(heads) heads, \(keyHeads) of keys, size \(head)" }
  }

  static let shapes = [
    (4, 2, 64), (9, 3, 64), (3, 3, 20), (8, 1, 72), (2, 1, 8), (2, 2, 16), (40, 1, 24),
    (4, 4, 80), (1, 1, 256), (2, 1, 128), (2, 1, 33),
  ].map { Shape(heads: $0.0, keyHeads: $0.1, head: $0.2) }

  @Test(arguments: shapes)
  func accurate(shape: Shape) {
    for format in AttentionCase.Format.allCases {
      let one = AttentionCase(
        heads: shape.heads, keyHeads: shape.keyHeads, head: shape.head, format: format,
        lengths: [37, 1, 6])
      let expected = one.reference(one.wholeStep)
      for isa in KernelISA.runnable {
        let error = meanSquareError(one.run([one.wholeStep], isa: isa), expected)
        // The reference reads the same rounded state, so even there only float32 sums differ.
        #expect(error <= float32Gate, "\(format), \(isa): \(error)")
        #expect(error <= format.gate)
      }
    }
  }

  @Test(arguments: shapes)
  func sameBitsForInstructionSetsAndTeams(shape: Shape) {
    let one = AttentionCase(
      heads: shape.heads, keyHeads: shape.keyHeads, head: shape.head, format: .bfloat16,
      lengths: [35, 2, 64])
    let expected = one.run([one.wholeStep]).map(\.bitPattern)
    for isa in KernelISA.runnable {
      for threads in 1...3 {
        let found = one.run([one.wholeStep], isa: isa, threads: threads)
        #expect(found.map(\.bitPattern) == expected, "\(isa), \(threads) threads")
      }
    }
  }

  /// The same contents give the same bits wherever they lie.
  @Test(arguments: AttentionCase.Format.allCases)
  func pageSizesDoNotMatter(format: AttentionCase.Format) {
    let runs = [1, 3, 16, 128].map { page in
      let one = AttentionCase(page: page, format: format, lengths: [130, 5, 63])
      return one.run([one.wholeStep]).map(\.bitPattern)
    }
    // Not one by one: where they differ, the difference of long lists is searched for minutes.
    #expect(runs.dropFirst().allSatisfy { $0 == runs[0] })
  }

  /// Token by token, in every chunk size, with others beside it: the same bits as all at once.
  @Test(arguments: [(3, 3), (8, 2), (5, 1)])
  func chunksDoNotMatter(heads: Int, keyHeads: Int) {
    let length = 67
    let one = AttentionCase(heads: heads, keyHeads: keyHeads, head: 24, lengths: [length, 9])
    let expected = one.run([one.wholeStep]).map(\.bitPattern)
    for chunk in Array(1...9) + [15, 16, 17, 31, 32, 33, 64, 66] {
      let steps = stride(from: 0, to: length, by: chunk).map { start in
        // The other request's tokens come one a step, before these.
        (start / chunk < 9 ? [(1, start / chunk)] : [])
          + (start..<min(start + chunk, length)).map { (0, $0) }
      }
      let missing = (steps.count..<max(9, steps.count)).map { [(1, $0)] }
      let found = one.run(steps + missing, threads: 2).map(\.bitPattern)
      #expect(found == expected, "chunks of \(chunk)")
    }
  }

  /// Beyond 512 keys, where splits are merged: edges of blocks and splits.
  @Test func splitsAreMerged() {
    let one = AttentionCase(heads: 2, keyHeads: 1, head: 16, lengths: [1090])
    let whole = one.run([one.wholeStep])
    let edges = [0, 31, 32, 511, 512, 513, 544, 1023, 1024, 1025, 1090]
    let probes = edges.dropLast().map { (request: 0, position: $0) }
    let width = one.heads * one.head
    let found = probes.flatMap { whole[$0.position * width..<($0.position + 1) * width] }
    #expect(meanSquareError(found, one.reference(probes)) <= float32Gate)
    let steps = zip(edges, edges.dropFirst()).map { a, b in (a..<b).map { (0, $0) } }
    for isa in KernelISA.runnable {
      #expect(one.run(steps, isa: isa, threads: 2).map(\.bitPattern) == whole.map(\.bitPattern))
    }
  }

  /// A later token whose values are not numbers must not reach an earlier one.
  @Test func laterTokensDoNotLeak() {
    let one = AttentionCase(heads: 2, keyHeads: 1, head: 16, lengths: [40])
    let (k, v) = (one.state(), one.state())
    let step = one.wholeStep
    one.store(one.keys, step, into: k, isa: .best, threads: 1)
    one.store(one.values, step, into: v, isa: .best, threads: 1)
    let clean = one.attend(step, keys: k, values: v, isa: .best, threads: 1)
    let nan = one.values.map { _ in Float.nan }
    one.store(nan, [(0, 39)], into: v, isa: .best, threads: 1)
    one.store(nan, [(0, 39)], into: k, isa: .best, threads: 1)
    let found = one.attend(step, keys: k, values: v, isa: .best, threads: 1)
    let width = one.heads * one.head
    #expect(
      found.prefix(39 * width).map(\.bitPattern) == clean.prefix(39 * width).map(\.bitPattern))
    #expect(found.suffix(width).allSatisfy { $0.isNaN })
  }

  @Test func nothingToDo() {
    let one = AttentionCase(lengths: [4])
    #expect(one.attend([], keys: one.state(), values: one.state(), isa: .best, threads: 2).isEmpty)
  }

  /// A token before the beginning (a place to be ignored) sees nothing.
  @Test func negativePositionGivesZeros() {
    let one = AttentionCase(heads: 2, keyHeads: 1, head: 16, lengths: [4])
    let out = KernelBuffer([Float](repeating: .nan, count: 32))
    unsafe KernelHarness.run(
      apus_paged_attention,
      [
        KernelBuffer([Float](repeating: 1, count: 32)), one.state(), one.state(),
        KernelBuffer([-1 as Int32]), KernelBuffer([0 as Int32]), KernelBuffer([0 as Int32]), out,
      ], sizes: [1, 2, 1, 16, 16, 1, 0], scalars: [1])
    #expect(out.floats.allSatisfy { $0 == 0 })
  }
}
