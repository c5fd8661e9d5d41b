import ApusJSON

/// Reads the decoder of a `tokenizer.json`.
enum DecoderReader {
  static let types = [
    "BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse", "Metaspace", "Replace", "Sequence",
    "Strip", "WordPiece",
  ]

  static func steps(_ field: JSONField) throws(TokenizerError) -> [DecodeStep] {
    var steps: [DecodeStep] = []
    for step in try field.steps("decoders") { steps.append(try self.step(step)) }
    return steps
  }

  private static func step(_ step: JSONField) throws(TokenizerError) -> DecodeStep {
    let type = try step.type()
    switch type {
    case "ByteLevel": return .byteLevel
    case "BPEDecoder": return .bytePair(suffix: step.bytes("suffix", default: "</w>"))
    case "WordPiece":
      return .wordPiece(
        prefix: step.bytes("prefix", default: "##"),
        cleansUp: step.bool("cleanup", default: true))
    case "Metaspace":
      return .metaspace(
        marker: try step.metaspaceMarker(),
        dropsFirst: try step.metaspaceScheme() != .never)
    case "CTC":
      return .connectionist(
        padding: step.bytes("pad_token", default: "<pad>"),
        delimiter: step.bytes("word_delimiter_token", default: "|"),
        cleansUp: step.bool("cleanup", default: true))
    case "Replace":
      let content = Array(try step.required("content").string().utf8)
      switch try step.pattern() {
      case .literal(let pattern): return .replace(pattern, with: content)
      case .regex(let pattern): return .replaceMatches(pattern, with: content)
      }
    case "Fuse": return .fuse
    case "Strip":
      return .strip(
        try step.character("content", default: " "), start: try step.count("start"),
        stop: try step.count("stop"))
    case "ByteFallback": return .byteFallback
    default: throw step.unsupported(type, types)
    }
  }
}

extension TokenizerParts {
  /// Sets up decoding: by a table where one can hold it, otherwise step by step.
  ///
  /// - Parameter steps: nil joins tokens with spaces, as the reference does without a decoder.
  /// - Throws: where a token would decode to very much more than its spelling.
  mutating func decode(
    by steps: [DecodeStep]?, isControl: (Int32) -> Bool
  ) throws(TokenizerError) {
    if steps == [.byteLevel] {
      decodeBytes(isControl)
      return
    }
    let spellings = allSpellings
    if let table = try TokenBytes(
      steps: steps ?? [], spellings: spellings, isControl: isControl)
    {
      pieces = table
      if steps == nil { pieces.separator = [0x20] }
      return
    }
    decoder = DecoderChain(steps ?? [])
    pieces = TokenBytes()
    for (id, spelling) in spellings.enumerated() {
      if let spelling {
        pieces.append(.init(bytes: spelling), isControl: isControl(Int32(id)))
      } else {
        pieces.appendAbsent()
      }
    }
  }

  /// The usual decoder of byte-level models, without an array for every token.
  private mutating func decodeBytes(_ isControl: (Int32) -> Bool) {
    let table = AddedTokenTable(added)
    let limit = Int32(vocabulary.count)
    pieces = TokenBytes()
    var next: Int32 = 0
    func appendAdded(below end: Int32) {
      for id in next..<end {
        if let spelling = table.decoded(id) {
          pieces.append(
            .init(bytes: ByteAlphabet.bytes(of: spelling[...]) ?? spelling),
            isControl: isControl(id))
        } else {
          pieces.appendAbsent()
        }
      }
      next = end
    }
    for ids in TokenSet(added.map(\.id)).gaps(below: limit) {
      appendAdded(below: ids.lowerBound)
      pieces.append(spelledInBytes: ids, of: vocabulary, isControl: isControl)
      next = ids.upperBound
    }
    appendAdded(below: max(limit, Int32(table.limit)))
  }

  /// The spellings by id, added tokens included.
  private var allSpellings: [[UInt8]?] {
    let added = AddedTokenTable(self.added)
    return (0..<Int32(max(vocabulary.count, added.limit))).map { id in
      if let spelling = added.decoded(id) { return spelling }
      return vocabulary.contains(id) ? Array(vocabulary.bytes(id)) : nil
    }
  }
}
