import ApusTensors

/// A tensor that is still to be made: a stored one, or changes of one. Shape and format are known,
/// the elements are not touched.
struct LazyTensor: Sendable {
  indirect enum Source: Sendable {
    case stored(TensorRecord)
    case slice(LazyTensor, axis: Int, range: Range<Int>)
    case stack([LazyTensor])
    case transpose(LazyTensor)
    /// Row i of the result is row `order[i]` of the operand.
    case permuteRows(LazyTensor, order: [Int])
    case affine(LazyTensor, scale: Float, offset: Float)
    case convert(LazyTensor, DataType)
  }

  let source: Source
  let shape: [Int]
  /// Nil where the stored type cannot be read.
  let format: StorageFormat?
  /// The stored type, for messages.
  let typeName: String
  let file: String

  init(_ record: TensorRecord) {
    source = .stored(record)
    (shape, format, typeName) = (record.shape, record.format, record.typeName)
    file = record.fileName
  }

  private init(_ source: Source, _ shape: [Int], _ format: StorageFormat?, like: LazyTensor) {
    (self.source, self.shape, self.format) = (source, shape, format)
    (typeName, file) = (like.typeName, like.file)
  }

  private func failure(_ name: String, expected: String) -> CheckpointError {
    CheckpointError(
      file: file, .tensor(name), expected: expected, found: describe(shape, format))
  }

  /// A range of one axis. Nothing is copied where the result is contiguous.
  func slice(
    axis: Int, _ range: Range<Int>, name: String
  ) throws(CheckpointError) -> LazyTensor {
    guard shape.indices.contains(axis), range.lowerBound >= 0, range.upperBound <= shape[axis]
    else {
      throw failure(name, expected: "a tensor with an axis \(axis) of at least \(range.upperBound)")
    }
    if range == 0..<shape[axis] { return self }
    let block = format?.blockElements ?? 1
    if axis == shape.count - 1, range.lowerBound % block != 0 || range.count % block != 0 {
      throw failure(
        name, expected: "parts of whole blocks of \(block), and not \(range) of each row,")
    }
    var sizes = shape
    sizes[axis] = range.count
    return LazyTensor(.slice(self, axis: axis, range: range), sizes, format, like: self)
  }

  /// Tensors of one shape and format one after the other, along a new first axis.
  static func stack(
    _ parts: [LazyTensor], name: String
  ) throws(CheckpointError) -> LazyTensor {
    guard let first = parts.first else {
      throw CheckpointError(file: name, .tensor(name), expected: "parts", found: "none")
    }
    for part in parts where part.shape != first.shape || part.format != first.format {
      throw part.failure(name, expected: "parts of \(describe(first.shape, first.format))")
    }
    return LazyTensor(
      .stack(parts), [parts.count] + first.shape, first.format, like: first)
  }

  /// A matrix with rows and columns exchanged; block formats become bfloat16.
  func transposed(name: String) throws(CheckpointError) -> LazyTensor {
    guard shape.count == 2 else { throw failure(name, expected: "a matrix to transpose") }
    var operand = self
    if case .quantized? = format { operand = converted(to: .bfloat16) }
    return LazyTensor(
      .transpose(operand), [shape[1], shape[0]], operand.format, like: self)
  }

  /// Rows of the first axis in another order, whatever their format.
  func permutingRows(_ order: [Int], name: String) throws(CheckpointError) -> LazyTensor {
    guard let rows = shape.first, order.count == rows else {
      throw failure(name, expected: "\(order.count) rows to permute")
    }
    if shape.count == 1, (format?.blockElements ?? 1) > 1 {
      return try converted(to: .float32).permutingRows(order, name: name)
    }
    return LazyTensor(.permuteRows(self, order: order), shape, format, like: self)
  }

  /// `scale * x + offset`, as float32.
  func affine(scale: Float, offset: Float) -> LazyTensor {
    LazyTensor(.affine(self, scale: scale, offset: offset), shape, .float32, like: self)
  }

  func converted(to type: DataType) -> LazyTensor {
    if format == .dense(type) { return self }
    return LazyTensor(.convert(self, type), shape, .dense(type), like: self)
  }
}
