import ApusCSystem
import Dispatch

/// A read-only run of bytes: a file mapped whole and never read whole, or memory. At least
/// `tailBytes` readable bytes follow the last one, so that vector loads may run past the end.
///
/// This file alone of the module touches raw memory: everything else works on spans that it hands
/// out.
@safe
public final class MappedFile: @unchecked Sendable {
  // Unchecked: the bytes are written only before `init` returns.

  /// Readable bytes past the end.
  public static let tailBytes = 64

  /// The path, or what the memory is, for messages.
  public let name: String
  public let byteCount: Int
  /// False where the bytes lie in memory of this process.
  public let isMapped: Bool
  private let bytes: apus_bytes

  /// Maps a file.
  ///
  /// - Throws: where it cannot be opened, or is no regular file.
  public init(path: String) throws(CheckpointError) {
    var bytes = unsafe apus_bytes()
    let status = unsafe apus_map_file(path, Int64(Self.tailBytes), &bytes)
    guard status == 0 else {
      throw CheckpointError(file: path, expected: "a readable file", found: errorText(status))
    }
    name = path
    isMapped = true
    unsafe self.bytes = bytes
    byteCount = Int(unsafe bytes.byte_count)
  }

  /// Zeroed memory.
  private init(byteCount: Int, name: String) {
    var bytes = unsafe apus_bytes()
    let status = unsafe apus_allocate(Int64(byteCount), Int64(Self.tailBytes), &bytes)
    precondition(status == 0, "no memory for \(byteCount) bytes of \(name)")
    self.name = name
    self.byteCount = byteCount
    isMapped = false
    unsafe self.bytes = bytes
  }

  /// A copy of bytes in memory, such as an embedded model.
  public convenience init(_ contents: [UInt8], name: String) {
    self.init(byteCount: contents.count, name: name)
    unsafe contents.withUnsafeBytes { source in
      if let start = source.baseAddress {
        unsafe bytes.address.copyMemory(from: start, byteCount: source.count)
      }
    }
  }

  /// Memory that reads as zeros and costs nothing before it is touched.
  package static func zeros(byteCount: Int, name: String) -> MappedFile {
    MappedFile(byteCount: byteCount, name: name)
  }

  /// Memory of `rows` rows, made by several threads, each of which fills whole rows.
  ///
  /// - Parameter fill: gets a range of rows and their zeroed bytes.
  package convenience init(
    name: String, rows: Int, rowBytes: Int,
    fill: @Sendable (_ rows: Range<Int>, _ bytes: inout MutableRawSpan) -> Void
  ) {
    self.init(byteCount: rows * rowBytes, name: name)
    let address = unsafe UncheckedAddress(value: bytes.address)
    inParallel(rows: rows, rowBytes: rowBytes) { range in
      var span = unsafe MutableRawSpan(
        _unsafeStart: address.value + range.lowerBound * rowBytes, byteCount: range.count * rowBytes
      )
      fill(range, &span)
    }
  }

  /// As the above, for float32.
  package convenience init(
    name: String, rows: Int, floatsPerRow: Int,
    fill: @Sendable (_ rows: Range<Int>, _ floats: inout MutableSpan<Float>) -> Void
  ) {
    self.init(byteCount: rows * floatsPerRow * 4, name: name)
    let address = unsafe UncheckedAddress(value: bytes.address)
    inParallel(rows: rows, rowBytes: floatsPerRow * 4) { range in
      let start = unsafe (address.value + range.lowerBound * floatsPerRow * 4)
        .assumingMemoryBound(to: Float.self)
      var span = unsafe MutableSpan(_unsafeStart: start, count: range.count * floatsPerRow)
      fill(range, &span)
    }
  }

  deinit {
    unsafe withUnsafePointer(to: bytes) { unsafe apus_release_bytes($0) }
  }

  /// Whether a mapped file has shrunk since it was opened, or part of it cannot be read any more:
  /// such bytes read as zeros. Everything that was read before this was false is sound. Costs a
  /// system call.
  public var isDamaged: Bool {
    unsafe withUnsafePointer(to: bytes) { unsafe apus_bytes_are_damaged($0) } != 0
  }

