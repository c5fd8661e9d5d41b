import ApusCPUKernels
import Dispatch
import Testing

/// Memory that a kernel reads or writes, with canaries on both sides.
@safe final class KernelBuffer: @unchecked Sendable {
  private let memory: UnsafeMutableRawBufferPointer
  private let byteCount: Int
  private static let guardBytes = 64
  private static let canary: UInt8 = 0xA5

  private init(byteCount: Int) {
    self.byteCount = byteCount
    unsafe memory = .allocate(byteCount: byteCount + 2 * Self.guardBytes, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: Self.canary)
  }

  convenience init<Element: BitwiseCopyable>(_ values: [Element]) {
    self.init(byteCount: values.count * MemoryLayout<Element>.stride)
    unsafe values.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe address.copyMemory(from: start, byteCount: bytes.count)
    }
  }

  deinit { unsafe memory.deallocate() }

  var address: UnsafeMutableRawPointer { unsafe memory.baseAddress! + Self.guardBytes }

  func values<Element: BitwiseCopyable>(_ type: Element.Type = Element.self) -> [Element] {
    let count = byteCount / MemoryLayout<Element>.stride
    return unsafe Array(
      UnsafeBufferPointer(start: address.assumingMemoryBound(to: type), count: count))
  }

  var floats: [Float] { values() }
  var bits: [UInt32] { values() }

  /// Nothing was written outside.
  var isIntact: Bool {
    let after = Self.guardBytes + byteCount
    return (0..<Self.guardBytes).allSatisfy {
      unsafe memory[$0] == Self.canary && memory[after + $0] == Self.canary
    }
  }
}

/// An instruction set under test.
enum KernelISA: Int32, CaseIterable, Sendable, CustomTestStringConvertible {
  case scalar, avx2, avx512, avx512BF16

  var testDescription: String { "\(self)" }
  var runsHere: Bool { rawValue <= apus_isa_best() }
  static let best = KernelISA(rawValue: apus_isa_best()) ?? .scalar
  static let runnable = allCases.filter(\.runsHere)
}

/// Calls kernels as a plan does: a team of workers with one counter, each with its own scratch.
enum KernelHarness {
  /// Runs the kernel once on `threads` workers.
  static func run(
    _ kernel: apus_kernel_variants, _ buffers: [KernelBuffer?], sizes: [Int] = [],
    scalars: [Float] = [], program: KernelTileProgram? = nil, isa: KernelISA = .best,
    threads: Int = 1
  ) {
    var arguments = apus_kernel_arguments()
    unsafe withUnsafeMutableBytes(of: &arguments.buffers) { bytes in
      let places = unsafe bytes.bindMemory(to: UnsafeMutableRawPointer?.self)
      for (i, buffer) in buffers.enumerated() { unsafe places[i] = buffer?.address }
    }
    unsafe withUnsafeMutableBytes(of: &arguments.sizes) { bytes in
      let places = unsafe bytes.bindMemory(to: Int64.self)
      for (i, size) in sizes.enumerated() { unsafe places[i] = Int64(size) }
    }
    unsafe withUnsafeMutableBytes(of: &arguments.scalars) { bytes in
      let places = unsafe bytes.bindMemory(to: Float.self)
      for (i, scalar) in scalars.enumerated() { unsafe places[i] = scalar }
    }
    if let program { unsafe arguments.programs.0 = UnsafePointer(program.pointer) }
    unsafe call(kernel, arguments, isa: isa, threads: threads)
    for buffer in buffers { precondition(buffer?.isIntact ?? true, "a kernel wrote outside") }
    _ = program
  }

  private static func call(
    _ kernel: apus_kernel_variants, _ arguments: apus_kernel_arguments, isa: KernelISA,
    threads: Int
  ) {
    let scratchBytes = Int(APUS_WORKER_SCRATCH_BYTES)
    nonisolated(unsafe) let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: scratchBytes * threads, alignment: 64)
    nonisolated(unsafe) let counter = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
    nonisolated(unsafe) let shared = UnsafeMutablePointer<apus_kernel_arguments>.allocate(
      capacity: 1)
    unsafe counter.initialize(to: 0)
    unsafe shared.initialize(to: arguments)
    defer {
      unsafe scratch.deallocate()
      unsafe counter.deallocate()
      unsafe shared.deallocate()
    }
    nonisolated(unsafe) var variants = unsafe kernel
    guard let body = unsafe apus_kernel_for(&variants, isa.rawValue) else {
      preconditionFailure("no kernel for \(isa)")
    }
    nonisolated(unsafe) let function = unsafe body
    DispatchQueue.concurrentPerform(iterations: threads) { index in
      var worker = unsafe apus_worker(
        index: Int32(index), count: Int32(threads), scratch: scratch + index * scratchBytes,
        scratch_bytes: Int64(scratchBytes), counter: counter)
      unsafe function(shared, &worker)
    }
  }
}

/// Seeded numbers (SplitMix64), the same everywhere.
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

  /// Sums of uniforms: near enough to a normal distribution.
  mutating func normals(_ count: Int, deviation: Float = 1) -> [Float] {
    (0..<count).map { _ in
      var sum: Float = 0
      for _ in 0..<12 { sum += Float(next() >> 40) * 0x1p-24 }
      return (sum - 6) * deviation
    }
  }
}

/// Normalised mean square error against Doubles.
func meanSquareError(_ found: [Float], _ expected: [Double]) -> Double {
  precondition(found.count == expected.count)
  var error = 0.0
  var power = 0.0
  for (a, b) in zip(found, expected) {
    error += (Double(a) - b) * (Double(a) - b)
    power += b * b
  }
  return error == 0 ? 0 : error / power
}

/// The greatest NMSE of design section 10, float32.
let float32Gate = 1e-10
