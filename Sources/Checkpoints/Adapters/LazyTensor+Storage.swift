import ApusTensors

extension LazyTensor {
  /// Makes the elements: stored tensors and contiguous parts of them stay where they are,
  /// everything else is copied once, by several threads.
  ///
  /// - Throws: where the stored type cannot be read.
  func storage(name: String) throws(CheckpointError) -> WeightStorage {
    guard let format, Dequantize.supports(format) else {
      throw CheckpointError(
        file: file, .tensor(name), expected: "an element type this program can read",
        found: typeName)
    }
    switch source {
    case .stored(let record):
      return WeightStorage(shape: shape, format: format, file: record.file, range: record.range)
    case .slice(let operand, let axis, let range):
      return try operand.storage(name: name).slice(axis: axis, range)
    case .stack(let parts):
      var storages: [WeightStorage] = []
      for part in parts { storages.append(try part.storage(name: name)) }
      return WeightStorage.stacked(storages, shape: shape, format: format)
    case .transpose(let operand): return try operand.storage(name: name).transposed()
    case .permuteRows(let operand, let order):
      return try operand.storage(name: name).permutingRows(order)
    case .affine(let operand, let scale, let offset):
      return try operand.storage(name: name).affine(scale: scale, offset: offset)
    case .convert(let operand, let type):
      return try operand.storage(name: name).converted(to: type)
    }
  }
}

extension WeightStorage {
  /// Bytes of `count` consecutive elements that begin at a block's border.
  private func bytes(_ count: Int) -> Int { count / format.blockElements * format.blockBytes }

  /// - Precondition: the range lies within the axis, and cuts no block.
  func slice(axis: Int, _ part: Range<Int>) -> WeightStorage {
    var sizes = shape
    sizes[axis] = part.count
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *)
    let start = bytes(part.lowerBound * inner)
    let runBytes = bytes(part.count * inner)
    if outer == 1 {
      let first = range.lowerBound + start
      return WeightStorage(
        shape: sizes, format: format, file: file, range: first..<first + runBytes)
    }
    let stride = bytes(shape[axis] * inner)
    let memory = MappedFile(name: file.name, rows: outer, rowBytes: runBytes) { rows, target in
      for row in rows {
        let from = self.range.lowerBound + row * stride + start
        self.file.withBytes(from..<from + runBytes) {
          target.copy($0, to: (row - rows.lowerBound) * runBytes)
        }
      }
    }
    return WeightStorage(shape: sizes, format: format, file: memory)
  }

  static func stacked(
    _ parts: [WeightStorage], shape: [Int], format: StorageFormat
  ) -> WeightStorage {
    let size = parts.first?.byteCount ?? 0
    let memory = MappedFile(
      name: parts.first?.file.name ?? "", rows: parts.count, rowBytes: size
    ) { rows, target in
      for row in rows {
        parts[row].file.withBytes(parts[row].range) {
          target.copy($0, to: (row - rows.lowerBound) * size)
        }
      }
    }
    return WeightStorage(shape: shape, format: format, file: memory)
  }

  /// - Precondition: a matrix of a dense format.
  func transposed() -> WeightStorage {
    let (rows, columns, width) = (shape[0], shape[1], format.blockBytes)
    let memory = MappedFile(
      name: file.name, rows: columns, rowBytes: rows * width
    ) { part, target in
      self.file.withBytes(self.range) { bytes in
        // Strips of a few result rows, so that each cache line of the source serves all of them.
        for strip in stride(from: part.lowerBound, to: part.upperBound, by: 16) {
          for row in 0..<rows {
            for column in strip..<min(strip + 16, part.upperBound) {
              let from = (row * columns + column) * width
              let to = ((column - part.lowerBound) * rows + row) * width
              switch width {
              case 1: target.storeBytes(of: bytes.byte(from), toByteOffset: to, as: UInt8.self)
              case 2: target.storeBytes(of: bytes.uint16(from), toByteOffset: to, as: UInt16.self)
              case 4: target.storeBytes(of: bytes.uint32(from), toByteOffset: to, as: UInt32.self)
              default: target.storeBytes(of: bytes.uint64(from), toByteOffset: to, as: UInt64.self)
              }
            }
          }
        }
      }
    }
    return WeightStorage(shape: [columns, rows], format: format, file: memory)
  }

  /// - Precondition: `order` has an entry per row of the first axis, each the number of a row.
  func permutingRows(_ order: [Int]) -> WeightStorage {
    let size = byteCount / max(order.count, 1)
    let memory = MappedFile(name: file.name, rows: order.count, rowBytes: size) { rows, target in
      for row in rows {
        let from = self.range.lowerBound + order[row] * size
        self.file.withBytes(from..<from + size) {
          target.copy($0, to: (row - rows.lowerBound) * size)
        }
      }
    }
    return WeightStorage(shape: shape, format: format, file: memory)
  }

  func affine(scale: Float, offset: Float) -> WeightStorage {
    let rowBytes = rowBytes
    let memory = MappedFile(
      name: file.name, rows: rows, floatsPerRow: rowElements
    ) { part, floats in
      self.withRows(part, rowBytes) { Dequantize.decode(self.format, $0, into: &floats) }
      for index in 0..<floats.count { floats[index] = scale * floats[index] + offset }
    }
    return WeightStorage(shape: shape, format: .float32, file: memory)
  }

  /// The same bytes where an element may be read as a whole, else a copy: a safetensors header may
  /// leave the data at an odd offset.
  func aligned() -> WeightStorage {
    let width: Int
    switch format {
    case .dense(let type): width = type.byteCount
    case .quantized: width = 2
    }
    if range.lowerBound % width == 0 { return self }
    return WeightStorage.stacked([self], shape: shape, format: format)
  }
}
