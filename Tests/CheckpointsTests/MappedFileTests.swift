import ApusCheckpoints
import ApusTensors
import Foundation
import Testing

@Suite struct MappedFileTests {
  @Test("64 zero bytes can be read past the end", arguments: [0, 1, 100, 4096, 8192, 65536 + 3])
  func tail(size: Int) throws {
    let folder = try TemporaryFolder()
    try folder.write("x", [UInt8](repeating: 7, count: size))
    let mapped = try MappedFile(path: folder.path + "/x")
    let memory = MappedFile([UInt8](repeating: 7, count: size), name: "memory")
    #expect(mapped.isMapped && !memory.isMapped)
    for file in [mapped, memory] {
      #expect(file.byteCount == size)
      // The storage's pointer is what kernels read from.
      let storage = WeightStorage(shape: [size], format: .dense(.uint8), file: file)
      let tail = unsafe storage.withUnsafeBytes { bytes in
        let start = unsafe storage.baseAddress
        return (0..<MappedFile.tailBytes).map {
          unsafe (start + bytes.count + $0).load(as: UInt8.self)
        }
      }
      #expect(tail == [UInt8](repeating: 0, count: MappedFile.tailBytes))
    }
  }

  private func truncate(_ path: String, to size: Int) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: UInt64(size))
    try handle.close()
  }

  @Test(
    "a file that shrinks reads as zeros and is damaged from then on",
    arguments: [0, 1, 4096, 9000, 65536, 99_999])
  func shrinks(size: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x"
    try folder.write("x", [UInt8](repeating: 7, count: 100_000))
    let file = try MappedFile(path: path)
    let storage = WeightStorage(shape: [100_000], format: .dense(.uint8), file: file)
    #expect(!file.isDamaged)
    try truncate(path, to: size)
    let values = storage.floats()
    #expect(values[..<size].allSatisfy { $0 == 7 })
    #expect(values[size...].allSatisfy { $0 == 0 })
    #expect(file.isDamaged)
    // Put back it is still not what was computed with.
    try folder.write("x", [UInt8](repeating: 7, count: 100_000))
    #expect(file.isDamaged)
    #expect(try !MappedFile(path: path).isDamaged)
  }

  @Test("several threads meet the end of a file at once")
  func shrinksUnderThreads() async throws {
    let folder = try TemporaryFolder()
    try folder.write("x", [UInt8](repeating: 7, count: 4 << 20))
    let file = try MappedFile(path: folder.path + "/x")
    try truncate(folder.path + "/x", to: 8192)
    await withTaskGroup(of: Float.self) { group in
      for part in 0..<8 {
        group.addTask {
          let size = (4 << 20) / 8
          let storage = WeightStorage(shape: [4 << 20], format: .dense(.uint8), file: file)
          return storage.floats()[part * size..<(part + 1) * size].reduce(0, +)
        }
      }
      var sum: Float = 0
      for await part in group { sum += part }
      #expect(sum == 7 * 8192)
    }
    #expect(file.isDamaged)
  }

  @Test("a file that grows or is removed is as good as before")
  func grows() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", [1, 2, 3])
    let file = try MappedFile(path: folder.path + "/x")
    try truncate(folder.path + "/x", to: 5000)
    #expect(!file.isDamaged)
    try FileManager.default.removeItem(atPath: folder.path + "/x")
    #expect(!file.isDamaged)
    #expect(!MappedFile([1, 2, 3], name: "memory").isDamaged)
  }

  @Test("many files can be mapped one after the other")
  func guardsAreGivenBack() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", [1, 2, 3])
    for _ in 0..<5000 { _ = try MappedFile(path: folder.path + "/x") }
    let several = try (0..<300).map { _ in try MappedFile(path: folder.path + "/x") }
    #expect(several.allSatisfy { !$0.isDamaged })
  }

  @Test("a signal that is none of ours ends the process as ever")
  func otherSignals() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      let folder = try TemporaryFolder()
      try folder.write("x", [1, 2, 3])
      let file = try MappedFile(path: folder.path + "/x")
      #expect(!file.isDamaged)
      raise(SIGBUS)
    }
  }

  @Test("a handler that was there before gets the signals of others")
  func earlierHandler() async {
    await #expect(processExitsWith: .exitCode(42)) {
      signal(SIGBUS) { _ in _exit(42) }
      let folder = try TemporaryFolder()
      try folder.write("x", [1, 2, 3])
      _ = try MappedFile(path: folder.path + "/x")
      raise(SIGBUS)
    }
  }

  @Test func aPipeIsRefusedAtOnce() throws {
    let folder = try TemporaryFolder()
    let status = unsafe mkfifo(folder.path + "/pipe", 0o600)
    #expect(status == 0)
    #expect(throws: CheckpointError.self) { try MappedFile(path: folder.path + "/pipe") }
  }

  @Test func errors() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: CheckpointError.self) {
      try MappedFile(path: folder.path + "/none")
    }
    #expect(missing?.file == folder.path + "/none")
    #expect(throws: CheckpointError.self) { try MappedFile(path: folder.path) }
  }
}
