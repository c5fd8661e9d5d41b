/// The contract of `apus_sample` by a full sort, with sums in Double.
enum SamplerReference {
  struct Settings: Sendable {
    var temperature: Float = 1
    var topK: Int32 = 0
    var topP: Float = 1
    var minP: Float = 0
    var seeds: (UInt32, UInt32) = (1, 2)
    var counter: UInt32 = 0
  }

  /// Philox-4x32-10: Salmon et al., SC 2011.
  static func philox(_ counter: [UInt32], _ key: (UInt32, UInt32)) -> [UInt32] {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let a = UInt64(0xD251_1F53) * UInt64(c[0])
      let b = UInt64(0xCD9E_8D57) * UInt64(c[2])
      c = [
        UInt32(b >> 32) ^ c[1] ^ k.0, UInt32(truncatingIfNeeded: b),
        UInt32(a >> 32) ^ c[3] ^ k.1, UInt32(truncatingIfNeeded: a),
      ]
      k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
    }
    return c
  }

  static func uniform(_ settings: Settings) -> Double {
    Double(philox([settings.counter, 0, 0, 0], settings.seeds)[0] >> 8) / 16_777_216
  }

  /// The probabilities that the contract orders and adds up: float32, as the softmax kernel rounds
  /// them.
  static func probabilities(_ logits: [Float], _ settings: Settings) -> [Float] {
    let clean = logits.map { $0.isNaN ? -.infinity : $0 }
    let top = clean.max() ?? 0
    let scaled = clean.map { ($0 - top) / settings.temperature }
    return SoftmaxTests.kernel.run(1, scaled.count, scaled, .best, 1)
  }

  /// The kept ids in order.
  static func kept(_ p: [Float], _ settings: Settings) -> [Int] {
    let order = p.indices.sorted { p[$0] > p[$1] || (p[$0] == p[$1] && $0 < $1) }
    let least = settings.minP * p[order[0]]
    var before = 0.0
    var result: [Int] = []
    for (index, id) in order.enumerated() {
      let isKept =
        (settings.topK <= 0 || index < settings.topK)
        && (settings.topP >= 1 || before < Double(settings.topP)) && p[id] >= least
      guard index == 0 || isKept else { break }
      result.append(id)
      before += Double(p[id])
    }
    return result
  }

  static func draw(_ logits: [Float], _ settings: Settings) -> Int {
    let p = probabilities(logits, settings)
    let kept = kept(p, settings)
    let target = uniform(settings) * kept.reduce(0) { $0 + Double(p[$1]) }
    var sum = 0.0
    for id in kept {
      sum += Double(p[id])
      if sum > target { return id }
    }
    return kept[kept.count - 1]
  }
}
