import ApusDevices
import ApusGraphs
import ApusTensors

/// A size of a launch that depends on symbols.
struct SizePatch {
  let launch: Int
  let slot: Int
  let size: SizeExpression
}

/// A stride of a tile program that depends on symbols.
struct StridePatch {
  let program: TileProgramStorage
  let operand: Int
  let dimension: Int
  let stride: SizeExpression
}

/// A plan with memory on a device: its buffers, its launches, and what changes with the symbols.
struct PlanBinding {
  private(set) var launches: LaunchList
  private(set) var sizes: [SizePatch] = []
  private(set) var strides: [StridePatch] = []
  private(set) var report: PlanMemoryReport
  /// The buffers of values that hosts write or read.
  let places: [BufferPlace]
  /// Everything that was allocated or registered.
  let buffers: [BufferID]

  init(_ plan: Plan, device: any Device, weights: some WeightSource) throws {
    report = plan.report
    var memory = ValueMemory(plan, device)
    do {
      try memory.bind(weights, report: &report)
      var descriptions: [LaunchDescription] = []
      for (index, launch) in plan.draft.launches.enumerated() {
        descriptions.append(
          try Self.description(
            launch, index, plan.symbols, memory.places, &sizes, &strides))
      }
      launches = try device.makeLaunches(descriptions)
    } catch {
      for buffer in memory.buffers { device.release(buffer) }
      throw error
    }
    places = memory.places
    buffers = memory.buffers
  }

  private static func description(
    _ launch: DraftLaunch, _ index: Int, _ symbols: SymbolTable, _ places: [BufferPlace],
    _ sizes: inout [SizePatch], _ strides: inout [StridePatch]
  ) throws -> LaunchDescription {
    let buffers = try launch.buffers.map { buffer -> BufferPlace? in
      guard let buffer else { return nil }
      guard let offset = buffer.byteOffset.constant else {
        throw CompileError(
          "\(launch.kernel.name) \(launch.note): a part of a value begins at byte "
            + "\(buffer.byteOffset), which depends on symbols")
      }
      var place = places[buffer.value]
      place.byteOffset += offset
      return place
    }
    let expressions = try launch.sizes.map { try symbols.expression($0) }
    for (slot, size) in expressions.enumerated() where !size.isConstant {
      sizes.append(SizePatch(launch: index, slot: slot, size: size))
    }
    let programs = try launch.programs.map { program -> TileProgramStorage? in
      guard let program else { return nil }
      let storage = program.storage()
      for (operand, access) in program.operands.enumerated() {
        for (dimension, stride) in access.strides.enumerated() where stride.constant == nil {
          strides.append(
            StridePatch(
              program: storage, operand: operand, dimension: dimension,
              stride: try symbols.expression(stride)))
        }
      }
      return storage
    }
    return LaunchDescription(
      launch.kernel, buffers: buffers, sizes: expressions.map(\.constant),
      scalars: launch.scalars, programs: programs)
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
