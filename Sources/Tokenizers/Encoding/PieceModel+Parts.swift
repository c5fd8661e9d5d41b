extension PieceModel {
  /// The model of a byte-pair tokenizer: byte-level with one known pattern, or in characters with
  /// byte tokens for those that it lacks and text that nothing but safe places cut. Nil for others.
  convenience init?(_ parts: TokenizerParts) {
    guard let model = parts.model.bytePair else { return nil }
    var steps = parts.preTokenizer.steps[...]
    let prefixes = steps.first == .prefixSpace
    if prefixes { steps.removeFirst() }
    let symbols: [Int32]
    let pattern: PiecePattern?
    switch model.symbols {
    case .bytes(let bytes):
      guard let known = PiecePattern(Array(steps)) else { return nil }
      symbols = bytes
      pattern = known
    case .characters(_, let fallback, _, _):
      guard let fallback, !fallback.contains(-1), !prefixes, steps.changeNothing else { return nil }
      symbols = fallback
      pattern = nil
    }
    let spaces = pattern == nil ? parts.normalizer.spaceMeaning : .themselves
    // Those are found in the text before the model sees it; no piece becomes one. And the tokens of
    // bytes are no text.
    var excluded = TokenSet(parts.readsAddedTokens ? parts.added.map(\.id) : [])
    if pattern == nil { for id in symbols { excluded.insert(id) } }
    let (tokens, starts) = PieceModel.tokens(
      of: parts.vocabulary, but: excluded, isByteLevel: pattern != nil, spaces: spaces)
    self.init(
      tokens: tokens, starts: starts, symbols: symbols, merges: model.merges.rules,
      prefersWholeTokens: model.prefersWholeTokens, pattern: pattern, spaces: spaces,
      prefixesSpace: prefixes)
  }

  /// The bytes of every token as the text has them, and where each begins; nothing of those that
  /// are excluded.
  private static func tokens(
    of vocabulary: Vocabulary, but excluded: TokenSet, isByteLevel: Bool, spaces: SpaceMeaning
  ) -> (bytes: [UInt8], starts: [UInt32]) {
    let limit = Int32(vocabulary.count)
    var bytes: [UInt8] = []
    var starts: [UInt32] = [0]
    starts.reserveCapacity(vocabulary.count + 1)
    for ids in excluded.gaps(below: limit) {
      starts += repeatElement(UInt32(bytes.count), count: Int(ids.lowerBound) + 1 - starts.count)
      if isByteLevel {
        let spelled = vocabulary.spelledOut(ids, keepingOthers: false)
        let before = UInt32(bytes.count)
        bytes += spelled.bytes
        starts += spelled.ends.map { before + $0 }
        continue
      }
      for id in ids {
        let spelling = vocabulary.bytes(id)
        bytes +=
          spaces == .themselves
          ? spelling : ByteText.replacing(PieceModel.marker, with: [0x20], in: Array(spelling))[...]
        starts.append(UInt32(bytes.count))
      }
    }
    starts += repeatElement(UInt32(bytes.count), count: vocabulary.count + 1 - starts.count)
    return (bytes, starts)
  }

  /// A section with what is put in front of it.
  func prefixed(_ section: [UInt8]) -> [UInt8] {
    switch spaces {
    case .themselves: prefixesSpace && section.first != 0x20 ? [0x20] + section : section
    case .markers: section
    case .markersWithPrefix: [0x20] + section
    }
  }

  /// U+2581, which stands for a space.
  fileprivate static let marker = Array("\u{2581}".utf8)
}

extension ArraySlice where Element == PreTokenizer.Step {
  /// Only cuts, if at all, where that changes no token.
  fileprivate var changeNothing: Bool {
    allSatisfy { if case .beforeRuns = $0 { true } else { false } }
  }
}

extension Normalizer {
  /// Where all that it does is to write markers for spaces, and one in front.
  fileprivate var spaceMeaning: PieceModel.SpaceMeaning {
    switch steps.count {
    case 1:
      if case .sentencePiece(let normalizer) = steps[0], normalizer.onlyMarksSpaces {
        return normalizer.addsDummyPrefix ? .markersWithPrefix : .markers
      }
      return marksSpaces(steps[0]) ? .markers : .themselves
    case 2:
      guard case .prepend(let prefix) = steps[0], marksSpaces(steps[1]) else { return .themselves }
      return prefix == [0x20] || prefix == PieceModel.marker ? .markersWithPrefix : .themselves
    default: return .themselves
    }
  }

  private func marksSpaces(_ step: Step) -> Bool {
    guard case .replace([0x20], let content) = step else { return false }
    return content == PieceModel.marker
  }
}

extension SentencePieceNormalizer {
  /// Whether it does nothing else to text.
  fileprivate var onlyMarksSpaces: Bool {
    map == nil && !hasUserDefined && !removesExtraSpaces && escapesSpaces && !spaceIsSuffix
  }
}

extension PiecePattern {
  fileprivate init?(_ steps: [PreTokenizer.Step]) {
    switch steps {
    case [.cut(TextCut(kind: .scalar(.number)), .isolated), .pattern(.gpt2)]:
      self.init(.gpt2, isolatesNumbers: true)
    case _ where steps.map(\.isolatedPattern) == SplitPattern.deepseek3Texts:
      self.init(.deepseek3)
    default:
      guard steps.count == 1, case .pattern(let pattern) = steps[0] else { return nil }
      self.init(pattern)
    }
  }
}

extension PreTokenizer.Step {
  /// The regular expression whose matches it sets apart.
  fileprivate var isolatedPattern: String? {
    guard case .cut(let cut, .isolated) = self, case .pattern(let pattern) = cut.kind,
      !cut.isInverted
    else { return nil }
    return pattern.text
  }
}
