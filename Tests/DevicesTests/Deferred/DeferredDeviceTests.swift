import ApusCPUKernels
import ApusDevices
import Testing

extension WorkerThreads {
  @Suite struct DeferredDeviceTests {
    @Test func nothingRunsBeforeSomebodyWaits() throws {
      let device = try DeferredDevice(threads: 1)
      let out = try device.buffer(of: [0])
      let results = try HostStaging(byteCount: 4, slots: 2)
      let list = try device.makeLaunches([
        .init(TestKernels.note, buffers: [BufferPlace(out)], scalars: [1])
      ])
      device.enqueue(list)
      device.enqueueRead(from: .init(out), to: .init(results, slot: 0), byteCount: 4)
      let first = device.mark()
      list.setScalar(0, 0, to: 2)
      device.enqueue(list)
      device.enqueueRead(from: .init(out), to: .init(results, slot: 1), byteCount: 4)
      var values: [Int32] = []
      #expect(throws: DeviceError.self) { try results.read(into: &values, count: 1, slot: 0) }
      #expect(device.pendingCount == 4)
      try device.wait(for: first)
      try results.read(into: &values, count: 1, slot: 0)
      #expect(values == [1])
      #expect(throws: DeviceError.self) { try results.read(into: &values, count: 1, slot: 1) }
      try device.synchronize()
      try results.read(into: &values, count: 1, slot: 1)
      #expect(values == [12])
      // Waiting again for what is done does nothing.
      try device.wait(for: first)
      #expect(device.pendingCount == 0)
    }

    @Test func aPendingSlotMayNotBeWritten() throws {
      let device = try DeferredDevice(threads: 1)
      let target = try device.allocate(byteCount: 8)
      let staging = try HostStaging(byteCount: 8, slots: 2)
      try staging.write([1, 2] as [Int32], slot: 0)
      device.enqueueWrite(from: .init(staging, slot: 0), to: .init(target), byteCount: 8)
      #expect(throws: DeviceError.self) { try staging.write([3, 4] as [Int32], slot: 0) }
      try staging.write([3, 4] as [Int32], slot: 1)
      try device.synchronize()
      try staging.write([5, 6] as [Int32], slot: 0)
      #expect(try device.contents(target) == [1, 2])
    }

    @Test func programsAreTakenAlongWithTheLaunch() throws {
      let device = try DeferredDevice(threads: 1)
      let out = try device.buffer(of: [0])
      let program = TileProgramStorage(
        instructions: [
          apus_tile_instruction(
            opcode: 0, destination: 0, first: 0, second: 0, third: 0, immediate: 5)
        ],
        stageEnds: [1],
        operands: [apus_tile_operand(buffer: 0, type: 0, strides: (0, 0, 0, 1))])
      program.setStride(operand: 0, dimension: 3, to: 100)
      let list = try device.makeLaunches([
        .init(TestKernels.program, buffers: [BufferPlace(out)], programs: [program])
      ])
      device.enqueue(list)
      program.setStride(operand: 0, dimension: 3, to: 200)
      program.setImmediate(instruction: 0, to: 6)
      #expect(try device.contents(out) == [105])
      device.enqueue(list)
      #expect(try device.contents(out) == [206])
    }

    @Test func itComputesWhatTheCPUComputes() throws {
      for device in [try CPUDevice(threads: 2), try DeferredDevice(threads: 2)] as [any Device] {
        let a = try device.buffer(of: [3, 1, 2])
        let b = try device.buffer(of: [0, 0, 0])
        device.enqueue(
          try device.makeLaunches([
            .init(TestKernels.shift, buffers: [BufferPlace(a), BufferPlace(b)], sizes: [3]),
            .init(TestKernels.shift, buffers: [BufferPlace(b), BufferPlace(a)], sizes: [3]),
          ]))
        #expect(try device.contents(a) == [4, 5, 3])
      }
    }
  }
}
