import ApusDevices
import ApusGraphs
import ApusTensors

/// A plan with memory on a device: its buffers, its launches, and what changes with the symbols.
struct PlanBinding {
  let launches: LaunchList
  let patches: LaunchPatches
  private(set) var report: PlanMemoryReport
  /// The buffers of values that hosts write or read.
  let places: [BufferPlace]
  /// Everything that was allocated or registered.
  let buffers: [BufferID]

  init(_ plan: Plan, device: any Device, weights: some WeightSource) throws {
    report = plan.report
    var memory = ValueMemory(plan, device)
    var patches = LaunchPatches()
    do {
      try memory.bind(weights, report: &report)
      var descriptions: [LaunchDescription] = []
      for (index, launch) in plan.draft.launches.enumerated() {
        descriptions.append(
          try patches.describe(launch, index, plan.symbols, memory.places))
      }
      launches = try device.makeLaunches(descriptions)
    } catch {
      for buffer in memory.buffers { device.release(buffer) }
      throw error
    }
    self.patches = patches
    places = memory.places
    buffers = memory.buffers
  }
}

/// Gives every value of a plan its place.
private struct ValueMemory {
  private let plan: Plan
  private let device: any Device
  private(set) var places: [BufferPlace] = []
  private(set) var buffers: [BufferID] = []

  init(_ plan: Plan, _ device: any Device) {
    self.plan = plan
    self.device = device
  }

  mutating func bind(_ weights: some WeightSource, report: inout PlanMemoryReport) throws {
    let arena = try allocate(plan.memory.byteCount)
    var offsets: [Int: Int] = [:]
    for block in plan.memory.blocks {
      for value in block.values { offsets[value] = block.byteOffset }
    }
    for (index, value) in plan.draft.values.enumerated() {
      let bytes = plan.byteCounts[index]
      switch value.kind {
      case .activation: places.append(BufferPlace(arena, byteOffset: offsets[index] ?? 0))
      case .input, .output, .state: places.append(BufferPlace(try allocate(words(bytes) * 4)))
      case .constant(let constant):
        places.append(try upload(try HostWords.packed(constant)))
      case .iota:
        places.append(try upload((0..<Int32(bytes / 4)).map { $0 }))
      case .weight(let weight):
        let (buffer, isMapped) = try weights.bind(weight, on: device)
        buffers.append(buffer)
        guard device.byteCount(of: buffer) >= bytes else {
          throw CompileError(
            "weight '\(weight.name)': expected \(bytes) bytes of \(weight.format), found "
              + "\(device.byteCount(of: buffer))")
        }
        if !isMapped {
          report.mappedWeightBytes -= bytes
          report.ownedWeightBytes += bytes
        }
        places.append(BufferPlace(buffer))
      }
    }
  }

  private func words(_ bytes: Int) -> Int { (bytes + 3) / 4 }

  private mutating func allocate(_ byteCount: Int) throws -> BufferID {
    let buffer = try device.allocate(byteCount: byteCount)
    buffers.append(buffer)
    return buffer
  }

  private mutating func upload(_ values: [Int32]) throws -> BufferPlace {
    let place = BufferPlace(try allocate(values.count * 4))
    let staging = try HostStaging(byteCount: values.count * 4, slots: 1)
    try staging.write(values, slot: 0)
    device.enqueueWrite(
      from: StagingPlace(staging, slot: 0), to: place, byteCount: values.count * 4)
    try device.synchronize()
    return place
  }
}
