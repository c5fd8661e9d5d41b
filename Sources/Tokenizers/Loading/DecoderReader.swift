import ApusJSON

/// Reads the decoder of a `tokenizer.json` and works out what each token adds to decoded text.
struct DecoderReader {
  private enum Step {
    case byteLevel
    case replace([UInt8], [UInt8])
    case byteFallback
    case strip(byte: UInt8, count: Int)
    case metaspace(marker: [UInt8], dropsFirst: Bool)
  }

  private var steps: [Step] = []
  private var repair = TokenBytes.Repair.lossy
  private var leadingStrip: (byte: UInt8, count: Int) = (0x20, 0)
  private var separator: [UInt8] = []

  init(_ field: JSONField?) throws(TokenizerError) {
    guard let field else {
      separator = [0x20]
      return
    }
    var isFused = false
    for step in try field.steps("decoders") {
      let type = try step.type()
      switch type {
      case "ByteLevel": steps.append(.byteLevel)
      case "Replace":
        guard let pattern = step.literalPattern else {
          throw step.unsupported("a regular expression", ["a plain string"])
        }
        steps.append(
          .replace(Array(pattern.utf8), Array(try step.required("content").string().utf8)))
      case "ByteFallback":
        steps.append(.byteFallback)
        repair = .wholeRuns
      case "Fuse": isFused = true
      case "Strip": try addStrip(step, isFused: isFused)
      case "Metaspace":
        let prefixes = step.bool("add_prefix_space", default: true)
        let scheme = step.string("prepend_scheme", default: prefixes ? "always" : "never")
        steps.append(
          .metaspace(marker: try step.metaspaceMarker(), dropsFirst: scheme != "never"))
      default:
        throw step.unsupported(
          type, ["ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip"])
      }
    }
  }

  private mutating func addStrip(_ step: JSONField, isFused: Bool) throws(TokenizerError) {
    let content = Array(step.string("content", default: " ").utf8)
    let count = step.int("start", default: 0)
    guard count >= 0 else {
      throw .malformed(field: "\(step.path).start", expected: "0 or more", found: "\(count)")
    }
    guard content.count == 1, step.int("stop", default: 0) == 0 else {
      throw step.unsupported("stripping at the end", ["one ASCII character at the start"])
    }
    // Once everything is fused, the strip is of the whole text.
    if isFused {
      leadingStrip = (content[0], count)
    } else {
      steps.append(.strip(byte: content[0], count: count))
    }
  }

  /// The pieces of all tokens, by id.
  ///
  /// - Throws: where a token would decode to very much more than its spelling.
  func pieces(
    _ vocabulary: Vocabulary, isControl: (Int32) -> Bool
  ) throws(TokenizerError) -> TokenBytes {
    var result = TokenBytes()
    result.repair = repair
    result.leadingStrip = leadingStrip
    result.separator = separator
    for id in 0..<Int32(vocabulary.count) {
      result.append(try piece(vocabulary.bytes(id)), isControl: isControl(id))
    }
    return result
  }

  private func piece(
    _ spelling: ArraySlice<UInt8>
  ) throws(TokenizerError) -> TokenBytes.Piece {
    var piece = TokenBytes.Piece(bytes: Array(spelling))
    let most = TokenLimits.pieceBytes(spelling: spelling.count)
    for step in steps where !piece.isByte {
      // Looked at step by step: each may multiply what the one before has made.
      guard piece.bytes.count <= most else { break }
      switch step {
      case .byteLevel: piece.bytes = ByteAlphabet.bytes(of: piece.bytes[...]) ?? piece.bytes
      case .replace(let pattern, let content):
        piece.bytes = ByteText.replacing(pattern, with: content, in: piece.bytes)
      case .byteFallback:
        if let byte = ByteToken.byte(of: piece.bytes[...]) {
          piece.bytes = [byte]
          piece.isByte = true
        }
      case .strip(let byte, let count):
        let leading = piece.bytes.prefix { $0 == byte }.count
        piece.bytes.removeFirst(min(leading, count))
      case .metaspace(let marker, let dropsFirst):
        let original = piece.bytes
        piece.bytes = ByteText.replacing(marker, with: [0x20], in: original)
        if dropsFirst, piece.bytes != original {
          piece.first = ByteText.replacing(marker, with: [], in: original)
        }
      }
    }
    guard piece.bytes.count <= most else {
      throw .malformed(
        field: "tokenizer.json.decoder",
        expected: "at most \(most) bytes for a token of \(spelling.count)", found: "more")
    }
    return piece
  }
}
