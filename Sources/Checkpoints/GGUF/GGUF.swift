import ApusTensors

/// A GGUF file, versions 1 to 3, little-endian.
///
/// ```
/// "GGUF" | version: u32 | tensors: n | pairs: n | pairs of (key: s, type: u32, value)
///   | tensors of (name: s, dims: u32, size: n * dims, type: u32, offset: u64) | padding | data
/// ```
/// `n` is u32 in version 1 and u64 later, `s` is n bytes after their count. Sizes begin with the
/// innermost. Offsets count from the start of the data, which is a multiple of `general.alignment`.
///
/// - Source: docs/gguf.md of ggml.
public struct GGUF: Sendable {
  public let metadata: GGUFMetadata
  /// In the order of the file.
  public let tensors: [TensorRecord]

  /// Far above what any file has: each costs some hundred bytes of memory, whatever its own size.
  private static let mostTensors = 1 << 16
  private static let mostPairs = 1 << 16
  /// Most bytes of a tensor's name.
  private static let longestName = 64
  private static let alignmentKey = "general.alignment"

  /// Reads and checks a header; of the elements nothing is read.
  public init(_ file: MappedFile) throws(CheckpointError) {
    var cursor = GGUFCursor(file)
    let version = try Self.readVersion(&cursor)
    // The smallest record: a name of one byte, one dimension, a type and an offset.
    let width = version == 1 ? 4 : 8
    let tensorCount = try cursor.length("tensor count", itemBytes: 17 + 2 * width)
    let pairCount = try cursor.length("metadata count", itemBytes: 5 + width)
    for (field, count, most) in [
      ("tensor count", tensorCount, Self.mostTensors),
      ("metadata count", pairCount, Self.mostPairs),
    ] where count > most {
      throw cursor.failure(field, expected: "at most \(most)", found: "\(count)")
    }
    guard tensorCount > 0 || pairCount > 0 else {
      throw CheckpointError(
        file: file.name, expected: "tensors or metadata", found: "an empty GGUF file")
    }
    metadata = try Self.readMetadata(&cursor, version: version, count: pairCount)
    let alignment = try Self.alignment(metadata, file.name)
    tensors = try Self.readTensors(&cursor, count: tensorCount, alignment: alignment)
    try Self.checkOverlaps(tensors, file.name)
  }

  private static func readVersion(_ cursor: inout GGUFCursor) throws(CheckpointError) -> Int {
    guard try cursor.uint32("magic") == 0x4655_4747 else {
      throw cursor.failure("magic", expected: "\"GGUF\"", found: "other bytes")
    }
    let version = try cursor.uint32("version")
    guard (1...3).contains(version) else {
      let isSwapped = (1...3).contains(version.byteSwapped)
      throw cursor.failure(
        "version", expected: "unsupported GGUF: version 1 to 3, little-endian",
        found: isSwapped ? "a big-endian file of version \(version.byteSwapped)" : "\(version)")
    }
    cursor.usesNarrowLengths = version == 1
    return Int(version)
  }

  private static func readMetadata(
    _ cursor: inout GGUFCursor, version: Int, count: Int
  ) throws(CheckpointError) -> GGUFMetadata {
    var keys: [String] = []
    var values: [String: GGUFValue] = [:]
    keys.reserveCapacity(count)
    values.reserveCapacity(count)
    for index in 0..<count {
      let key = try cursor.string("key of metadata \(index)")
      guard !key.isEmpty else {
        throw cursor.failure("metadata \(index)", expected: "a key", found: "an empty one")
      }
      let value = try readValue(&cursor, key)
      guard values.updateValue(value, forKey: key) == nil else {
        throw cursor.failure(key, expected: "each key once", found: "it twice")
      }
      keys.append(key)
    }
    return GGUFMetadata(version: version, keys: keys, values: values)
  }

  private static func readType(
    _ cursor: inout GGUFCursor, _ key: String
  ) throws(CheckpointError) -> GGUFValueType {
    let number = try cursor.uint32("type of \(key)")
    guard let type = GGUFValueType(rawValue: number) else {
      throw cursor.failure(key, expected: "a value type from 0 to 12", found: "type \(number)")
    }
    return type
  }

  private static func readValue(
    _ cursor: inout GGUFCursor, _ key: String
  ) throws(CheckpointError) -> GGUFValue {
    let type = try readType(&cursor, key)
    switch type {
    case .string: return .string(try cursor.string(key))
    case .array: return .array(try readArray(&cursor, key))
    default:
      let range = try cursor.take(type.byteCount ?? 0, key)
      guard let value = cursor.file.withBytes(range, { GGUFValue(type, $0, 0) }) else {
        throw cursor.failure(key, expected: "a boolean, 0 or 1", found: "another byte")
      }
      return value
    }
  }

  private static func readArray(
    _ cursor: inout GGUFCursor, _ key: String
  ) throws(CheckpointError) -> GGUFArray {
    let type = try readType(&cursor, key)
    guard type != .array else {
      throw cursor.failure(key, expected: "an array of plain values", found: "an array of arrays")
    }
    let leastBytes = type.byteCount ?? (cursor.usesNarrowLengths ? 4 : 8)
    let count = try cursor.length("count of \(key)", itemBytes: leastBytes)
    let start = cursor.offset
    if let bytes = type.byteCount {
      _ = try cursor.take(count * bytes, key)
    } else {
      try cursor.skipStrings(count, key)
    }
    return GGUFArray(
      elementType: type, count: count, file: cursor.file, range: start..<cursor.offset,
      usesNarrowLengths: cursor.usesNarrowLengths)
  }

