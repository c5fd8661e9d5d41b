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

    @Test("a team's threads end with it")
    func noLeak() throws {
      let before = workerThreads().count
      for threads in 1...4 {
        let device = try CPUDevice(threads: threads)
        #expect(workerThreads().count == (onLinux ? before + threads - 1 : 0))
        #expect(device.threads == threads)
      }
      // A joined thread leaves /proc a moment later.
      for _ in 0..<100 where workerThreads().count != before { Thread.sleep(forTimeInterval: 0.01) }
      #expect(workerThreads().count == before)
    }

    @Test("between runs the threads sleep", .enabled(if: onLinux, "needs /proc"))
    func idle() throws {
      let device = try CPUDevice(threads: 3)
      let out = try device.buffer(of: [0])
      let list = try device.makeLaunches([
        .init(TestKernels.note, buffers: [BufferPlace(out)], scalars: [1])
      ])
      device.enqueue(list)
      Thread.sleep(forTimeInterval: 0.02)
      let before = workerThreads().map(ticks).reduce(0, +)
      Thread.sleep(forTimeInterval: 0.3)
      let after = workerThreads().map(ticks).reduce(0, +)
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

/// The folders in `/proc` of the threads that teams started.
private func workerThreads() -> [String] {
  let folder = "/proc/self/task"
  let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  return threads.map { "\(folder)/\($0)" }.filter { path in
    let name = try? String(contentsOfFile: "\(path)/comm", encoding: .utf8)
    return name?.hasPrefix("apus-worker") ?? false
  }
}

/// Processor time that a thread has used, in ticks of 10 ms.
private func ticks(_ thread: String) -> Int {
  guard let text = try? String(contentsOfFile: "\(thread)/stat", encoding: .utf8),
    let fields = text.split(separator: ")").last?.split(separator: " "), fields.count > 12
  else { return 0 }
  return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
}
