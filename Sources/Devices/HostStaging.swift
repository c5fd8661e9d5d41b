/// Host memory that copies to and from a device go through, in `slots` areas of `byteCount` bytes.
/// A device that runs later reads a slot when the copy runs, so a slot may not be touched while a
/// copy of it is pending: with d steps in flight, d + 1 slots are enough.
public final class HostStaging {
  public let byteCount: Int
  public let slots: Int
  private let memory: BufferMemory
  private let stride: Int
  /// Copies of each slot that were enqueued and have not run.
  private var pending: [Int]

  public init(byteCount: Int, slots: Int) throws(DeviceError) {
    precondition(byteCount >= 0 && slots > 0, "a staging area needs slots")
    self.byteCount = byteCount
    self.slots = slots
    stride = (byteCount + 63) / 64 * 64
    memory = try BufferMemory(byteCount: stride * slots)
    pending = [Int](repeating: 0, count: slots)
  }

  /// Copies `values` into a slot.
  ///
  /// - Throws: where a copy of the slot is pending.
  public func write(_ values: [Int32], slot: Int, byteOffset: Int = 0) throws(DeviceError) {
    let target = try unsafe area(slot, byteOffset: byteOffset, byteCount: values.count * 4)
    unsafe values.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
  }

  /// Copies `values` into a slot.
  ///
  /// - Throws: where a copy of the slot is pending.
  public func write(_ values: [Float], slot: Int, byteOffset: Int = 0) throws(DeviceError) {
    let target = try unsafe area(slot, byteOffset: byteOffset, byteCount: values.count * 4)
    unsafe values.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
  }

  /// Replaces `values` by `count` elements of a slot; keeps the array's memory.
  ///
  /// - Throws: where a copy of the slot is pending.
  public func read(
    into values: inout [Int32], count: Int, slot: Int, byteOffset: Int = 0
  ) throws(DeviceError) {
    let source = try unsafe area(slot, byteOffset: byteOffset, byteCount: count * 4)
    values.removeAll(keepingCapacity: true)
    unsafe values.append(contentsOf: source.bindMemory(to: Int32.self))
  }

  /// Replaces `values` by `count` elements of a slot; keeps the array's memory.
  ///
  /// - Throws: where a copy of the slot is pending.
  public func read(
    into values: inout [Float], count: Int, slot: Int, byteOffset: Int = 0
  ) throws(DeviceError) {
    let source = try unsafe area(slot, byteOffset: byteOffset, byteCount: count * 4)
    values.removeAll(keepingCapacity: true)
    unsafe values.append(contentsOf: source.bindMemory(to: Float.self))
  }

  func begin(_ slot: Int) { pending[slot] += 1 }

  func end(_ slot: Int) { pending[slot] -= 1 }

  func address(_ slot: Int, byteOffset: Int, byteCount: Int) -> UnsafeMutableRawPointer {
    precondition(slot >= 0 && slot < slots, "no slot \(slot)")
    precondition(
      byteOffset >= 0 && byteCount >= 0 && byteOffset + byteCount <= self.byteCount,
      "bytes \(byteOffset) ..< \(byteOffset + byteCount) of a slot of \(self.byteCount)")
    return unsafe memory.address + slot * stride + byteOffset
  }

  private func area(
    _ slot: Int, byteOffset: Int, byteCount: Int
  ) throws(DeviceError) -> UnsafeMutableRawBufferPointer {
    let start = unsafe address(slot, byteOffset: byteOffset, byteCount: byteCount)
    guard pending[slot] == 0 else {
      throw DeviceError("staging slot \(slot) is in use by \(pending[slot]) pending copies")
    }
    return unsafe UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }
}
