public import ApusTensors

/// The elements of a weight in memory: a part of a mapped file, or memory made at load. It keeps
/// what it points to alive.
public final class WeightStorage: Sendable {
  /// Outermost first.
  public let shape: [Int]
  /// The layout of a row.
  public let format: StorageFormat
  let file: MappedFile
  let range: Range<Int>

  init(shape: [Int], format: StorageFormat, file: MappedFile, range: Range<Int>) {
    self.shape = shape
    self.format = format
    self.file = file
    self.range = range
  }

  /// All of `file`.
  package convenience init(shape: [Int], format: StorageFormat, file: MappedFile) {
    self.init(shape: shape, format: format, file: file, range: 0..<file.byteCount)
  }

  public var byteCount: Int { range.count }
  /// True where the bytes are those of a file, false where they were made at load.
  public var isMapped: Bool { file.isMapped }

  /// Elements of the last axis; a scalar has one.
  var rowElements: Int { shape.last ?? 1 }
  /// Rows of the last axis.
  var rows: Int { shape.dropLast().reduce(1, *) }
  /// Bytes of one row. Storages are made of whole rows only.
  var rowBytes: Int { rowElements / format.blockElements * format.blockBytes }

  /// All elements, decoded.
  ///
  /// - Precondition: the format can be decoded.
  public func floats() -> [Float] {
    file.withBytes(range) { Dequantize.floats(format, $0, count: rows * rowElements) }
  }

  /// A copy in another dense format, made by several threads.
  ///
  /// - Precondition: the format can be decoded, and `target` is float32, float16 or bfloat16.
  func converted(to target: DataType) -> WeightStorage {
    let (columns, rowBytes) = (rowElements, rowBytes)
    let memory: MappedFile
    if target == .float32 {
      memory = MappedFile(name: file.name, rows: rows, floatsPerRow: columns) { part, floats in
        self.withRows(part, rowBytes) { Dequantize.decode(self.format, $0, into: &floats) }
      }
    } else {
      memory = MappedFile(name: file.name, rows: rows, rowBytes: columns * 2) { part, bytes in
        var row = [Float](repeating: 0, count: columns)
        for index in part {
          var floats = row.mutableSpan
          self.withRows(index..<index + 1, rowBytes) {
            Dequantize.decode(self.format, $0, into: &floats)
          }
          let start = (index - part.lowerBound) * columns * 2
          Encode.write(row.span, as: target, to: &bytes, at: start)
        }
      }
    }
    return WeightStorage(shape: shape, format: .dense(target), file: memory)
  }

  /// Hands out the bytes of a range of rows.
  func withRows(_ rows: Range<Int>, _ rowBytes: Int, _ body: (RawSpan) -> Void) {
    let start = range.lowerBound + rows.lowerBound * rowBytes
    file.withBytes(start..<start + rows.count * rowBytes, body)
  }
}
