extension Tokenizer {
  /// The token ids of a text.
  ///
  /// - Parameters:
  ///   - addSpecialTokens: puts the model's begin and end tokens around it, where it has a rule
  ///     for them.
  ///   - parseControlTokens: whether control tokens that the text spells are read as such;
  ///     otherwise
  ///     they are ordinary text.
  public func encode(
    _ text: String, addSpecialTokens: Bool, parseControlTokens: Bool = true
  ) -> [Int32] {
    let bytes = Array(text.utf8)
    var ids = addSpecialTokens ? postProcessor.prefix : []
    withScratch { scratch in
      encode(
        bytes, tokens: rawTokens, readsNormalizedControl: parseControlTokens, scratch: &scratch,
        into: &ids
      ) { _ in parseControlTokens }
    }
    if addSpecialTokens { ids += postProcessor.suffix }
    return ids
  }

  /// The token ids of a rendered prompt: only what the template wrote is read as control tokens,
  /// and a begin token that it wrote is not put there a second time.
  public func encode(_ prompt: MarkedString, addSpecialTokens: Bool) -> [Int32] {
    var ids: [Int32] = []
    withScratch { scratch in
      encode(
        prompt.bytes, tokens: markedTokens, readsNormalizedControl: false, scratch: &scratch,
        into: &ids
      ) { range in prompt.isTemplate(range) }
    }
    guard addSpecialTokens else { return ids }
    let hasPrefix = beginToken != nil && ids.first == beginToken
    return (hasPrefix ? [] : postProcessor.prefix) + ids + postProcessor.suffix
  }

  /// The text of token ids; bytes that are no UTF-8 become U+FFFD, ids outside the vocabulary
  /// nothing.
  ///
  /// - Parameter skipSpecialTokens: leaves control tokens out.
  public func decode(_ ids: [Int32], skipSpecialTokens: Bool) -> String {
    var decoder = StreamDecoder(self, skipSpecialTokens: skipSpecialTokens)
    var text: [UInt8] = []
    text.reserveCapacity(ids.count * 4)
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
    return String(decoding: text, as: UTF8.self)
  }

  private func encode(
    _ text: [UInt8], tokens: AddedTokens, readsNormalizedControl: Bool,
    scratch: inout EncodingScratch, into ids: inout [Int32],
    isControlAllowed: (Range<Int>) -> Bool
  ) {
    func section(_ range: Range<Int>) {
      encodeSection(
        range.count == text.count ? text : Array(text[range]), isFirst: range.lowerBound == 0,
        readsControl: readsNormalizedControl, scratch: &scratch, into: &ids)
    }
    var at = 0
    for match in tokens.matches(in: text, isControlAllowed: isControlAllowed) {
      if match.range.lowerBound > at { section(at..<match.range.lowerBound) }
      ids.append(match.id)
      at = match.range.upperBound
    }
    if at < text.count { section(at..<text.count) }
  }

  /// Text without raw added tokens: normalised, searched for the normalised ones, the rest encoded.
  private func encodeSection(
    _ section: [UInt8], isFirst: Bool, readsControl: Bool, scratch: inout EncodingScratch,
    into ids: inout [Int32]
  ) {
    if let pieceModel, pieceModel.spaces != .themselves, normalizedTokens.isEmpty {
      let prefix: [UInt8] = pieceModel.spaces == .markersWithPrefix ? [0x20] : []
      encodePlain(prefix + section, isFirst: isFirst, scratch: &scratch, into: &ids)
      return
    }
    let text = normalizer.apply(to: section)
    guard !normalizedTokens.isEmpty else {
      encodePlain(text, isFirst: isFirst, scratch: &scratch, into: &ids)
      return
    }
    var at = 0
    for match in normalizedTokens.matches(in: text, isControlAllowed: { _ in readsControl }) {
      if match.range.lowerBound > at {
        encodePlain(
          Array(text[at..<match.range.lowerBound]), isFirst: isFirst && at == 0, scratch: &scratch,
          into: &ids)
      }
      ids.append(match.id)
      at = match.range.upperBound
    }
    if at < text.count {
      encodePlain(
        Array(text[at...]), isFirst: isFirst && at == 0, scratch: &scratch, into: &ids)
    }
  }

  private func encodePlain(
    _ section: [UInt8], isFirst: Bool, scratch: inout EncodingScratch, into ids: inout [Int32]
  ) {
    let text = preTokenizer.prepared(section, isFirst: isFirst) ?? section
    if let pieceModel {
      let encoder = scratch.pieces ?? PieceEncoder(pieceModel)
      scratch.pieces = encoder
      encoder.encode(text, text.indices, into: &ids)
      return
    }
    var ends = scratch.ends
    scratch.ends = []
    preTokenizer.split(text, into: &ends, spare: &scratch.spareEnds)
    var start = 0
    for end in ends {
      model.encode(text, start..<end, vocabulary: vocabulary, scratch: &scratch, into: &ids)
      start = end
    }
    scratch.ends = ends
  }
}
