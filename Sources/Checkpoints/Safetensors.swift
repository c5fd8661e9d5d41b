import ApusJSON
import ApusTensors

/// A safetensors file.
///
/// ```
/// header bytes: u64 | header: JSON object of name -> {dtype, shape, data_offsets} | data
/// ```
/// The tensors cover the data without holes and overlaps. `__metadata__` holds strings.
///
/// - Source: README of huggingface/safetensors, "Format"; the checks are those of its reader.
public struct Safetensors: Sendable {
  /// What `__metadata__` holds.
  public let metadata: [String: String]
  /// In the order of the header.
  public let tensors: [TensorRecord]

  static let longestHeader = 100_000_000
  /// Far above what any file of a model has; a tensor costs ten times its text while it is parsed.
  static let mostTensors = 1 << 16
  private static let metadataKey = "__metadata__"

  /// Reads and checks a header; of the elements nothing is read.
  public init(_ file: MappedFile) throws(CheckpointError) {
    let headerRange = try Self.headerRange(file)
    let members = try Self.parse(file, headerRange)
    var tensors: [TensorRecord] = []
    tensors.reserveCapacity(members.count)
    var metadata: [String: String] = [:]
    for (name, value) in members {
      if name == Self.metadataKey {
        metadata = try Self.readMetadata(value, file.name)
      } else {
        tensors.append(
          try Self.readTensor(name, value, file, dataStart: headerRange.upperBound))
      }
    }
    self.metadata = metadata
    self.tensors = tensors
    try Self.checkCover(tensors, file, dataStart: headerRange.upperBound)
  }

  private static func headerRange(_ file: MappedFile) throws(CheckpointError) -> Range<Int> {
    func failure(_ expected: String, _ found: String) -> CheckpointError {
      CheckpointError(file: file.name, .field("header length"), expected: expected, found: found)
    }
    guard file.byteCount >= 8 else {
      throw failure("8 bytes", "a file of \(file.byteCount)")
    }
    let length = file.withBytes(0..<8) { $0.uint64(0) }
    guard length <= UInt64(longestHeader) else {
      throw failure("at most \(longestHeader)", "\(length)")
    }
    guard length <= UInt64(file.byteCount - 8) else {
      throw failure("at most the \(file.byteCount - 8) bytes that follow", "\(length)")
    }
    return 8..<8 + Int(length)
  }

