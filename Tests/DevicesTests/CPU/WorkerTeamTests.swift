import ApusDevices
import Foundation
import Testing

/// Tests that own worker threads or count them: they run one after another.
@Suite(.serialized) enum WorkerThreads {}

extension WorkerThreads {
  @Suite struct WorkerTeamTests {
    @Test("a launch sees everything that the launch before it wrote", arguments: 1...4)
    func barriers(threads: Int) throws {
      let device = try CPUDevice(threads: threads)
      let a = try device.buffer(of: [Int32](repeating: 0, count: 61))
      let b = try device.buffer(of: [Int32](repeating: 0, count: 61))
      var descriptions: [LaunchDescription] = []
      for i in 0..<500 {
        let places =
          i % 2 == 0 ? [BufferPlace(a), BufferPlace(b)] : [BufferPlace(b), BufferPlace(a)]
        descriptions.append(LaunchDescription(TestKernels.shift, buffers: places, sizes: [61]))
      }
      let list = try device.makeLaunches(descriptions)
      for _ in 0..<8 { device.enqueue(list) }
      #expect(try device.contents(a) == [Int32](repeating: 4000, count: 61))
    }

    @Test("the counter is 0 at the start of every launch", arguments: 1...4)
    func counter(threads: Int) throws {
      let device = try CPUDevice(threads: threads)
      let out = try device.buffer(of: [Int32](repeating: 0, count: 37))
      let launch = LaunchDescription(TestKernels.take, buffers: [BufferPlace(out)], sizes: [37])
      let list = try device.makeLaunches(Array(repeating: launch, count: 300))
      for _ in 0..<3 { device.enqueue(list) }
      #expect(try device.contents(out) == [Int32](repeating: 900, count: 37))
    }

    @Test("every member has its own scratch", arguments: [1, 3])
    func scratch(threads: Int) throws {
      let device = try CPUDevice(threads: threads)
      let out = try device.buffer(of: [Int32](repeating: 0, count: threads))
      device.enqueue(
        try device.makeLaunches([.init(TestKernels.scratch, buffers: [BufferPlace(out)])]))
      #expect(try device.contents(out) == [Int32](repeating: 1, count: threads))
    }

    @Test("a team's threads end with it", .enabled(if: onLinux, "needs /proc"))
    func noLeak() throws {
      for threads in 1...4 {
        var numbers: [Int32] = []
        do {
          let device = try CPUDevice(threads: threads)
          #expect(device.threads == threads)
          numbers = try workerThreads(of: device)
          #expect(Set(numbers).count == threads - 1)
          #expect(numbers.allSatisfy(isAlive))
        }
        // A joined thread leaves /proc a moment later.
        for _ in 0..<100 where numbers.contains(where: isAlive) {
          Thread.sleep(forTimeInterval: 0.01)
        }
        #expect(!numbers.contains(where: isAlive))
      }
    }

    @Test("between runs the threads sleep", .enabled(if: onLinux, "needs /proc"))
    func idle() throws {
      let device = try CPUDevice(threads: 3)
      let out = try device.buffer(of: [0])
      let list = try device.makeLaunches([
        .init(TestKernels.note, buffers: [BufferPlace(out)], scalars: [1])
      ])
      device.enqueue(list)
      let numbers = try workerThreads(of: device)
      Thread.sleep(forTimeInterval: 0.02)
      let before = numbers.map(ticks).reduce(0, +)
      Thread.sleep(forTimeInterval: 0.3)
      let after = numbers.map(ticks).reduce(0, +)
      // A tick is 10 ms; threads that spin would use 60.
      #expect(after - before <= 2)
      device.enqueue(list)
      #expect(try device.contents(out) == [11])
    }
  }

}

#if os(Linux)
  private let onLinux = true
#else
  private let onLinux = false
#endif

/// The system's numbers of the threads that a device started; other suites run their own meanwhile.
private func workerThreads(of device: CPUDevice) throws -> [Int32] {
  let out = try device.buffer(of: [Int32](repeating: 0, count: device.threads))
  device.enqueue(
    try device.makeLaunches([.init(TestKernels.threadNumber, buffers: [BufferPlace(out)])]))
  return Array(try device.contents(out).dropFirst())
}

private func folder(_ thread: Int32) -> String { "/proc/self/task/\(thread)" }

private func isAlive(_ thread: Int32) -> Bool {
  FileManager.default.fileExists(atPath: folder(thread))
}

/// Processor time that a thread has used, in ticks of 10 ms.
private func ticks(_ thread: Int32) -> Int {
  guard let text = try? String(contentsOfFile: "\(folder(thread))/stat", encoding: .utf8),
    let fields = text.split(separator: ")").last?.split(separator: " "), fields.count > 12
  else { return 0 }
  return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
}
