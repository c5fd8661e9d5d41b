import ApusTensors
import Foundation

/// A GGUF file of version 2 or 3, taken apart so that a test can change it and write it again. For
/// good files only.
public struct GGUFEditor {
  public struct Tensor: Sendable {
    public var name: String
    /// The innermost first.
    public var sizes: [Int]
    /// The number of the element type.
    public var type: UInt32
    public var data: [UInt8]
  }

  /// Values with their type numbers, as bytes of the file.
  public var pairs: [(key: String, value: [UInt8])] = []
  public var tensors: [Tensor] = []

  public init(path: String) throws {
    var reader = Reader(bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    reader.at = 8
    let (tensorCount, pairCount) = (reader.integer(8), reader.integer(8))
    for _ in 0..<pairCount {
      let key = reader.string()
      let start = reader.at
      reader.skipValue(reader.integer(4))
      pairs.append((key, Array(reader.bytes[start..<reader.at])))
    }
    var offsets: [Int] = []
    for _ in 0..<tensorCount {
      let name = reader.string()
      let sizes = (0..<reader.integer(4)).map { _ in reader.integer(8) }
      tensors.append(
        Tensor(name: name, sizes: sizes, type: UInt32(reader.integer(4)), data: []))
      offsets.append(reader.integer(8))
    }
    let start = (reader.at + 31) / 32 * 32
    for (index, offset) in offsets.enumerated() {
      let tensor = tensors[index]
      let count = tensor.sizes.reduce(1, *)
      let format =
        QuantizedFormat(ggufType: tensor.type).map { StorageFormat.quantized($0) }
        ?? [0: .float32, 1: .float16, 30: .bfloat16][tensor.type] ?? .float32
      let size = format.byteCount(elements: count) ?? 0
      tensors[index].data = Array(reader.bytes[start + offset..<start + offset + size])
    }
  }

  /// The place of a tensor.
  public func index(of name: String) -> Int? { tensors.firstIndex { $0.name == name } }

  public var file: [UInt8] {
    func number<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    func string(_ text: String) -> [UInt8] { number(UInt64(text.utf8.count)) + Array(text.utf8) }
    func padding(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: (32 - count % 32) % 32) }
    var head = Array("GGUF".utf8) + number(UInt32(3))
    head += number(UInt64(tensors.count)) + number(UInt64(pairs.count))
    for pair in pairs { head += string(pair.key) + pair.value }
    var data: [UInt8] = []
    for tensor in tensors {
      head += string(tensor.name) + number(UInt32(tensor.sizes.count))
      for size in tensor.sizes { head += number(UInt64(size)) }
      head += number(tensor.type) + number(UInt64(data.count))
      data += tensor.data
      data += padding(data.count)
    }
    return head + padding(head.count) + data
  }

  private struct Reader {
    let bytes: [UInt8]
    var at = 0

    mutating func integer(_ size: Int) -> Int {
      defer { at += size }
      return (0..<size).reduce(0) { $0 | Int(bytes[at + $1]) << ($1 * 8) }
    }

    mutating func string() -> String {
      let count = integer(8)
      defer { at += count }
      return String(decoding: bytes[at..<at + count], as: UTF8.self)
    }

    mutating func skipValue(_ type: Int) {
      switch type {
      case 8: _ = string()
      case 9:
        let element = integer(4)
        for _ in 0..<integer(8) { skipValue(element) }
      default: at += [0: 1, 1: 1, 2: 2, 3: 2, 7: 1, 10: 8, 11: 8, 12: 8][type] ?? 4
      }
    }
  }
}
