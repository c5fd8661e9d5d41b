import ApusCPUKernels
import ApusDevices
import Foundation
import Synchronization

/// Kernels that show what a device did. Elements are int32.
enum TestKernels {
  /// `out[i] = in[(i + 1) % n] + 1`, elements dealt out by member: it reads what another member
  /// wrote in the launch before. buffers: in, out; sizes: n
  static let shift = unsafe kernel("shift") { arguments, worker in
    let count = Int(unsafe size(arguments, 0))
    let input = unsafe buffer(arguments, 0)
    let output = unsafe buffer(arguments, 1)
    let (index, members) = unsafe (Int(worker!.pointee.index), Int(worker!.pointee.count))
    for i in stride(from: index, to: count, by: members) {
      unsafe output[i] = input[(i + 1) % count] &+ 1
    }
  }

  /// `out[i] += 1` for n elements that the members take from the launch's counter. buffers: out;
  /// sizes: n
  static let take = unsafe kernel("take") { arguments, worker in
    let count = unsafe size(arguments, 0)
    let output = unsafe buffer(arguments, 0)
    let counter = unsafe UnsafePointer<Atomic<Int64>>(OpaquePointer(worker!.pointee.counter!))
    while true {
      let i = unsafe counter.pointee.add(1, ordering: .relaxed).oldValue
      if i >= count { return }
      unsafe output[Int(i)] &+= 1
    }
  }

  /// `out[0] = out[0] * 10 + scalar`, by member 0. buffers: out; scalars: value
  static let note = unsafe kernel("note") { arguments, worker in
    guard unsafe worker!.pointee.index == 0 else { return }
    let output = unsafe buffer(arguments, 0)
    let value = unsafe arguments!.pointee.scalars.0
    unsafe output[0] = output[0] &* 10 &+ Int32(value)
  }

  /// The system's number of the thread that each member runs on. buffers: out [members]
  static let threadNumber = unsafe kernel("thread_number") { arguments, worker in
    let output = unsafe buffer(arguments, 0)
    let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    let number = link?.split(separator: "/").last.flatMap { Int32($0) }
    unsafe output[Int(worker!.pointee.index)] = number ?? 0
  }

  /// Fills the scratch of each member and checks that nobody else wrote there. buffers: out
  /// [members]
  static let scratch = unsafe kernel("scratch") { arguments, worker in
    let output = unsafe buffer(arguments, 0)
    let (index, bytes) = unsafe (worker!.pointee.index, Int(worker!.pointee.scratch_bytes))
    let words = unsafe worker!.pointee.scratch!.assumingMemoryBound(to: Int32.self)
    let aligned = Int(bitPattern: unsafe worker!.pointee.scratch!) % 64 == 0
    for i in stride(from: 0, to: bytes / 4, by: 512) { unsafe words[i] = index }
    var good = aligned && bytes >= Int(APUS_WORKER_SCRATCH_BYTES)
    for i in stride(from: 0, to: bytes / 4, by: 512) { good = unsafe good && words[i] == index }
    unsafe output[Int(index)] = good ? 1 : 0
  }

  /// `out[0] = program.operands[0].strides[3] + program.instructions[0].immediate`. buffers: out
  static let program = unsafe kernel("program") { arguments, worker in
    guard unsafe worker!.pointee.index == 0 else { return }
    let program = unsafe arguments!.pointee.programs.0!.pointee
    let stride = unsafe program.operands[0].strides.3
    let immediate = unsafe program.instructions[0].immediate
    unsafe buffer(arguments, 0)[0] = Int32(stride) + Int32(immediate)
  }

  private static func kernel(_ name: StaticString, _ body: apus_kernel) -> KernelFunction {
    let text = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    return unsafe KernelFunction(
      apus_kernel_variants(name: text, by_isa: (body, nil, nil, nil)))
  }
}

private func buffer(
  _ arguments: UnsafePointer<apus_kernel_arguments>?, _ slot: Int
) -> UnsafeMutablePointer<Int32> {
  unsafe withUnsafeBytes(of: arguments!.pointee.buffers) { bytes in
    unsafe bytes.bindMemory(to: UnsafeMutableRawPointer?.self)[slot]!
      .assumingMemoryBound(to: Int32.self)
  }
}

private func size(_ arguments: UnsafePointer<apus_kernel_arguments>?, _ slot: Int) -> Int64 {
  unsafe withUnsafeBytes(of: arguments!.pointee.sizes) { bytes in
    unsafe bytes.bindMemory(to: Int64.self)[slot]
  }
}

extension Device {
  /// Copies `values` into a new buffer.
  func buffer(of values: [Int32]) throws -> BufferID {
    let id = try allocate(byteCount: values.count * 4)
    let staging = try HostStaging(byteCount: values.count * 4, slots: 1)
    try staging.write(values, slot: 0)
    enqueueWrite(from: .init(staging, slot: 0), to: .init(id), byteCount: values.count * 4)
    try synchronize()
    return id
  }

  func contents(_ id: BufferID) throws -> [Int32] {
    let bytes = byteCount(of: id)
    let staging = try HostStaging(byteCount: bytes, slots: 1)
    enqueueRead(from: .init(id), to: .init(staging, slot: 0), byteCount: bytes)
    try synchronize()
    var result: [Int32] = []
    try staging.read(into: &result, count: bytes / 4, slot: 0)
    return result
  }
}