  /// What to say of a file that is damaged.
  var damage: CheckpointError? {
    guard isDamaged else { return nil }
    return CheckpointError(
      file: name, expected: "a file that stays as it is while it is used",
      found: "one that became shorter than \(byteCount) bytes, or cannot be read any more")
  }

  /// Hands out a range of the bytes.
  ///
  /// - Precondition: the range lies within the bytes.
  package func withBytes<R, E: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "outside of \(name)")
    let span = unsafe RawSpan(
      _unsafeStart: bytes.address + range.lowerBound, byteCount: range.count)
    return try body(span)
  }

  /// A range as an array, for small parts such as headers.
  func copy(_ range: Range<Int>) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "outside of \(name)")
    return unsafe [UInt8](
      UnsafeRawBufferPointer(start: bytes.address + range.lowerBound, count: range.count))
  }

  /// The text in a range, or nil where it is not valid UTF-8.
  func string(_ range: Range<Int>) -> String? {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "outside of \(name)")
    let text = unsafe UnsafeRawBufferPointer(
      start: bytes.address + range.lowerBound, count: range.count)
    return unsafe String(validating: text, as: UTF8.self)
  }

  /// Where a range begins; valid as long as this object lives.
  fileprivate func address(of range: Range<Int>) -> UnsafeRawPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "outside of \(name)")
    return unsafe UnsafeRawPointer(bytes.address + range.lowerBound)
  }
}

/// An address that several threads may use, because each touches only its own part.
@safe
private struct UncheckedAddress: @unchecked Sendable {
  let value: UnsafeMutableRawPointer
}

/// Calls `body` with ranges that together cover all rows: on several threads where there is enough
/// to do.
private func inParallel(
  rows: Int, rowBytes: Int, _ body: @Sendable (Range<Int>) -> Void
) {
  // Some hundred kilobytes outweigh the cost of handing work over.
  let rowsPerPart = max(1, (1 << 19) / max(rowBytes, 1))
  let parts = (rows + rowsPerPart - 1) / rowsPerPart
  if parts <= 1 {
    body(0..<rows)
  } else {
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      body(part * rowsPerPart..<min(rows, (part + 1) * rowsPerPart))
    }
  }
}

private func errorText(_ status: Int32) -> String {
  unsafe String(cString: apus_error_text(status))
}

// MARK: - What other parts of the house read

extension WeightStorage {
  /// The address of the first byte. It stays valid as long as this object lives; at least 64
  /// readable bytes follow the last one.
  @unsafe
  public var baseAddress: UnsafeRawPointer { unsafe file.address(of: range) }

  /// Hands out the bytes in the layout of `format`, rows one after the other.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe body(UnsafeRawBufferPointer(start: baseAddress, count: byteCount))
  }
}

// MARK: - Folders

/// What a path leads to.
enum PathKind: Int32 {
  case nothing, folder, file

  init(_ path: String) {
    self = unsafe PathKind(rawValue: apus_path_kind(path)) ?? .nothing
  }
}

/// The names of what lies in a folder, sorted.
func folderEntries(_ path: String) throws(CheckpointError) -> [String] {
  var names: [String] = []
  let status = unsafe withUnsafeMutablePointer(to: &names) { pointer in
    unsafe apus_list_folder(
      path,
      { name, context in
        guard let name = unsafe name, let context = unsafe context else { return }
        unsafe context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
      }, pointer)
  }
  guard status == 0 else {
    throw CheckpointError(file: path, expected: "a readable folder", found: errorText(status))
  }
  return names.sorted()
}

// MARK: - Unaligned little-endian loads

extension RawSpan {
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 { load(offset, as: UInt8.self) }

  @inline(__always)
  func uint16(_ offset: Int) -> UInt16 { UInt16(littleEndian: load(offset, as: UInt16.self)) }

  @inline(__always)
  func uint32(_ offset: Int) -> UInt32 { UInt32(littleEndian: load(offset, as: UInt32.self)) }

  @inline(__always)
  func uint64(_ offset: Int) -> UInt64 { UInt64(littleEndian: load(offset, as: UInt64.self)) }