  private static func alignment(
    _ metadata: GGUFMetadata, _ file: String
  ) throws(CheckpointError) -> Int {
    guard let value = metadata[alignmentKey] else { return 32 }
    guard case .integer(let alignment) = value, (1...4096).contains(alignment),
      alignment & (alignment - 1) == 0
    else {
      throw CheckpointError(
        file: file, .field(alignmentKey), expected: "a power of two up to 4096", found: value.kind)
    }
    return alignment
  }

  /// A tensor record before the start of the data is known.
  private struct Header {
    let name: String
    let shape: [Int]
    let type: GGUFTensorType
    let offset: UInt64
    let byteCount: Int
  }

  private static func readTensors(
    _ cursor: inout GGUFCursor, count: Int, alignment: Int
  ) throws(CheckpointError) -> [TensorRecord] {
    var headers: [Header] = []
    var names: Set<String> = []
    headers.reserveCapacity(count)
    for index in 0..<count {
      let header = try readHeader(&cursor, index)
      guard names.insert(header.name).inserted else {
        throw failure(cursor, header.name, expected: "each tensor once", found: "it twice")
      }
      headers.append(header)
    }
    let start = cursor.aligned(to: alignment) ?? Int.max
    let available = max(0, cursor.file.byteCount - min(start, cursor.file.byteCount))
    return try headers.map { header throws(CheckpointError) in
      guard header.offset % UInt64(alignment) == 0 else {
        throw failure(
          cursor, header.name, expected: "an offset that is a multiple of \(alignment)",
          found: "\(header.offset)")
      }
      // Each tensor is padded, the last one too: a file without that was cut.
      let padding = (alignment - header.byteCount % alignment) % alignment
      let (size, sizeOverflow) = header.byteCount.addingReportingOverflow(padding)
      let (end, overflow) = header.offset.addingReportingOverflow(UInt64(size))
      guard !sizeOverflow, !overflow, end <= UInt64(available) else {
        throw failure(
          cursor, header.name,
          expected: "\(header.byteCount) bytes and padding at offset \(header.offset)",
          found: "\(available) bytes of data in the file")
      }
      let first = start + Int(header.offset)
      return TensorRecord(
        name: header.name, shape: header.shape, typeName: header.type.name,
        format: header.type.format, file: cursor.file, range: first..<first + header.byteCount)
    }
  }

  private static func failure(
    _ cursor: GGUFCursor, _ tensor: String, expected: String, found: String
  ) -> CheckpointError {
    CheckpointError(file: cursor.file.name, .tensor(tensor), expected: expected, found: found)
  }

  private static func readHeader(
    _ cursor: inout GGUFCursor, _ index: Int
  ) throws(CheckpointError) -> Header {
    let range = try cursor.stringRange("name of tensor \(index)")
    guard (1...longestName).contains(range.count), let name = cursor.file.string(range) else {
      throw cursor.failure(
        "name of tensor \(index)", expected: "1 to \(longestName) bytes of UTF-8",
        found: "\(range.count) bytes")
    }
    let rank = try cursor.uint32("dimensions of \(name)")
    guard (1...4).contains(rank) else {
      throw failure(cursor, name, expected: "1 to 4 dimensions", found: "\(rank)")
    }
    var sizes: [Int] = []
    for _ in 0..<rank {
      let size =
        cursor.usesNarrowLengths
        ? UInt64(try cursor.uint32("sizes of \(name)")) : try cursor.uint64("sizes of \(name)")
      guard size > 0, let size = Int(exactly: size) else {
        throw failure(cursor, name, expected: "positive sizes", found: "\(size)")
      }
      sizes.append(size)
    }
    let number = try cursor.uint32("type of \(name)")
    let offset = try cursor.uint64("offset of \(name)")
    guard let type = GGUFTensorType(number) else {
      throw failure(cursor, name, expected: "a known element type", found: "type \(number)")
    }
    guard sizes[0] % type.blockElements == 0 else {
      throw failure(
        cursor, name, expected: "rows of whole blocks of \(type.blockElements) (\(type.name))",
        found: "rows of \(sizes[0])")
    }
    guard let count = checkedProduct(sizes),
      let bytes = checkedProduct([count / type.blockElements, type.blockBytes])
    else {
      throw failure(cursor, name, expected: "a size below 2^63", found: describe(sizes.reversed()))
    }
    return Header(
      name: name, shape: sizes.reversed(), type: type, offset: offset, byteCount: bytes)
  }

  private static func checkOverlaps(
    _ tensors: [TensorRecord], _ file: String
  ) throws(CheckpointError) {
    let sorted = tensors.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (a, b) in zip(sorted, sorted.dropFirst()) where a.range.upperBound > b.range.lowerBound {
      throw CheckpointError(
        file: file, .tensor(b.name), expected: "bytes of its own",
        found: "an overlap with \(a.name)")
    }
  }
}

/// The element types of GGUF tensors.
struct GGUFTensorType {
  let name: String
  let format: StorageFormat
  var blockElements: Int { format.blockElements }
  var blockBytes: Int { format.blockBytes }

  private static let dense: [UInt32: (String, DataType)] = [
    0: ("F32", .float32), 1: ("F16", .float16), 24: ("I8", .int8), 25: ("I16", .int16),
    26: ("I32", .int32), 27: ("I64", .int64), 28: ("F64", .float64), 30: ("BF16", .bfloat16),
  ]

  init?(_ number: UInt32) {
    if let (name, type) = Self.dense[number] {
      self.name = name
      format = .dense(type)
    } else if let quantized = QuantizedFormat(ggufType: number) {
      name = quantized.rawValue.uppercased()
      format = .quantized(quantized)
    } else {
      return nil
    }
  }
}
