import ApusCPUKernels

/// Launches in the order in which they run, bound to the addresses of one device. Sizes, scalars
/// and byte offsets are changed between executions; nothing is allocated for that. It keeps what it
/// points to alive.
@safe public final class LaunchList {
  let launches: UnsafeMutableBufferPointer<KernelLaunch>
  /// What each buffer slot of each launch points into.
  private let memory: [[BufferMemory?]]
  private let programs: [[TileProgramStorage?]]
  /// The kernel of each launch.
  public let names: [String]

  public var count: Int { names.count }

  init(
    _ descriptions: [LaunchDescription], isa: CPUISA, pool: BufferPool
  ) throws(DeviceError) {
    var bound: [KernelLaunch] = unsafe []
    var memory: [[BufferMemory?]] = []
    for (index, description) in descriptions.enumerated() {
      let place = "launch \(index), \(description.kernel.name)"
      try LaunchList.checkCounts(description, place)
      guard let body = unsafe description.kernel.body(for: isa) else {
        throw DeviceError("\(place): no variant for \(isa.name) or below")
      }
      var launch = unsafe KernelLaunch(kernel: body)
      memory.append(Array(repeating: nil, count: description.buffers.count))
      for (slot, buffer) in description.buffers.enumerated() {
        guard let buffer else { continue }
        let target = pool[buffer.buffer]
        guard buffer.byteOffset >= 0, buffer.byteOffset <= target.byteCount else {
          throw DeviceError(
            "\(place): buffer \(slot) begins at byte \(buffer.byteOffset) of \(target.byteCount)")
        }
        memory[index][slot] = target
        unsafe launch.setBuffer(slot, to: target.address + buffer.byteOffset)
      }
      for (slot, value) in description.sizes.enumerated() {
        unsafe launch.setSize(slot, to: Int64(value))
      }
      for (slot, value) in description.scalars.enumerated() {
        unsafe launch.setScalar(slot, to: value)
      }
      for (slot, program) in description.programs.enumerated() {
        unsafe launch.setProgram(slot, to: program.map { unsafe UnsafePointer($0.program) })
      }
      unsafe bound.append(launch)
    }
    unsafe launches = .copy(of: bound)
    self.memory = memory
    programs = descriptions.map(\.programs)
    names = descriptions.map(\.kernel.name)
  }

  /// The present contents of `other`, programs included, for a device that runs them later.
  init(snapshotOf other: LaunchList) {
    unsafe launches = .copy(of: Array(other.launches))
    memory = other.memory
    names = other.names
    programs = other.programs.map { list in list.map { $0?.copy() } }
    for (index, list) in programs.enumerated() {
      for (slot, program) in list.enumerated() {
        unsafe launches[index].setProgram(
          slot, to: program.map { unsafe UnsafePointer($0.program) })
      }
    }
  }

  deinit { unsafe launches.deallocate() }

  /// Sets entry `slot` of the sizes of a launch.
  public func setSize(_ launch: Int, _ slot: Int, to value: Int) {
    precondition(slot >= 0 && slot < Int(APUS_KERNEL_SIZES), "no size \(slot)")
    precondition(launch >= 0 && launch < count, "no launch \(launch)")
    unsafe launches[launch].setSize(slot, to: Int64(value))
  }

  /// Sets where buffer `slot` of a launch begins in the buffer that it was bound to.
  public func setByteOffset(_ launch: Int, _ slot: Int, to byteOffset: Int) {
    precondition(launch >= 0 && launch < count, "no launch \(launch)")
    guard slot >= 0, slot < memory[launch].count, let target = memory[launch][slot] else {
      preconditionFailure("launch \(launch) has no buffer \(slot)")
    }
    precondition(byteOffset >= 0 && byteOffset <= target.byteCount, "byte \(byteOffset)")
    unsafe launches[launch].setBuffer(slot, to: target.address + byteOffset)
  }

  /// Sets entry `slot` of the scalars of a launch.
  public func setScalar(_ launch: Int, _ slot: Int, to value: Float) {
    precondition(slot >= 0 && slot < Int(APUS_KERNEL_SCALARS), "no scalar \(slot)")
    precondition(launch >= 0 && launch < count, "no launch \(launch)")
    unsafe launches[launch].setScalar(slot, to: value)
  }

  private static func checkCounts(
    _ description: LaunchDescription, _ place: String
  ) throws(DeviceError) {
    let limits: [(String, Int, Int32)] = [
      ("buffers", description.buffers.count, APUS_KERNEL_BUFFERS),
      ("sizes", description.sizes.count, APUS_KERNEL_SIZES),
      ("scalars", description.scalars.count, APUS_KERNEL_SCALARS),
      ("programs", description.programs.count, APUS_KERNEL_PROGRAMS),
    ]
    for (name, count, limit) in limits where count > Int(limit) {
      throw DeviceError("\(place): \(count) \(name), at most \(limit) are possible")
    }
  }
}
