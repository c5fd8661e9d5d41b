/// A value of GGUF metadata. Arrays stay in the file until they are asked for.
public enum GGUFValue: Sendable {
  /// Every integer type but the unsigned ones beyond `Int`.
  case integer(Int)
  /// An unsigned 64-bit integer that no `Int` holds.
  case large(UInt64)
  case float32(Float)
  case float64(Double)
  case bool(Bool)
  case string(String)
  case array(GGUFArray)

  /// What this is, for messages.
  var kind: String {
    switch self {
    case .integer(let value): "the integer \(value)"
    case .large(let value): "the integer \(value)"
    case .float32(let value): "the number \(value)"
    case .float64(let value): "the number \(value)"
    case .bool(let value): "\(value)"
    case .string(let value): "the string \"\(value.prefix(40))\""
    case .array(let array): "an array of \(array.count) \(array.elementType)"
    }
  }
}

/// The value types of GGUF metadata, with their numbers in the file.
public enum GGUFValueType: UInt32, Sendable, CaseIterable {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array
  case uint64, int64, float64

  /// Bytes of a value, or nil where they vary.
  var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }
}

/// An array of GGUF metadata, checked for length and decoded when it is asked for.
public struct GGUFArray: Sendable {
  /// More elements than any list has that is asked for: 64 MB of strings.
  private static let most = 1 << 22

  public let elementType: GGUFValueType
  public let count: Int
  let file: MappedFile
  let range: Range<Int>
  let usesNarrowLengths: Bool

  /// The strings, or nil where the elements are none, there are more than four million, or the file
  /// has changed meanwhile. Bytes that are no UTF-8 are replaced by U+FFFD.
  ///
  /// - Complexity: O(bytes); 256k tokens take some ten milliseconds.
  public func strings() -> [String]? {
    guard elementType == .string, count <= Self.most else { return nil }
    let width = usesNarrowLengths ? 4 : 8
    var result: [String] = []
    result.reserveCapacity(count)
    var position = range.lowerBound
    for _ in 0..<count {
      // They were checked when the header was read, but the file may be written to at any time.
      guard range.upperBound - position >= width else { return nil }
      let length = file.withBytes(position..<position + width) {
        usesNarrowLengths ? UInt64($0.uint32(0)) : $0.uint64(0)
      }
      position += width
      guard let length = Int(exactly: length), length <= range.upperBound - position else {
        return nil
      }
      let text = position..<position + length
      result.append(file.string(text) ?? String(decoding: file.copy(text), as: UTF8.self))
      position += length
    }
    return result
  }

  /// The elements as integers, or nil where they are none that an `Int32` holds.
  public func integers() -> [Int32]? {
    guard elementType.byteCount != nil, elementType != .float32, elementType != .float64 else {
      return nil
    }
    return values { bytes, at in
      guard case .integer(let value)? = GGUFValue(elementType, bytes, at) else { return nil }
      return Int32(exactly: value)
    }
  }

  /// The elements as floats, or nil where they are no numbers.
  public func floats() -> [Float]? {
    values { bytes, at in
      switch GGUFValue(elementType, bytes, at) {
      case .float32(let value)?: value
      case .float64(let value)?: Float(value)
      case .integer(let value)?: Float(value)
      default: nil
      }
    }
  }

  private func values<T>(_ read: (RawSpan, Int) -> T?) -> [T]? {
    guard let width = elementType.byteCount, count <= Self.most else { return nil }
    var result: [T] = []
    result.reserveCapacity(count)
    let isComplete = file.withBytes(range) { bytes in
      for index in 0..<count {
        guard let value = read(bytes, index * width) else { return false }
        result.append(value)
      }
      return true
    }
    return isComplete ? result : nil
  }
}

extension GGUFValue {
  /// A value of fixed size at an offset; nil for strings and arrays, and for a boolean that is
  /// neither 0 nor 1.
  init?(_ type: GGUFValueType, _ bytes: RawSpan, _ offset: Int) {
    switch type {
    case .uint8: self = .integer(Int(bytes.byte(offset)))
    case .int8: self = .integer(Int(Int8(bitPattern: bytes.byte(offset))))
    case .uint16: self = .integer(Int(bytes.uint16(offset)))
    case .int16: self = .integer(Int(Int16(bitPattern: bytes.uint16(offset))))
    case .uint32: self = .integer(Int(bytes.uint32(offset)))
    case .int32: self = .integer(Int(Int32(bitPattern: bytes.uint32(offset))))
    case .int64: self = .integer(Int(Int64(bitPattern: bytes.uint64(offset))))
    case .uint64:
      let value = bytes.uint64(offset)
      self = Int(exactly: value).map { .integer($0) } ?? .large(value)
    case .float32: self = .float32(bytes.float(offset))
    case .float64: self = .float64(Double(bitPattern: bytes.uint64(offset)))
    case .bool:
      let value = bytes.byte(offset)
      if value > 1 { return nil }
      self = .bool(value == 1)
    case .string, .array: return nil
    }
  }
}

/// The metadata of a GGUF file.
public struct GGUFMetadata: Sendable {
  /// Version of the file format: 1, 2 or 3.
  public let version: Int
  /// In the order of the file.
  public let keys: [String]
  private let values: [String: GGUFValue]

  init(version: Int, keys: [String], values: [String: GGUFValue]) {
    self.version = version
    self.keys = keys
    self.values = values
  }

  public subscript(key: String) -> GGUFValue? { values[key] }

  /// `general.architecture`, such as `llama`.
  public var architecture: String? { string("general.architecture") }

  public func string(_ key: String) -> String? {
    if case .string(let value)? = values[key] { return value }
    return nil
  }

  public func integer(_ key: String) -> Int? {
    if case .integer(let value)? = values[key] { return value }
    return nil
  }

  public func float(_ key: String) -> Float? {
    switch values[key] {
    case .float32(let value)?: value
    case .float64(let value)?: Float(value)
    case .integer(let value)?: Float(value)
    default: nil
    }
  }

  public func bool(_ key: String) -> Bool? {
    if case .bool(let value)? = values[key] { return value }
    return nil
  }

  public func array(_ key: String) -> GGUFArray? {
    if case .array(let value)? = values[key] { return value }
    return nil
  }

  /// Decoded anew at each call.
  public func strings(_ key: String) -> [String]? { array(key)?.strings() }
  public func integers(_ key: String) -> [Int32]? { array(key)?.integers() }
  public func floats(_ key: String) -> [Float]? { array(key)?.floats() }
}
