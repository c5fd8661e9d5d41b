/// What turns one piece of normalised text into tokens.
///
/// The kinds share the vocabulary of their tokenizer; each knows only how to cut a piece.
enum TokenModel: Sendable {
  case bytePair(BytePairModel)

  /// Appends the tokens of `text[range]`.
  func encode(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, scratch: inout EncodingScratch,
    into result: inout [Int32]
  ) {
    switch self {
    case .bytePair(let model):
      model.encode(text, range, vocabulary: vocabulary, scratch: &scratch, into: &result)
    }
  }

  /// The byte-pair model, where this is one: fast paths over whole sections hang on it.
  var bytePair: BytePairModel? {
    if case .bytePair(let model) = self { return model }
    return nil
  }
}
