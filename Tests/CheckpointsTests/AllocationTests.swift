import ApusCheckpoints
import Foundation
import TestSupport
import Testing

/// What bad files may cost: less memory than their size and 64 MiB, whatever they say of themselves.
///
/// Each test is a process of its own whose address space is limited, so that an allocation beyond
/// ends it, touched or not.
@Suite struct AllocationTests {
  static let allowance = 64 << 20

  /// Bytes of address space that this process has now.
  static func addressSpace() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = try #require(text.split(separator: " ").first.flatMap { Int($0) })
    return pages * 4096
  }

  /// Runs `body` with so much address space beyond the present.
  static func limited(to extra: Int, _ body: () throws -> Void) throws {
    let kind = __rlimit_resource_t(RLIMIT_AS.rawValue)
    var before = rlimit()
    unsafe getrlimit(kind, &before)
    var limit = before
    limit.rlim_cur = rlim_t(try addressSpace() + extra)
    let status = unsafe setrlimit(kind, &limit)
    precondition(status == 0)
    defer { _ = unsafe setrlimit(kind, &before) }
    try body()
  }

  /// - Parameter makes: bytes that are no good.
  static func refuse(_ kind: TinyFiles.Kind, _ bytes: [UInt8], in folder: TemporaryFolder) throws {
    try limited(to: bytes.count + allowance) {
      do {
        try TinyFiles.read(kind, bytes, in: folder)
        preconditionFailure("\(kind) of \(bytes.count) bytes was accepted")
      } catch {
        precondition(isClear(error), "\(error)")
      }
    }
  }

  @Test("counts, lengths and sizes that are lies")
  func lies() async {
    await #expect(processExitsWith: .success) {
      let folder = try TinyFiles.folder()
      let huge: [UInt64] = [1 << 31, 1 << 40, 1 << 62, 1 << 63, .max, .max - 31]
      // A large file makes more room for a count.
      let tail = [UInt8](repeating: 1, count: 40 << 20)
      for value in huge + [1_000_000, 3_000_000] {
        let head = Array("GGUF".utf8) + bytes(UInt32(3))
        try AllocationTests.refuse(.gguf3, head + bytes(value) + bytes(UInt64(0)), in: folder)
        try AllocationTests.refuse(
          .gguf3, head + bytes(value) + bytes(UInt64(0)) + tail, in: folder)
        try AllocationTests.refuse(
          .gguf3, head + bytes(UInt64(0)) + bytes(value) + tail, in: folder)
        // A key, a string and an array that are as long.
        let one = head + bytes(UInt64(0)) + bytes(UInt64(1))
        let key = bytes(UInt64(1)) + [0x61]
        try AllocationTests.refuse(.gguf3, one + bytes(value << 6 | 1 << 32), in: folder)
        try AllocationTests.refuse(
          .gguf3, one + key + bytes(UInt32(8)) + bytes(value << 6 | 1 << 32), in: folder)
        for type in 0...12 as ClosedRange<UInt32> {
          try AllocationTests.refuse(
            .gguf3, one + key + bytes(UInt32(9)) + bytes(type) + bytes(value << 6 | 1 << 32),
            in: folder)
        }
        try AllocationTests.refuse(
          .safetensors, bytes(value) + Array("{}".utf8), in: folder)
        try AllocationTests.refuse(.safetensors, bytes(value) + tail, in: folder)
      }
    }
  }

  @Test("headers and documents of many small things")
  func floods() async {
    await #expect(processExitsWith: .success) {
      let folder = try TinyFiles.folder()
      let pieces = ["[", "[],", "{},", "0,", #"{"":"#, #""a":{},"#, #""",""#, #"[[0],"#]
      for piece in pieces {
        let text = Array(String(repeating: piece, count: (6 << 20) / piece.utf8.count).utf8)
        for start in ["", "[", "{"] {
          let whole = Array(start.utf8) + text
          try AllocationTests.refuse(.safetensors, bytes(UInt64(whole.count)) + whole, in: folder)
          try AllocationTests.refuse(.config, whole, in: folder)
          try AllocationTests.refuse(.generationConfig, whole, in: folder)
          try AllocationTests.refuse(.index, whole, in: folder)
        }
      }
    }
  }

  @Test("a million tensors or values are refused in a second")
  func many() async {
    await #expect(processExitsWith: .success) {
      let folder = try TinyFiles.folder()
      let start = ContinuousClock.now
      var entries: [UInt8] = [0x7B]
      for index in 0..<1_000_000 {
        entries += Array(#""\#(index)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#.utf8)
      }
      entries[entries.count - 1] = 0x7D
      let made = ContinuousClock.now
      try AllocationTests.refuse(
        .safetensors, bytes(UInt64(entries.count)) + entries, in: folder)
      precondition(ContinuousClock.now - made < .seconds(5), "\(ContinuousClock.now - start)")
      var metadata = Array("GGUF".utf8) + bytes(UInt32(3)) + bytes(UInt64(0))
      metadata += bytes(UInt64(1_000_000))
      for index in 0..<1_000_000 {
        metadata += bytes(UInt64(4)) + bytes(UInt32(index)) + bytes(UInt32(0)) + [0]
      }
      try AllocationTests.refuse(.gguf3, metadata, in: folder)
    }
  }

  @Test(
    "the malformed files of the shared data",
    .enabled(if: SharedData.isPresent, "../shared is absent"))
  func malformed() async {
    await #expect(processExitsWith: .success) {
      for kind in ["safetensors", "gguf"] {
        for verdict in try MalformedFilesTests.verdicts(kind) where !verdict.accepts {
          let path = sharedPath("malformed/\(kind)/\(verdict.name).\(kind)")
          let size = try readBytes(path).count
          try AllocationTests.limited(to: size + AllocationTests.allowance) {
            if kind == "gguf" {
              _ = try? GGUF(MappedFile(path: path))
            } else {
              _ = try? Safetensors(MappedFile(path: path))
            }
          }
        }
      }
    }
  }
}