  private static func parse(
    _ file: MappedFile, _ range: Range<Int>
  ) throws(CheckpointError) -> JSONObject {
    func failure(_ expected: String, _ found: String) -> CheckpointError {
      CheckpointError(file: file.name, .field("header"), expected: expected, found: found)
    }
    let bytes = file.copy(range)
    // Counted before the parser makes a value of each: a tensor is an object of its own with some
    // numbers, and 100 MB of numbers alone would become gigabytes.
    var (objects, commas) = (0, 0)
    for byte in bytes {
      if byte == UInt8(ascii: "{") {
        objects += 1
      } else if byte == UInt8(ascii: ",") {
        commas += 1
      }
    }
    let mostCommas = 8192 + 10 * objects
    guard objects <= mostTensors + 2, commas <= mostCommas else {
      throw failure(
        "at most \(mostTensors) tensors and some ten values for each",
        "\(objects) objects and \(commas) commas")
    }
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw failure("a JSON object", "\(error)")
    }
    guard let members = value.objectValue else { throw failure("a JSON object", value.kind) }
    return members
  }

  private static func readMetadata(
    _ value: JSONValue, _ file: String
  ) throws(CheckpointError) -> [String: String] {
    func failure(_ found: String) -> CheckpointError {
      CheckpointError(
        file: file, .field(metadataKey), expected: "an object of strings", found: found)
    }
    guard let members = value.objectValue else { throw failure(value.kind) }
    var result: [String: String] = [:]
    for (key, value) in members {
      guard let text = value.stringValue else { throw failure("\(value.kind) in \(key)") }
      result[key] = text
    }
    return result
  }

  private static func readTensor(
    _ name: String, _ value: JSONValue, _ file: MappedFile, dataStart: Int
  ) throws(CheckpointError) -> TensorRecord {
    func failure(_ expected: String, _ found: String) -> CheckpointError {
      CheckpointError(file: file.name, .tensor(name), expected: expected, found: found)
    }
    guard let members = value.objectValue else { throw failure("an object", value.kind) }
    guard let typeName = members["dtype"]?.stringValue else {
      throw failure("a dtype", members["dtype"]?.kind ?? "none")
    }
    guard let type = SafetensorsType(typeName) else {
      throw failure("a known dtype", "\"\(typeName)\"")
    }
    guard let shape = members["shape"].flatMap(sizes) else {
      throw failure("a shape of whole numbers", members["shape"]?.kind ?? "none")
    }
    guard let offsets = members["data_offsets"].flatMap(sizes), offsets.count == 2 else {
      throw failure("data_offsets of two whole numbers", members["data_offsets"]?.kind ?? "none")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= file.byteCount - dataStart else {
      throw failure(
        "data_offsets in order and within \(file.byteCount - dataStart) bytes of data",
        "\(offsets[0]), \(offsets[1])")
    }
    guard let count = checkedProduct(shape), let bits = checkedProduct([count, type.bits]),
      bits % 8 == 0
    else { throw failure("a size of whole bytes below 2^60", "\(describe(shape)) of \(typeName)") }
    guard bits / 8 == offsets[1] - offsets[0] else {
      throw failure(
        "\(bits / 8) bytes for \(describe(shape)) of \(typeName)",
        "\(offsets[1] - offsets[0]) in data_offsets")
    }
    return TensorRecord(
      name: name, shape: shape, typeName: typeName, format: type.format, file: file,
      range: dataStart + offsets[0]..<dataStart + offsets[1])
  }

  /// An array of numbers that are written as digits alone and that an `Int` holds.
  private static func sizes(_ value: JSONValue) -> [Int]? {
    guard let elements = value.arrayValue else { return nil }
    var result: [Int] = []
    result.reserveCapacity(elements.count)
    for element in elements {
      guard case .number(let number) = element, let size = Int(number.text), size >= 0 else {
        return nil
      }
      result.append(size)
    }
    return result
  }

  /// Holes and overlaps are refused: bytes that belong to nothing or to two could hide anything.
  private static func checkCover(
    _ tensors: [TensorRecord], _ file: MappedFile, dataStart: Int
  ) throws(CheckpointError) {
    let sorted = tensors.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = dataStart
    for tensor in sorted {
      guard tensor.range.lowerBound == end else {
        throw CheckpointError(
          file: file.name, .tensor(tensor.name),
          expected: "data from \(end - dataStart) on, where the tensor before it ends",
          found: "data from \(tensor.range.lowerBound - dataStart) on")
      }
      end = tensor.range.upperBound
    }
    guard end == file.byteCount else {
      throw CheckpointError(
        file: file.name, expected: "\(end - dataStart) bytes of data, as the header says",
        found: "\(file.byteCount - dataStart)")
    }
  }
}

/// The element types of safetensors files. Those without a `format` can be listed, but no weight
/// can be made of them.
struct SafetensorsType {
  let bits: Int
  let format: StorageFormat?

  private static let dense: [String: DataType] = [
    "BOOL": .bool, "U8": .uint8, "I8": .int8, "U16": .uint16, "I16": .int16, "U32": .uint32,
    "I32": .int32, "U64": .uint64, "I64": .int64, "F16": .float16, "BF16": .bfloat16,
    "F32": .float32, "F64": .float64,
  ]
  private static let other: [String: Int] = [
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "C64": 64,
  ]

  init?(_ name: String) {
    if let type = Self.dense[name] {
      bits = type.byteCount * 8
      format = .dense(type)
    } else if let bits = Self.other[name] {
      self.bits = bits
      format = nil
    } else {
      return nil
    }
  }
}
