import ApusCPUKernels
import ApusDevices
import Testing

extension WorkerThreads {
  @Suite struct CPUDeviceTests {
    @Test func buffersAreZeroedAlignedAndCounted() throws {
      let device = try CPUDevice(threads: 1)
      let id = try device.allocate(byteCount: 1000)
      #expect(device.byteCount(of: id) == 1000)
      #expect(device.allocatedBytes == 1000)
      #expect(try device.contents(id).allSatisfy { $0 == 0 })
      device.release(id)
      #expect(device.allocatedBytes == 0)
      #expect(throws: DeviceError.self) { try device.allocate(byteCount: .max) }
    }

    @Test func launchesRunInOrderAtEnqueue() throws {
      let device = try CPUDevice(threads: 2)
      let out = try device.buffer(of: [0])
      let list = try device.makeLaunches(
        (1...4).map { .init(TestKernels.note, buffers: [BufferPlace(out)], scalars: [Float($0)]) })
      device.enqueue(list)
      #expect(try device.contents(out) == [1234])
      list.setScalar(3, 0, to: 9)
      device.enqueue(list)
      #expect(try device.contents(out) == [12_341_239])
    }

    @Test func sizesAreChangedBetweenExecutions() throws {
      let device = try CPUDevice(threads: 1)
      let out = try device.buffer(of: [0, 0, 0, 0])
      let list = try device.makeLaunches([
        .init(TestKernels.take, buffers: [BufferPlace(out, byteOffset: 4)], sizes: [3])
      ])
      device.enqueue(list)
      list.setSize(0, 0, to: 1)
      device.enqueue(list)
      list.setSize(0, 0, to: 0)
      device.enqueue(list)
      #expect(try device.contents(out) == [0, 2, 1, 1])
    }

    @Test func aRegisteredBufferKeepsItsOwner() throws {
      @safe final class Owner {
        let bytes: UnsafeMutableBufferPointer<Int32>
        init() {
          unsafe bytes = .allocate(capacity: 32)
          unsafe bytes.initialize(repeating: 7)
        }
        deinit { unsafe bytes.deallocate() }
      }
      let device = try CPUDevice(threads: 1)
      weak var watched: Owner?
      let list: LaunchList
      let out = try device.buffer(of: [0, 0])
      do {
        let owner = Owner()
        watched = owner
        let id = try unsafe device.register(
          UnsafeRawBufferPointer(start: owner.bytes.baseAddress, count: 8), owner: owner)
        list = try device.makeLaunches([
          .init(TestKernels.shift, buffers: [BufferPlace(id), BufferPlace(out)], sizes: [2])
        ])
        device.release(id)
      }
      #expect(watched != nil)
      device.enqueue(list)
      #expect(try device.contents(out) == [8, 8])
    }

    @Test func aBadLaunchIsRefusedByName() throws {
      let device = try CPUDevice(threads: 1)
      let id = try device.allocate(byteCount: 16)
      #expect(throws: DeviceError("launch 0, note: buffer 0 begins at byte 32 of 16")) {
        try device.makeLaunches([
          .init(TestKernels.note, buffers: [BufferPlace(id, byteOffset: 32)])
        ])
      }
      #expect(throws: DeviceError.self) {
        try device.makeLaunches([
          .init(TestKernels.note, sizes: [Int](repeating: 0, count: 25))
        ])
      }
    }

    @Test func aMissingVariantIsTheNextLowerOrAnError() throws {
      let device = try CPUDevice(threads: 1)
      let empty = unsafe KernelFunction(
        apus_kernel_variants(name: nil, by_isa: (nil, nil, nil, nil)))
      #expect(throws: DeviceError.self) { try device.makeLaunches([.init(empty)]) }
    }

    @Test func theCatalogNamesTheDevices() throws {
      #expect(try DeviceCatalog.device(named: "cpu", threads: 1, isa: "scalar").isa == .scalar)
      #expect(throws: DeviceError.self) { try DeviceCatalog.device(named: "gpu") }
      #expect(throws: DeviceError.self) { try CPUDevice(threads: 0) }
    }
  }
}
