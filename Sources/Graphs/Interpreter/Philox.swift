/// A counter-based random generator: the value depends on key and counter alone.
///
/// - Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
///   section 3.3.
package enum Philox {
  /// The block of Philox-4x32 with 10 rounds.
  package static func block(
    key: SIMD2<UInt32>, counter: SIMD4<UInt32>
  ) -> SIMD4<UInt32> {
    var (key, c) = (key, counter)
    for _ in 0..<10 {
      let (high0, low0) = UInt32(0xD251_1F53).multipliedFullWidth(by: c[0])
      let (high1, low1) = UInt32(0xCD9E_8D57).multipliedFullWidth(by: c[2])
      c = [high1 ^ c[1] ^ key[0], low1, high0 ^ c[3] ^ key[1], low0]
      key[0] &+= 0x9E37_79B9  // golden ratio
      key[1] &+= 0xBB67_AE85  // square root of 3, minus 1
    }
    return c
  }

  /// The `random` primitive: uniform in [0, 1), a multiple of 2^-24.
  package static func uniform(_ seed0: Int32, _ seed1: Int32, counter: Int32) -> Float {
    let word = block(
      key: [UInt32(bitPattern: seed0), UInt32(bitPattern: seed1)],
      counter: [UInt32(bitPattern: counter), 0, 0, 0])[0]
    return Float(word >> 8) * 0x1p-24
  }
}
