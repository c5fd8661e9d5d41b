/// What turns one piece of normalised text into tokens.
///
/// The kinds share the vocabulary of their tokenizer; each knows only how to cut a piece.
enum TokenModel: Sendable {
  case bytePair(BytePairModel)
  case affixedBytePair(AffixedBytePairModel)
  case scoredPairs(ScoredPairModel)
  case unigram(UnigramModel)
  case wordPiece(WordPieceModel)
  case wordLevel(WordLevelModel)
  case greedy(GreedyModel)
  case cheapestPath(CheapestPathModel)

  /// Appends the tokens of `text[range]`.
  func encode(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, scratch: inout EncodingScratch,
    into result: inout [Int32]
  ) {
    if case .bytePair(let model) = self {
      model.encode(text, range, vocabulary: vocabulary, scratch: &scratch, into: &result)
      return
    }
    var parts = scratch.parts
    scratch.parts = []
    parts.removeAll(keepingCapacity: true)
    trace(text, range, vocabulary: vocabulary, scratch: &scratch, into: &parts)
    for part in parts { result.append(part.id) }
    scratch.parts = parts
  }

  /// Appends the tokens of `text[range]` with the parts of text that they stand for.
  func trace(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, scratch: inout EncodingScratch,
    into result: inout [TokenPart]
  ) {
    switch self {
    case .bytePair(let model): model.trace(text, range, vocabulary: vocabulary, into: &result)
    case .affixedBytePair(let model):
      model.encode(text, range, vocabulary: vocabulary, into: &result)
    case .scoredPairs(let model):
      model.encode(text, range, vocabulary: vocabulary, into: &result)
    case .unigram(let model):
      model.encode(
        text, range, vocabulary: vocabulary, scratch: &scratch.unigram, into: &result)
    case .wordPiece(let model): model.encode(text, range, into: &result)
    case .wordLevel(let model): model.encode(text, range, vocabulary: vocabulary, into: &result)
    case .greedy(let model): model.encode(text, range, into: &result)
    case .cheapestPath(let model): model.encode(text, range, into: &result)
    }
  }

  /// The unknown token of models whose tokens are spelled as the text where they are unknown.
  var spelledUnknown: Int32? {
    if case .unigram(let model) = self { return model.unknown }
    return nil
  }

  /// The byte-pair model, where this is one: fast paths over whole sections hang on it.
  var bytePair: BytePairModel? {
    if case .bytePair(let model) = self { return model }
    return nil
  }
}
