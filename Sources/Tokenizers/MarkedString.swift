/// Text that remembers, byte range by byte range, who wrote it.
///
/// A chat template and a caller both write into a prompt; only what the template wrote may become
/// control tokens. Concatenation and slices keep the origins.
public struct MarkedString: Sendable, Hashable, CustomStringConvertible {
  /// Who wrote a range of text.
  public enum Origin: Sendable, Hashable {
    /// The template's own text, and the special tokens that it was given.
    case template
    /// Messages, tools, documents, variables of a request.
    case caller
  }

  /// A longest range of one origin, in bytes of UTF-8.
  public struct Run: Sendable, Hashable {
    public let range: Range<Int>
    public let origin: Origin
  }

  /// UTF-8. Strings compare byte by byte, as Python's do, and not by canonical equivalence.
  package private(set) var bytes: [UInt8]
  private var first: Origin
  /// Where the origin changes, ascending, each above 0 and below the length.
  private var changes: [Int] = []
  /// Set by the filters `safe` and `escape`: plain text that is joined to it is escaped for HTML,
  /// as jinja2's `Markup` does. Slices and rewritten texts stay so, what they are appended to does
  /// not become so.
  package var isMarkup = false

  public init(_ text: String, origin: Origin) {
    self.init(bytes: Array(text.utf8), origin: origin)
  }

  package init(bytes: [UInt8] = [], origin: Origin = .template) {
    self.bytes = bytes
    first = origin
  }

  public var text: String { String(decoding: bytes, as: UTF8.self) }
  public var description: String { text }
  public var isEmpty: Bool { bytes.isEmpty }
  /// The length in bytes.
  public var utf8Count: Int { bytes.count }

  /// The text as ranges of one origin, in order and without gaps.
  public var runs: [Run] {
    guard !bytes.isEmpty else { return [] }
    var runs: [Run] = []
    var start = 0
    var origin = first
    for end in changes + [bytes.count] {
      runs.append(Run(range: start..<end, origin: origin))
      start = end
      origin = origin.other
    }
    return runs
  }

  /// The origin where the text has only one; an empty text counts as the template's.
  package var uniformOrigin: Origin? {
    bytes.isEmpty ? .template : changes.isEmpty ? first : nil
  }

  /// Whether the template wrote all of these bytes.
  public func isTemplate(_ range: Range<Int>) -> Bool {
    guard !range.isEmpty else { return true }
    let changed = changesBefore(range.lowerBound)
    let origin = changed % 2 == 0 ? first : first.other
    return origin == .template
      && (changed == changes.count || changes[changed] >= range.upperBound)
  }

  public static func + (a: MarkedString, b: MarkedString) -> MarkedString {
    var result = a
    result.append(b)
    return result
  }

  public static func += (a: inout MarkedString, b: MarkedString) { a.append(b) }

  public mutating func append(_ other: MarkedString) {
    guard !other.bytes.isEmpty else { return }
    if bytes.isEmpty {
      first = other.first
      changes = other.changes
      // Room that was reserved is kept.
      guard bytes.capacity >= other.bytes.count else {
        bytes = other.bytes
        return
      }
    } else {
      if lastOrigin != other.first { changes.append(bytes.count) }
      if !other.changes.isEmpty {
        for change in other.changes { changes.append(bytes.count + change) }
      }
    }
    bytes.append(contentsOf: other.bytes)
  }

  /// Takes back what was appended from this byte on.
  package mutating func takeBack(from start: Int) -> MarkedString {
    let part = self[start..<bytes.count]
    bytes.removeSubrange(start...)
    while let last = changes.last, last >= start { changes.removeLast() }
    return part
  }

  package mutating func append(_ text: [UInt8], origin: Origin) {
    guard !text.isEmpty else { return }
    if isEmpty {
      first = origin
      changes.removeAll()
    } else if lastOrigin != origin {
      changes.append(bytes.count)
    }
    bytes.append(contentsOf: text)
  }

  package mutating func append(_ byte: UInt8, origin: Origin) {
    if isEmpty {
      first = origin
      changes.removeAll()
    } else if lastOrigin != origin {
      changes.append(bytes.count)
    }
    bytes.append(byte)
  }

  package mutating func append(_ text: String, origin: Origin = .template) {
    append(Array(text.utf8), origin: origin)
  }

  package mutating func reserveCapacity(_ count: Int) { bytes.reserveCapacity(count) }

  /// The part in these bytes.
  package subscript(range: Range<Int>) -> MarkedString {
    if range.lowerBound == 0, range.upperBound == bytes.count { return self }
    let changed = changesBefore(range.lowerBound)
    var part = MarkedString(
      bytes: Array(bytes[range]), origin: changed % 2 == 0 ? first : first.other)
    part.isMarkup = isMarkup
    for i in changed..<changes.count where changes[i] < range.upperBound {
      part.changes.append(changes[i] - range.lowerBound)
    }
    return part
  }

  /// Every run rewritten, its origin kept.
  package func mapRuns(_ transform: ([UInt8]) -> [UInt8]) -> MarkedString {
    var result = MarkedString()
    result.isMarkup = isMarkup
    if let origin = uniformOrigin {
      result.append(transform(bytes), origin: origin)
      return result
    }
    for run in runs { result.append(transform(Array(bytes[run.range])), origin: run.origin) }
    return result
  }

  private var lastOrigin: Origin { changes.count % 2 == 0 ? first : first.other }

  /// How many changes of origin there are up to and including this byte.
  private func changesBefore(_ offset: Int) -> Int {
    var low = 0
    var high = changes.count
    while low < high {
      let middle = (low + high) / 2
      if changes[middle] <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Equality is that of the text: two strings are equal whoever wrote them.
  public static func == (a: MarkedString, b: MarkedString) -> Bool { a.bytes == b.bytes }
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

extension MarkedString.Origin {
  fileprivate var other: MarkedString.Origin { self == .template ? .caller : .template }
}
