#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A buffer of a device. Plans hold these; only the device's pool owns memory.
public struct BufferID: Sendable, Hashable, CustomStringConvertible {
  package let index: Int32

  package init(index: Int32) { self.index = index }

  public var description: String { "b\(index)" }
}

/// The memory of one buffer: its own, or borrowed from an owner that is kept alive.
@safe final class BufferMemory {
  /// Every buffer begins on a cache line.
  static let alignment = 64
  /// Bytes past the end that a kernel may read.
  static let tail = 64

  let address: UnsafeMutableRawPointer
  let byteCount: Int
  let isReadOnly: Bool
  private let owner: AnyObject?
  private let allocation: UnsafeMutableRawPointer?

  /// Zeroed memory. Large areas come from the system as pages that cost nothing until they are
  /// touched.
  init(byteCount: Int) throws(DeviceError) {
    let padding = BufferMemory.alignment + BufferMemory.tail
    let (size, overflow) = byteCount.addingReportingOverflow(padding)
    guard byteCount >= 0, !overflow, let memory = unsafe calloc(1, size) else {
      throw DeviceError("cannot allocate \(byteCount) bytes")
    }
    unsafe allocation = memory
    unsafe address = memory.alignedUp(toMultipleOf: BufferMemory.alignment)
    self.byteCount = byteCount
    isReadOnly = false
    owner = nil
  }

  init(borrowing bytes: UnsafeRawBufferPointer, owner: AnyObject) throws(DeviceError) {
    guard let start = bytes.baseAddress else {
      throw DeviceError("a registered buffer has no memory")
    }
    unsafe address = UnsafeMutableRawPointer(mutating: start)
    byteCount = bytes.count
    isReadOnly = true
    self.owner = owner
    unsafe allocation = nil
  }

  deinit { unsafe free(allocation) }
}

/// The buffers of a device, by number.
struct BufferPool {
  private var buffers: [BufferMemory?] = []
  private var free: [Int32] = []
  private(set) var allocatedBytes = 0

  mutating func allocate(byteCount: Int) throws(DeviceError) -> BufferID {
    let memory = try BufferMemory(byteCount: byteCount)
    allocatedBytes += byteCount
    return insert(memory)
  }

  mutating func register(
    _ bytes: UnsafeRawBufferPointer, owner: AnyObject
  ) throws(DeviceError) -> BufferID {
    insert(try unsafe BufferMemory(borrowing: bytes, owner: owner))
  }

  /// Gives the number back. The memory lives on in the launches that were bound to it.
  mutating func release(_ id: BufferID) {
    let memory = self[id]
    if !memory.isReadOnly { allocatedBytes -= memory.byteCount }
    buffers[Int(id.index)] = nil
    free.append(id.index)
  }

  subscript(id: BufferID) -> BufferMemory {
    guard buffers.indices.contains(Int(id.index)), let memory = buffers[Int(id.index)] else {
      preconditionFailure("buffer \(id) was released or belongs to another device")
    }
    return memory
  }

  private mutating func insert(_ memory: BufferMemory) -> BufferID {
    if let index = free.popLast() {
      buffers[Int(index)] = memory
      return BufferID(index: index)
    }
    buffers.append(memory)
    return BufferID(index: Int32(buffers.count - 1))
  }
}

extension BufferPool {
  func write(from source: StagingPlace, to target: BufferPlace, byteCount: Int) {
    let address = unsafe source.staging.address(
      source.slot, byteOffset: source.byteOffset, byteCount: byteCount)
    precondition(!self[target.buffer].isReadOnly, "buffer \(target.buffer) is read-only")
    unsafe self.address(target, byteCount: byteCount).copyMemory(
      from: address, byteCount: byteCount)
  }

  func read(from source: BufferPlace, to target: StagingPlace, byteCount: Int) {
    let address = unsafe target.staging.address(
      target.slot, byteOffset: target.byteOffset, byteCount: byteCount)
    unsafe address.copyMemory(
      from: self.address(source, byteCount: byteCount), byteCount: byteCount)
  }

  private func address(_ place: BufferPlace, byteCount: Int) -> UnsafeMutableRawPointer {
    let memory = self[place.buffer]
    precondition(
      place.byteOffset >= 0 && byteCount >= 0 && place.byteOffset + byteCount <= memory.byteCount,
      "\(byteCount) bytes at \(place.byteOffset) of a buffer of \(memory.byteCount)")
    return unsafe memory.address + place.byteOffset
  }
}
