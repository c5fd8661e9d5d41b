import ApusCPUKernels
import Dispatch
import Foundation
import Testing

extension KernelISA {
  /// Ends the test case visibly where this machine cannot run the instruction set.
  func require() throws {
    if !runsHere { try Test.cancel("this machine has no \(self)") }
  }
}

/// Elements that C may write, at a chosen distance from an aligned address, with a canary on both sides.
@safe final class KernelMemory<Element: BitwiseCopyable> {
  private let memory: UnsafeMutableRawPointer
  private let start: Int
  let count: Int
  private static var canary: UInt8 { 0xA5 }

  /// - Parameters:
  ///   - offset: bytes past a 64-byte boundary, a multiple of the element's size.
  ///   - tail: readable bytes past the end, as the weight loader promises them.
  init(_ values: [Element], offset: Int = 0, tail: Int = 64) {
    count = values.count
    start = 64 + offset
    let bytes = start + values.count * MemoryLayout<Element>.stride + 64
    unsafe memory = .allocate(byteCount: bytes, alignment: 64)
    unsafe memset(memory, Int32(Self.canary), bytes)
    unsafe values.withUnsafeBytes {
      if let base = $0.baseAddress {
        unsafe (memory + start).copyMemory(from: base, byteCount: $0.count)
      }
    }
  }

  convenience init(repeating value: Element, count: Int, offset: Int = 0) {
    self.init([Element](repeating: value, count: count), offset: offset)
  }

  deinit { unsafe memory.deallocate() }

  var pointer: UnsafeMutableRawPointer { unsafe memory + start }

  var values: [Element] {
    unsafe Array(
      UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: Element.self), count: count))
  }

  /// Whether nothing was written outside the elements.
  var isIntact: Bool {
    let end = start + count * MemoryLayout<Element>.stride
    let outside = Array(0..<start) + Array(end..<end + 64)
    return outside.allSatisfy {
      unsafe memory.load(fromByteOffset: $0, as: UInt8.self) == Self.canary
    }
  }
}

/// One launch: arguments, and the kernel of one instruction set.
@safe struct KernelCall: @unchecked Sendable {
  var arguments = apus_kernel_arguments()
  let kernel: apus_kernel

  init(_ variants: apus_kernel_variants, isa: KernelISA) {
    unsafe kernel = withUnsafePointer(to: variants) {
      unsafe apus_kernel_for($0, isa.rawValue)
    }
  }

  mutating func set(buffer index: Int, to pointer: UnsafeMutableRawPointer) {
    unsafe withUnsafeMutableBytes(of: &arguments.buffers) {
      unsafe $0.storeBytes(
        of: pointer, toByteOffset: index * MemoryLayout<UnsafeMutableRawPointer>.stride,
        as: UnsafeMutableRawPointer.self)
    }
  }

  mutating func set(program index: Int, to program: KernelTileProgram) {
    unsafe withUnsafeMutableBytes(of: &arguments.programs) {
      unsafe $0.storeBytes(
        of: program.pointer, toByteOffset: index * MemoryLayout<UnsafeMutableRawPointer>.stride,
        as: UnsafeMutablePointer<apus_tile_program>.self)
    }
  }

  mutating func set(size index: Int, to value: Int) {
    unsafe withUnsafeMutableBytes(of: &arguments.sizes) {
      unsafe $0.storeBytes(of: Int64(value), toByteOffset: index * 8, as: Int64.self)
    }
  }

  /// Runs the launch by a team of that many workers, as threads or one after the other.
  func run(threads: Int = 1, concurrently: Bool = false) {
    let counter = KernelMemory<Int64>(repeating: 0, count: 1)
    let shared = unsafe SharedCounter(pointer: counter.pointer.assumingMemoryBound(to: Int64.self))
    if concurrently {
      DispatchQueue.concurrentPerform(iterations: threads) {
        work(index: $0, of: threads, shared)
      }
    } else {
      for index in 0..<threads { work(index: index, of: threads, shared) }
    }
    withExtendedLifetime(counter) {}
  }

  private func work(index: Int, of count: Int, _ counter: SharedCounter) {
    let bytes = Int(APUS_WORKER_SCRATCH_BYTES)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer { unsafe scratch.deallocate() }
    // Kernels must not count on what was in scratch before.
    unsafe memset(scratch, 0xFF, bytes)
    var worker = unsafe apus_worker(
      index: Int32(index), count: Int32(count), scratch: scratch, scratch_bytes: Int64(bytes),
      counter: counter.pointer)
    var arguments = arguments
    unsafe kernel(&arguments, &worker)
  }
}

/// The counter that the workers of a launch add to atomically.
@safe private struct SharedCounter: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Int64>
}

extension SeededNumbers {
  /// About normal, by one draw each: a sum of four uniform numbers.
  mutating func quickNormals(_ count: Int, deviation: Float = 1) -> [Float] {
    (0..<count).map { _ in
      let bits = next()
      let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48)
      return (Float(sum) * 0x1p-16 - 2) * 1.7320508 * deviation
    }
  }
}
