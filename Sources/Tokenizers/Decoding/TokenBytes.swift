/// What every token adds to decoded text, worked out when the tokenizer is made.
///
/// Most decoders append something fixed per token, and differ in a few things only: what the first
/// token loses, which tokens are raw bytes, and what becomes of bytes that are no UTF-8. Others run
/// as a `DecoderChain`.
struct TokenBytes: Sendable {
  enum Repair: Sendable {
    /// Invalid sequences become U+FFFD, as `String(decoding:)` does.
    case lossy
    /// A run of byte tokens is text where all of it is valid UTF-8; otherwise each byte is a
    /// U+FFFD.
    case wholeRuns
    /// Byte tokens are characters as far as they are valid UTF-8; every other one is a U+FFFD.
    case eachByte
  }

  /// What the first tokens lose.
  enum Beginning: Sendable {
    case asElsewhere
    /// The first token is decoded by these steps as the first one.
    case steps([DecodeStep])
    /// SentencePiece's marker, from the first piece that has text and, where `always`, from those
    /// before it that have none.
    case marker([UInt8], always: Bool)
  }

  /// Of one token.
  struct Piece: Sendable {
    var bytes: [UInt8]
    /// Stands for one raw byte.
    var isByte = false
  }

  /// Of one id.
  struct Flags: OptionSet, Sendable {
    let rawValue: UInt8
    static let control = Flags(rawValue: 1)
    static let byte = Flags(rawValue: 2)
    static let absent = Flags(rawValue: 4)
  }

  private(set) var arena: [UInt8] = []
  private(set) var starts: [UInt32] = [0]
  private(set) var flags: [Flags] = []
  /// Of all tokens, in bytes.
  private(set) var longest = 0
  /// The same once more, where it was asked for.
  private(set) var packed = PackedSpellings()

  var repair = Repair.lossy
  var beginning = Beginning.asElsewhere
  /// Up to so many of these bytes are taken from the front of the whole text.
  var leadingStrip: (byte: UInt8, count: Int) = (0x20, 0)
  /// Replacements in the whole text, of SentencePiece models that have some.
  var finalMap: CharacterMap?
  /// Between two tokens, where the tokenizer has no decoder.
  var separator: [UInt8] = []

  mutating func append(_ piece: Piece, isControl: Bool) {
    arena.append(contentsOf: piece.bytes)
    starts.append(UInt32(arena.count))
    longest = max(longest, piece.bytes.count)
    var flags: Flags = isControl ? .control : []
    if piece.isByte { flags.insert(.byte) }
    self.flags.append(flags)
  }

  /// Tokens that are spelled in the byte alphabet, or with other characters stand for themselves.
  /// Those without a spelling are none.
  mutating func append(
    spelledInBytes ids: Range<Int32>, of vocabulary: Vocabulary, isControl: (Int32) -> Bool
  ) {
    let spelled = vocabulary.spelledOut(ids, keepingOthers: true)
    let before = UInt32(arena.count)
    arena += spelled.bytes
    var start: UInt32 = 0
    for (id, end) in zip(ids, spelled.ends) {
      starts.append(before + end)
      longest = max(longest, Int(end - start))
      flags.append(end == start ? .absent : isControl(id) ? .control : [])
      start = end
    }
  }

  /// Makes ready for `append(_:from:stoppingAt:to:)`; no token is added after it.
  mutating func pack() { packed = PackedSpellings(arena, starts, flags) }

  /// An id that stands for no token.
  mutating func appendAbsent() {
    starts.append(UInt32(arena.count))
    flags.append(.absent)
  }

  @inline(__always)
  func isKnown(_ id: Int32) -> Bool {
    id >= 0 && Int(id) < flags.count && !flags[Int(id)].contains(.absent)
  }

  func isControl(_ id: Int32) -> Bool { isKnown(id) && flags[Int(id)].contains(.control) }
  func isByte(_ id: Int32) -> Bool { flags[Int(id)].contains(.byte) }

  @inline(__always)
  func bytes(_ id: Int32) -> ArraySlice<UInt8> {
    arena[Int(starts[Int(id)])..<Int(starts[Int(id) + 1])]
  }
}

extension TokenBytes {
  /// The table of a sequence of steps; nil where what a token adds depends on more than it can
  /// hold.
  ///
  /// - Parameters:
  ///   - spellings: of every id, in order; nil for ids without a token.
  ///   - isControl: whether each is a control token.
  /// - Throws: where a token would decode to very much more than its spelling.
  init?(
    steps: [DecodeStep], spellings: some Sequence<[UInt8]?>, isControl: (Int32) -> Bool
  ) throws(TokenizerError) {
    var tokenSteps: [DecodeStep] = []
    var isJoined = false
    var isDone = false
    var hasFirst = false
    var fallsBack = false
    for step in steps {
      guard !isDone else { return nil }
      switch step {
      case .bytePair, .connectionist: return nil
      case .strip(let content, let start, let stop) where isJoined:
        guard content.count == 1, stop == 0 else { return nil }
        leadingStrip = (content[0], start)
        isDone = true
      case .fuse: isJoined = true
      case _ where isJoined: return nil
      case .byteFallback:
        // The first token may be a byte's where it would not be one elsewhere.
        guard !fallsBack, !hasFirst else { return nil }
        fallsBack = true
      case _ where fallsBack: return nil
      case .wordPiece, .metaspace:
        hasFirst = true
        tokenSteps.append(step)
      case .byteLevel:
        isJoined = true
        tokenSteps.append(step)
      case .replace, .replaceMatches, .strip: tokenSteps.append(step)
      }
    }
    if fallsBack { repair = .wholeRuns }
    if hasFirst { beginning = .steps(tokenSteps) }
    var id: Int32 = 0
    for spelling in spellings {
      if let spelling {
        var bytes = spelling
        let most = TokenLimits.pieceBytes(spelling: spelling.count)
        for step in tokenSteps {
          bytes = step.transform(bytes, isFirst: false)
          // Looked at step by step: each may multiply what the one before has made.
          guard bytes.count <= most else {
            throw .malformed(
              field: "tokenizer.json.decoder",
              expected: "at most \(most) bytes for a token of \(spelling.count)", found: "more")
          }
        }
        let byte = fallsBack ? ByteToken.byte(of: bytes[...]) : nil
        append(
          Piece(bytes: byte.map { [$0] } ?? bytes, isByte: byte != nil), isControl: isControl(id))
      } else {
        appendAbsent()
      }
      id += 1
    }
  }
}
