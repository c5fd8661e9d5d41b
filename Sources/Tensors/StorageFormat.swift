/// How the elements of a weight or of a cache lie in memory. A model never asks for it:
/// quantisation is a storage format of a weight.
public enum StorageFormat: Sendable, Hashable, CustomStringConvertible {
  case dense(DataType)
  case quantized(QuantizedFormat)

  public static let float32 = StorageFormat.dense(.float32)
  public static let float16 = StorageFormat.dense(.float16)
  public static let bfloat16 = StorageFormat.dense(.bfloat16)

  /// Elements that are stored together; 1 for dense formats.
  public var blockElements: Int {
    switch self {
    case .dense: 1
    case .quantized(let format): format.blockElements
    }
  }

  /// Bytes of one block.
  public var blockBytes: Int {
    switch self {
    case .dense(let type): type.byteCount
    case .quantized(let format): format.blockBytes
    }
  }

  /// Bytes of a row of `count` elements, or nil where the row is not a whole number of blocks or
  /// the size overflows.
  public func byteCount(elements count: Int) -> Int? {
    guard count >= 0, count % blockElements == 0 else { return nil }
    let (bytes, overflow) = (count / blockElements).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }

  public var description: String {
    switch self {
    case .dense(let type): type.rawValue
    case .quantized(let format): format.rawValue
    }
  }
}
