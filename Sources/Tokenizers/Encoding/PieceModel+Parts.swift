extension PieceModel {
  /// The model of a byte-level tokenizer that cuts with one known pattern; nil for others.
  convenience init?(_ parts: TokenizerParts) {
    guard case .bytes(let symbols) = parts.model.symbols,
      let pattern = PiecePattern(parts.preTokenizer.steps)
    else { return nil }
    // Found in the text before the model sees it; no piece becomes one.
    let added = Set(parts.added.map(\.id))
    var tokens: [UInt8] = []
    var starts: [UInt32] = [0]
    starts.reserveCapacity(parts.vocabulary.count + 1)
    for id in 0..<Int32(parts.vocabulary.count) {
      if !added.contains(id) { ByteAlphabet.append(parts.vocabulary.bytes(id), to: &tokens) }
      starts.append(UInt32(tokens.count))
    }
    self.init(
      tokens: tokens, starts: starts, symbols: symbols, merges: parts.model.merges.rules,
      prefersWholeTokens: parts.model.prefersWholeTokens, pattern: pattern)
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
