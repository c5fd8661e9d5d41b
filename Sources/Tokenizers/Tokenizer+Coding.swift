extension Tokenizer {
  /// The token ids of a text.
  ///
  /// - Parameters:
  ///   - addSpecialTokens: puts the model's begin and end tokens around it, where it has a rule
  ///     for them.
  ///   - parseControlTokens: whether control tokens that the text spells are read as such;
  ///     otherwise they are ordinary text.
  public func encode(
    _ text: String, addSpecialTokens: Bool, parseControlTokens: Bool = true
  ) -> [Int32] {
    let text = Array(text.utf8)
    return withSink { scratch, sink in
      encode(
        text, tokens: rawTokens, readsNormalizedControl: parseControlTokens, &scratch, into: &sink
      ) { _ in parseControlTokens }
      return addSpecialTokens ? postProcessor.wrapping(sink.ids) : sink.copiedIDs
    }
  }

  /// The token ids of a rendered prompt: only what the template wrote is read as control tokens,
  /// and a begin token that it wrote is not put there a second time.
  public func encode(_ prompt: MarkedString, addSpecialTokens: Bool) -> [Int32] {
    withSink { scratch, sink in
      encode(
        prompt.bytes, tokens: markedTokens, readsNormalizedControl: false, &scratch, into: &sink
      ) { prompt.isTemplate($0) }
      guard addSpecialTokens else { return sink.copiedIDs }
      let hasPrefix = beginToken != nil && sink.ids.first == beginToken
      return (hasPrefix ? [] : postProcessor.prefix) + sink.ids + postProcessor.suffix
    }
  }

  /// The text of token ids; bytes that are no UTF-8 become U+FFFD, ids outside the vocabulary
  /// nothing.
  ///
  /// - Parameter skipSpecialTokens: leaves control tokens out.
  public func decode(_ ids: [Int32], skipSpecialTokens: Bool) -> String {
    var decoder = StreamDecoder(self, skipSpecialTokens: skipSpecialTokens)
    var text: [UInt8] = []
    var at = 0
    while at < ids.count {
      if let stops = decoder.stopsOfSettledText {
        pieces.append(ids, from: &at, stoppingAt: stops, to: &text)
        guard at < ids.count else { break }
      }
      decoder.append(ids[at], to: &text)
      at += 1
    }
    decoder.finish(into: &text)
    return String(textOf: text)
  }

  /// The raw tokens of a text, their parts of it noted where the sink asks for them.
  func encode(
    _ text: [UInt8], tokens: AddedTokens, readsNormalizedControl: Bool,
    _ scratch: inout EncodingScratch, into sink: inout TokenSink,
    isControlAllowed: (Range<Int>) -> Bool
  ) {
    var pass = EncodingPass(tokenizer: self, readsControl: readsNormalizedControl)
    var at = 0
    for match in tokens.matches(in: text, isControlAllowed: isControlAllowed) {
      if match.range.lowerBound > at {
        pass.encodeSection(of: text, at..<match.range.lowerBound, &scratch, &sink)
      }
      sink.append(match.id, origin: match.range, spelling: text[match.range])
      at = match.range.upperBound
    }
    if at < text.count { pass.encodeSection(of: text, at..<text.count, &scratch, &sink) }
  }

  /// Runs `body` with a sink that has room, as the last one left it: what it returns is copied out
  /// of there, and no larger than it must be.
  private func withSink(
    _ body: (inout EncodingScratch, inout TokenSink) -> [Int32]
  ) -> [Int32] {
    withScratch { scratch in
      var sink = TokenSink()
      swap(&sink.ids, &scratch.ids)
      let result = body(&scratch, &sink)
      if sink.ids.capacity <= EncodingScratch.mostKeptIDs {
        sink.ids.removeAll(keepingCapacity: true)
        swap(&sink.ids, &scratch.ids)
      }
      return result
    }
  }
}

/// Where encoded tokens go.
struct TokenSink {
  var ids: [Int32] = []
  /// For each token the part of the text in bytes and the number of its piece; nil where nobody
  /// asks.
  var spans: [TokenSpan]?
  private(set) var wordCount = 0

  struct TokenSpan {
    var bytes: Range<Int>
    var word: Int
    /// What the token took of the text, where that is not its spelling.
    var spelling: [UInt8]?
  }

  init(isTracing: Bool = false) { spans = isTracing ? [] : nil }

  /// In memory of their own, and no more of it than they need: an array of a slice would share it.
  var copiedIDs: [Int32] {
    var copy: [Int32] = []
    copy.reserveCapacity(ids.count)
    copy += ids
    return copy
  }

  /// A token that is a piece of its own.
  mutating func append(_ id: Int32, origin: Range<Int>, spelling: ArraySlice<UInt8>) {
    ids.append(id)
    spans?.append(TokenSpan(bytes: origin, word: wordCount, spelling: Array(spelling)))
    wordCount += 1
  }

