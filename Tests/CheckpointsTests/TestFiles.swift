import Foundation
import TestSupport

/// A folder of its own for one test, removed with it.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("apus-checkpoints-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
  }

  /// Thousands of times a second: without waiting for the disk.
  func overwrite(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: path + "/" + name)
    if !FileManager.default.fileExists(atPath: url.path) { try write(name, bytes) }
    let handle = try FileHandle(forWritingTo: url)
    try handle.write(contentsOf: Data(bytes))
    try handle.truncate(atOffset: UInt64(bytes.count))
    try handle.close()
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }
}

func sharedPath(_ name: String) -> String { (SharedData.folder ?? "") + "/" + name }

func readBytes(_ path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Little-endian bytes of floats.
func bytes(_ floats: [Float]) -> [UInt8] { floats.flatMap { bytes($0.bitPattern) } }

func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}

/// Floats of little-endian bytes.
func floats(_ bytes: [UInt8]) -> [Float] {
  stride(from: 0, to: bytes.count, by: 4).map { at in
    Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << ($1 * 8) })
  }
}

/// Numbers that a test can repeat.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  /// Source: Steele et al. 2014, "Fast splittable pseudorandom number generators" (splitmix64).
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float.random(in: -2...2, using: &self) }
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

/// Writes safetensors files, right or wrong.
enum SafetensorsBytes {
  static func file(header: String, data: [UInt8]) -> [UInt8] {
    bytes(UInt64(header.utf8.count)) + Array(header.utf8) + data
  }

  /// A file of float32 tensors, in order.
  static func file(_ tensors: [(name: String, shape: [Int], values: [Float])]) -> [UInt8] {
    file(tensors.map { ($0.name, "F32", $0.shape, bytes($0.values)) })
  }

  static func file(
    _ tensors: [(name: String, type: String, shape: [Int], data: [UInt8])]
  ) -> [UInt8] {
    var (entries, data): ([String], [UInt8]) = ([], [])
    for tensor in tensors {
      let end = data.count + tensor.data.count
      entries.append(
        """
        "\(tensor.name)":{"dtype":"\(tensor.type)","shape":\(tensor.shape),\
        "data_offsets":[\(data.count),\(end)]}
        """)
      data += tensor.data
    }
    // Padded with spaces as the library does, so that the data begins at a multiple of 8.
    let header = "{\(entries.joined(separator: ","))}"
    return file(
      header: header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8), data: data)
  }
}

/// Writes GGUF files, right or wrong.
struct GGUFBytes {
  var version: UInt32 = 3
  var pairs: [(key: String, type: UInt32, value: [UInt8])] = []
  var tensors: [(name: String, sizes: [UInt64], type: UInt32, offset: UInt64)] = []
  var data: [UInt8] = []
  var alignment = 32

  func length(_ count: Int) -> [UInt8] {
    version == 1 ? bytes(UInt32(count)) : bytes(UInt64(count))
  }

  func string(_ text: String) -> [UInt8] { length(text.utf8.count) + Array(text.utf8) }

  mutating func add(_ key: String, string value: String) { pairs.append((key, 8, string(value))) }
  mutating func add(_ key: String, number value: UInt32) { pairs.append((key, 4, bytes(value))) }
  mutating func add(_ key: String, float value: Float) {
    pairs.append((key, 6, bytes(value.bitPattern)))
  }
  mutating func add(_ key: String, strings: [String]) {
    pairs.append((key, 9, bytes(UInt32(8)) + length(strings.count) + strings.flatMap(string)))
  }

  /// Appends data after padding. Sizes begin with the innermost.
  mutating func add(_ name: String, sizes: [Int], type: UInt32, data bytes: [UInt8]) {
    data += padding(after: data.count)
    tensors.append((name, sizes.map(UInt64.init), type, UInt64(data.count)))
    data += bytes
  }

  mutating func add(_ name: String, shape: [Int], _ values: [Float]) {
    add(name, sizes: shape.reversed(), type: 0, data: bytes(values))
  }

  private func padding(after count: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (alignment - count % alignment) % alignment)
  }

  var file: [UInt8] {
    var result = Array("GGUF".utf8) + bytes(version) + length(tensors.count) + length(pairs.count)
    for pair in pairs { result += string(pair.key) + bytes(pair.type) + pair.value }
    for tensor in tensors {
      result += string(tensor.name) + bytes(UInt32(tensor.sizes.count))
      for size in tensor.sizes { result += version == 1 ? bytes(UInt32(size)) : bytes(size) }
      result += bytes(tensor.type) + bytes(tensor.offset)
    }
    if !tensors.isEmpty {
      result += padding(after: result.count)
    }
    return result + data + padding(after: data.count)
  }
}
