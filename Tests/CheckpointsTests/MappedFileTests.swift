import ApusCheckpoints
import ApusTensors
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

  @Test func errors() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: CheckpointError.self) {
      try MappedFile(path: folder.path + "/none")
    }
    #expect(missing?.file == folder.path + "/none")
    #expect(throws: CheckpointError.self) { try MappedFile(path: folder.path) }
  }
}
