import ApusCompiler
import ApusDevices
import ApusGraphs
import ApusTensors

let tokens = Dim.symbol("tokens")

extension ApusGraphs.Operation {
  var primitive: Primitive? {
    if case .primitive(let primitive) = self { primitive } else { nil }
  }
}

/// Weights from arrays, in float32 or encoded as their graph says.
struct ArrayWeights: WeightSource {
  var values: [String: [Float]] = [:]

  func elements(of weight: Weight) throws -> [Float] {
    guard let floats = values[weight.name] else { throw CompileError("no weight \(weight.name)") }
    return floats
  }

  func bind(
    _ weight: Weight, on device: any Device
  ) throws -> (buffer: BufferID, isMapped: Bool) {
    let floats = try elements(of: weight)
    let words: [Int32]
    switch weight.format {
    case .float32: words = floats.map { Int32(bitPattern: $0.bitPattern) }
    case .bfloat16: words = pairs(floats.map { BFloat16($0).bitPattern })
    default: throw CompileError("tests make no \(weight.format) weights")
    }
    let staging = try HostStaging(byteCount: words.count * 4, slots: 1)
    try staging.write(words, slot: 0)
    let buffer = try device.allocate(byteCount: words.count * 4)
    device.enqueueWrite(
      from: StagingPlace(staging, slot: 0), to: BufferPlace(buffer), byteCount: words.count * 4)
    try device.synchronize()
    return (buffer, false)
  }

  private func pairs(_ halves: [UInt16]) -> [Int32] {
    stride(from: 0, to: halves.count, by: 2).map { index in
      let high = index + 1 < halves.count ? UInt32(halves[index + 1]) : 0
      return Int32(bitPattern: high << 16 | UInt32(halves[index]))
    }
  }
}

/// SplitMix64: the same numbers on every machine.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in -1 ..< 1.
  mutating func float() -> Float { Float.random(in: -1..<1, using: &self) }

  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in float() * scale }
  }
}
