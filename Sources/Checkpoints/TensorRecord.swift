public import ApusTensors

/// A tensor as its file describes it. Nothing of its elements is read before a weight asks for
/// them.
public struct TensorRecord: Sendable {
  /// The name in the file.
  public let name: String
  /// Outermost first, whatever the order in the file.
  public let shape: [Int]
  /// The element type as the file calls it, such as `BF16` or `Q4_K`.
  public let typeName: String
  /// The layout of the elements, or nil where this program has none for the type.
  public let format: StorageFormat?

  let file: MappedFile
  let range: Range<Int>

  /// Size in the file.
  public var byteCount: Int { range.count }
  /// The file that holds it.
  public var fileName: String { file.name }
}

/// The product of sizes, or nil where it overflows.
func checkedProduct(_ sizes: [Int]) -> Int? {
  var product = 1
  for size in sizes {
    let (next, overflow) = product.multipliedReportingOverflow(by: size)
    if overflow || size < 0 { return nil }
    product = next
  }
  return product
}

/// `[2, 3] of float32`, for messages.
func describe(_ shape: [Int], _ format: StorageFormat? = nil) -> String {
  let sizes = "[\(shape.map(String.init).joined(separator: ", "))]"
  guard let format else { return sizes }
  return "\(sizes) of \(format)"
}
