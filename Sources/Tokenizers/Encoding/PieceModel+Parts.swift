extension PieceModel {
  /// The model of a byte-pair tokenizer: byte-level with one known pattern, or in characters with
  /// byte tokens for those that it lacks and text that nothing but safe places cut. Nil for others.
  convenience init?(_ parts: TokenizerParts) {
    let symbols: [Int32]
    let pattern: PiecePattern?
    switch parts.model.symbols {
    case .bytes(let bytes):
      guard let known = PiecePattern(parts.preTokenizer.steps) else { return nil }
      symbols = bytes
      pattern = known
    case .characters(_, let fallback, _, _):
      guard let fallback, !fallback.contains(-1), parts.preTokenizer.isUncut else { return nil }
      symbols = fallback
      pattern = nil
    }
    let spaces = pattern == nil ? parts.normalizer.spaceMeaning : .themselves
    // Those are found in the text before the model sees it; no piece becomes one. And the tokens of
    // bytes are no text.
    var excluded = Set(parts.added.map(\.id))
    if pattern == nil { excluded.formUnion(symbols) }
    var tokens: [UInt8] = []
    var starts: [UInt32] = [0]
    starts.reserveCapacity(parts.vocabulary.count + 1)
    for id in 0..<Int32(parts.vocabulary.count) {
      if !excluded.contains(id) {
        let spelling = parts.vocabulary.bytes(id)
        if pattern != nil {
          ByteAlphabet.append(spelling, to: &tokens)
        } else if spaces == .themselves {
          tokens += spelling
        } else {
          tokens += ByteText.replacing(PieceModel.marker, with: [0x20], in: Array(spelling))
        }
      }
      starts.append(UInt32(tokens.count))
    }
    self.init(
      tokens: tokens, starts: starts, symbols: symbols, merges: parts.model.merges.rules,
      prefersWholeTokens: parts.model.prefersWholeTokens, pattern: pattern,
      spaces: spaces)
  }

  /// U+2581, which stands for a space.
  fileprivate static let marker = Array("\u{2581}".utf8)
}

extension Normalizer {
  /// Where all that it does is to write markers for spaces, and one in front.
  fileprivate var spaceMeaning: PieceModel.SpaceMeaning {
    var rest = steps[...]
    guard case .replace([0x20], with: PieceModel.marker)? = rest.popLast() else {
      return .themselves
    }
    switch rest.popLast() {
    case nil: return .markers
    case .prepend([0x20])? where rest.isEmpty: return .markersWithPrefix
    case .prepend(PieceModel.marker)? where rest.isEmpty: return .markersWithPrefix
    default: return .themselves
    }
  }
}

extension PreTokenizer {
  /// Only cut, if at all, where that changes nothing.
  fileprivate var isUncut: Bool {
    guard prefix.isEmpty, spaceReplacement.isEmpty else { return false }
    return steps.allSatisfy { if case .beforeRuns = $0 { true } else { false } }
  }
}

extension PiecePattern {
  fileprivate init?(_ steps: [PreTokenizer.Step]) {
    switch steps {
    case [.digits(individual: true), .pattern(.gpt2)]:
      self.init(.gpt2, isolatesNumbers: true)
    default:
      guard steps.count == 1, case .pattern(let pattern) = steps[0] else { return nil }
      self.init(pattern)
    }
  }
}
