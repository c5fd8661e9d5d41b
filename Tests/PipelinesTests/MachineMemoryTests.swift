import ApusPipelines
import Foundation
import Testing

/// Other machines, laid out as files.
@Suite struct MachineMemoryTests {
  /// Writes files below a folder of their own and reads the limits from there.
  private func limits(_ files: [String: String]) throws -> [String: Int] {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("machine-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for (path, text) in files {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let memory = MachineMemory(root: root.path)
    return Dictionary(uniqueKeysWithValues: memory.limits.map { ($0.name, $0.left) })
  }

  static let machine = "MemTotal:  1000 kB\nMemFree:  10 kB\nMemAvailable:     800 kB\n"

  @Test func theMachine() throws {
    #expect(try limits(["proc/meminfo": Self.machine]) == ["the machine": 800 * 1024])
  }

  @Test func theTightestUnifiedCgroup() throws {
    let found = try limits([
      "proc/meminfo": Self.machine, "proc/self/cgroup": "0::/a/b\n",
      "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/b/memory.current": "10\n",
      "sys/fs/cgroup/a/memory.max": "5000\n", "sys/fs/cgroup/a/memory.current": "2000\n",
      "sys/fs/cgroup/a/memory.stat": "anon 1500\ninactive_file 300\n",
    ])
    #expect(found["the cgroup"] == 3300)
  }

  @Test func theFirstVersionOfCgroups() throws {
    let folder = "sys/fs/cgroup/memory/a"
    let found = try limits([
      "proc/self/cgroup": "3:cpu,cpuacct:/x\n2:memory:/a\n",
      "\(folder)/memory.limit_in_bytes": "4000\n", "\(folder)/memory.usage_in_bytes": "1000\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000\n",
    ])
    #expect(found == ["the cgroup": 3000])
  }

  @Test func limitsOfTheProcess() throws {
    let found = try limits([
      "proc/self/limits": """
      Limit                     Soft Limit           Hard Limit           Units
      Max data size             unlimited            unlimited            bytes
      Max address space         10485760             unlimited            bytes
      """,
      "proc/self/status": "VmSize:     2048 kB\nVmData:   100 kB\n",
    ])
    #expect(found == ["the limit 'max address space'": 8 << 20])
  }

  @Test func thisMachine() {
    let memory = MachineMemory()
    #expect((memory.left(besidesMapped: 0)?.bytes ?? 0) > 0)
  }
}