  /// The tokens of one piece; an unknown one is spelled as the text.
  mutating func append(_ parts: [TokenPart], of text: AlignedText, unknown: Int32?) {
    for part in parts {
      ids.append(part.id)
      let range = part.start..<part.end
      let spelling = part.id == unknown ? Array(text.bytes[range]) : nil
      spans?.append(
        TokenSpan(bytes: text.origin(of: range) ?? range, word: wordCount, spelling: spelling))
    }
    wordCount += 1
  }
}

/// What happens to a section of text that raw added tokens left.
struct EncodingPass {
  let tokenizer: Tokenizer
  let readsControl: Bool

  /// Normalised, searched for the normalised added tokens, the rest encoded.
  mutating func encodeSection(
    of text: [UInt8], _ range: Range<Int>, _ scratch: inout EncodingScratch,
    _ sink: inout TokenSink
  ) {
    let section = range.count == text.count ? text : Array(text[range])
    let isFirst = range.lowerBound == 0
    if sink.spans == nil, let model = tokenizer.pieceModel, model.spaces != .themselves,
      tokenizer.normalizedTokens.isEmpty
    {
      encodeQuickly(model.prefixed(section), model, &scratch, &sink)
      return
    }
    if sink.spans == nil, let words = tokenizer.words, tokenizer.normalizedTokens.isEmpty {
      encodeWords(section, words, &scratch, &sink)
      return
    }
    let needsOrigins =
      sink.spans != nil
      || tokenizer.preTokenizer.asksForOrigin(isNormalized: !tokenizer.normalizer.isIdentity)
    var aligned =
      needsOrigins
      ? AlignedText(original: section, from: range.lowerBound) : AlignedText(section)
    tokenizer.normalizer.apply(to: &aligned)
    guard !tokenizer.normalizedTokens.isEmpty else {
      encodePlain(&aligned, isFirst: isFirst, &scratch, &sink)
      return
    }
    var at = 0
    let matches = tokenizer.normalizedTokens.matches(
      in: aligned.bytes, isControlAllowed: { _ in readsControl })
    for match in matches {
      if match.range.lowerBound > at {
        var part = aligned[at..<match.range.lowerBound]
        encodePlain(&part, isFirst: isFirst && at == 0, &scratch, &sink)
      }
      sink.append(
        match.id, origin: aligned.origin(of: match.range) ?? match.range,
        spelling: aligned.bytes[match.range])
      at = match.range.upperBound
    }
    if at == 0 {
      encodePlain(&aligned, isFirst: isFirst, &scratch, &sink)
    } else if at < aligned.bytes.count {
      var part = aligned[at..<aligned.bytes.count]
      encodePlain(&part, isFirst: false, &scratch, &sink)
    }
  }

  /// Text without added tokens: cut into pieces, each encoded by the model.
  private func encodePlain(
    _ text: inout AlignedText, isFirst: Bool, _ scratch: inout EncodingScratch,
    _ sink: inout TokenSink
  ) {
    if sink.spans == nil, let model = tokenizer.pieceModel {
      encodeQuickly(model.prefixed(text.bytes), model, &scratch, &sink)
      return
    }
    var pieces = scratch.pieces
    scratch.pieces = []
    tokenizer.preTokenizer.split(
      &text, into: &pieces, isFirst: isFirst, isTracing: sink.spans != nil,
      spare: &scratch.buffers)
    let bytes = text.bytes
    if sink.spans == nil {
      for piece in pieces {
        tokenizer.model.encode(
          bytes, piece, vocabulary: tokenizer.vocabulary, scratch: &scratch, into: &sink.ids)
      }
    } else {
      var parts: [TokenPart] = []
      for piece in pieces {
        parts.removeAll(keepingCapacity: true)
        tokenizer.model.trace(
          bytes, piece, vocabulary: tokenizer.vocabulary, scratch: &scratch, into: &parts)
        sink.append(parts, of: text, unknown: tokenizer.model.spelledUnknown)
      }
    }
    scratch.pieces = pieces
  }

  /// Word by word in C, which asks for what it does not know.
  private func encodeWords(
    _ text: [UInt8], _ words: KnownWords, _ scratch: inout EncodingScratch,
    _ sink: inout TokenSink
  ) {
    let encoder = scratch.wordEncoder ?? WordEncoder(words.model)
    scratch.wordEncoder = encoder
    let pipeline = words.pipeline
    encoder.encode(text, into: &sink.ids, scalar: pipeline.meaning(of:)) { word in
      pipeline.tokens(of: word, &scratch)
    }
  }

  /// All of a section at once, in C.
  private func encodeQuickly(
    _ text: [UInt8], _ model: PieceModel, _ scratch: inout EncodingScratch,
    _ sink: inout TokenSink
  ) {
    let encoder = scratch.encoder ?? PieceEncoder(model)
    scratch.encoder = encoder
    encoder.encode(text, text.indices, into: &sink.ids)
  }
}
