/// What every token adds to decoded text, worked out when the tokenizer is made.
///
/// All decoders of interest append something fixed per token, and differ in three things only: what
/// the first token loses, which tokens are raw bytes, and what becomes of bytes that are no UTF-8.
struct TokenBytes: Sendable {
  enum Repair: Sendable {
    /// Invalid sequences become U+FFFD, as `String(decoding:)` does.
    case lossy
    /// A run of byte tokens is text where all of it is valid UTF-8; otherwise each byte is a
    /// U+FFFD.
    case wholeRuns
  }

  /// Of one token, or one step of a decoder.
  struct Piece: Sendable {
    var bytes: [UInt8]
    /// Stands for one raw byte.
    var isByte = false
    /// What the token adds where it comes first (Metaspace drops its markers); nil where it is the
    /// same.
    var first: [UInt8]?
  }

  struct Flags: OptionSet, Sendable {
    let rawValue: UInt8
    static let control = Flags(rawValue: 1)
    static let byte = Flags(rawValue: 2)
  }

  private(set) var arena: [UInt8] = []
  private(set) var starts: [UInt32] = [0]
  private(set) var flags: [Flags] = []
  /// Of all tokens, in bytes.
  private(set) var longest = 0
  private var firsts: [Int32: [UInt8]] = [:]
  var repair = Repair.lossy
  /// Up to so many of these bytes are taken from the front of the whole text.
  var leadingStrip: (byte: UInt8, count: Int) = (0x20, 0)
  /// Between two tokens, where the tokenizer has no decoder.
  var separator: [UInt8] = []

  mutating func append(_ piece: Piece, isControl: Bool) {
    if let first = piece.first { firsts[Int32(flags.count)] = first }
    arena.append(contentsOf: piece.bytes)
    starts.append(UInt32(arena.count))
    longest = max(longest, piece.bytes.count)
    var flags: Flags = isControl ? .control : []
    if piece.isByte { flags.insert(.byte) }
    self.flags.append(flags)
  }

  func isKnown(_ id: Int32) -> Bool { id >= 0 && Int(id) < flags.count }
  func isControl(_ id: Int32) -> Bool { isKnown(id) && flags[Int(id)].contains(.control) }
  func isByte(_ id: Int32) -> Bool { flags[Int(id)].contains(.byte) }

  func bytes(_ id: Int32, isFirst: Bool) -> ArraySlice<UInt8> {
    if isFirst, !firsts.isEmpty, let first = firsts[id] { return first[...] }
    return arena[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])]
  }
}