  @inline(__always)
  func float(_ offset: Int) -> Float { Float(bitPattern: uint32(offset)) }

  /// - Precondition: all bytes of the value lie within the span.
  @inline(__always)
  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
    precondition(offset >= 0 && offset <= byteCount - MemoryLayout<T>.size, "outside of the span")
    return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type)
  }
}

extension MutableRawSpan {
  /// Copies bytes into this span.
  ///
  /// - Precondition: they fit.
  mutating func copy(_ source: RawSpan, to offset: Int) {
    precondition(offset >= 0 && offset <= byteCount - source.byteCount, "outside of the span")
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { bytes in
        if let start = target.baseAddress, let from = bytes.baseAddress {
          unsafe (start + offset).copyMemory(from: from, byteCount: bytes.count)
        }
      }
    }
  }
}

// MARK: - Spans of arrays and blocks

/// The bytes of an array.
func withRawSpan<R>(of bytes: [UInt8], _ body: (RawSpan) -> R) -> R {
  unsafe bytes.withUnsafeBytes { body(unsafe RawSpan(_unsafeBytes: $0)) }
}

/// An array of zeros, filled by `body`.
func makeBytes(_ count: Int, _ body: (inout MutableRawSpan) -> Void) -> [UInt8] {
  var result = [UInt8](repeating: 0, count: count)
  unsafe result.withUnsafeMutableBytes {
    var span = unsafe MutableRawSpan(_unsafeBytes: $0)
    body(&span)
  }
  return result
}

/// Calls `body` with each block of `bytes` and the place of its elements in `output`. Inlined, so
/// that both sizes are constants in the loop and the bounds checks of the body vanish.
///
/// - Precondition: `bytes` holds all blocks of `output`.
@inline(__always)
func eachBlock(
  _ blockBytes: Int, _ blockElements: Int, _ bytes: RawSpan, _ output: inout MutableSpan<Float>,
  _ body: (RawSpan, inout MutableSpan<Float>) -> Void
) {
  let blocks = output.count / blockElements
  precondition(blocks * blockBytes <= bytes.byteCount, "too few blocks")
  unsafe output.withUnsafeMutableBufferPointer { target in
    unsafe bytes.withUnsafeBytes { source in
      guard let start = target.baseAddress, let from = source.baseAddress else { return }
      for block in 0..<blocks {
        let part = unsafe RawSpan(
          _unsafeStart: from + block * blockBytes, byteCount: blockBytes)
        var elements = unsafe MutableSpan(
          _unsafeStart: start + block * blockElements, count: blockElements)
        body(part, &elements)
      }
    }
  }
}

/// Sets each element of `output` to what `body` makes of its `width` bytes. Bounds are checked
/// once, so that the loop is vectorised.
@inline(__always)
func eachElement(
  _ width: Int, _ bytes: RawSpan, _ output: inout MutableSpan<Float>, _ body: (RawSpan) -> Float
) {
  precondition(output.count <= bytes.byteCount / width, "too few elements")
  unsafe output.withUnsafeMutableBufferPointer { target in
    unsafe bytes.withUnsafeBytes { source in
      guard let start = target.baseAddress, let from = source.baseAddress else { return }
      for index in 0..<target.count {
        let part = unsafe RawSpan(_unsafeStart: from + index * width, byteCount: width)
        unsafe (start[index] = body(part))
      }
    }
  }
}

/// Writes what `body` makes of each value, one after the other from `offset` on, little-endian.
@inline(__always)
func writeElements<T: FixedWidthInteger & BitwiseCopyable>(
  _ values: Span<Float>, _ bytes: inout MutableRawSpan, at offset: Int, _ body: (Float) -> T
) {
  let width = MemoryLayout<T>.size
  precondition(
    offset >= 0 && values.count <= (bytes.byteCount - offset) / width, "outside of the span")
  unsafe bytes.withUnsafeMutableBytes { target in
    unsafe values.withUnsafeBufferPointer { source in
      guard let start = target.baseAddress else { return }
      for index in 0..<source.count {
        let value = unsafe body(source[index]).littleEndian
        unsafe (start + offset + index * width).storeBytes(of: value, as: T.self)
      }
    }
  }
}
