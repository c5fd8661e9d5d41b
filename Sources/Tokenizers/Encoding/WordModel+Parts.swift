extension WordModel {
  /// The model of a tokenizer that normalises scalar by scalar, cuts at white space and encodes
  /// words; nil for others.
  convenience init?(_ parts: TokenizerParts) {
    let pipeline = WordPipeline(
      normalizer: parts.normalizer, preTokenizer: parts.preTokenizer, model: parts.model,
      vocabulary: parts.vocabulary)
    guard pipeline.isKnown, let prefix = pipeline.prefix else { return nil }
    let isWhite = [0x20, 0x09, 0x0A, 0x0D].allSatisfy { pipeline.meaning(of: $0) == .space }
    guard isWhite else { return nil }
    var tokens: [UInt8] = []
    var starts: [UInt32] = [0]
    for id in 0..<Int32(parts.vocabulary.count) {
      tokens += parts.vocabulary.bytes(id)
      starts.append(UInt32(tokens.count))
    }
    switch parts.model {
    case .wordPiece(let model):
      guard prefix.isEmpty else { return nil }
      self.init(
        .wordPiece(longest: model.longestWord), tokens: tokens, starts: starts,
        unknown: model.unknown, prefix: model.continuationPrefix)
    case .unigram(let model):
      // A run of unknown scalars is never a token: that would have been the better way to write it.
      guard !model.isSinglePrecision, model.bytes == nil, model.fusesUnknown,
        model.unknownScore <= 0, model.scores.count == starts.count - 1
      else { return nil }
      self.init(
        .unigram(scores: model.scores, unknown: model.unknownScore), tokens: tokens,
        starts: starts, unknown: model.unknown, prefix: prefix)
    default: return nil
    }
  }
}

/// The steps that a word takes, and what they make of single scalars.
struct WordPipeline {
  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  let model: TokenModel
  let vocabulary: Vocabulary

  /// Whether words and scalars can be looked at one by one.
  var isKnown: Bool {
    switch normalizer.steps.count {
    case 0: break
    case 1:
      switch normalizer.steps[0] {
      case .bert, .characterMap: break
      default: return false
      }
    default: return false
    }
    let white = PreTokenizer.Step.cut(TextCut(kind: .scalar(.whiteSpace)), .removed)
    let punctuation = PreTokenizer.Step.cut(TextCut(kind: .scalar(.punctuation)), .isolated)
    var steps = preTokenizer.steps[...]
    guard steps.popFirst() == white else { return false }
    if steps.first == punctuation { return steps.count == 1 }
    guard case .metaspace(let marker, .always)? = steps.popFirst() else { return steps.isEmpty }
    return steps.isEmpty || Array(steps) == [.before(marker: marker)]
  }

  /// What is put in front of every word.
  var prefix: [UInt8]? {
    let pieces = pieces(of: [0x61])
    guard pieces.count == 1, pieces[0].last == 0x61 else { return nil }
    return pieces[0].dropLast()
  }

  /// The tokens of a stretch of text.
  func tokens(of text: [UInt8], _ scratch: inout EncodingScratch) -> [Int32] {
    var aligned = AlignedText(text)
    let pieces = ranges(of: &aligned)
    var ids: [Int32] = []
    for piece in pieces {
      model.encode(
        aligned.bytes, piece, vocabulary: vocabulary, scratch: &scratch, into: &ids)
    }
    return ids
  }

  /// What a scalar becomes, seen between two letters.
  func meaning(of scalar: UInt32) -> ScalarMeaning {
    guard let value = Unicode.Scalar(scalar), let prefix else { return .context }
    if dependsOnContext(value) { return .context }
    let pieces = pieces(of: [0x61] + Array(String(value).utf8) + [0x61])
    let letter = prefix + [0x61]
    switch pieces.count {
    case 1 where pieces[0].starts(with: letter) && pieces[0].count > letter.count:
      return pieces[0].last == 0x61
        ? .word(Array(pieces[0].dropFirst(letter.count).dropLast())) : .context
    case 2 where pieces == [letter, letter]: return .space
    case 3 where pieces[0] == letter && pieces[2] == letter && pieces[1].starts(with: prefix):
      return .alone(Array(pieces[1].dropFirst(prefix.count)))
    default: return .context
    }
  }

  /// Whether a scalar may act on its neighbours, or they on it.
  private func dependsOnContext(_ scalar: Unicode.Scalar) -> Bool {
    // A marker of spaces is a word's beginning.
    if scalar.value == 0x2581 { return true }
    guard scalar.value >= 0x80, let step = normalizer.steps.first else { return false }
    switch step {
    case .bert:
      // Marks are put into an order, unless they go away.
      return UnicodeTables.combiningClass[scalar.value] != 0
        && !UnicodeTables.isBertAccent.contains(scalar.value)
    default:
      // Grapheme clusters are replaced as a whole.
      return isJamo(scalar.value) || (0x1F1E6...0x1F1FF).contains(scalar.value)
        || "a\(scalar)a".count != 3
    }
  }

  private func isJamo(_ scalar: UInt32) -> Bool {
    (0x1100...0x11FF).contains(scalar) || (0xA960...0xA97F).contains(scalar)
      || (0xD7B0...0xD7FF).contains(scalar)
  }

  private func pieces(of text: [UInt8]) -> [[UInt8]] {
    var aligned = AlignedText(text)
    return ranges(of: &aligned).map { Array(aligned.bytes[$0]) }
  }

  private func ranges(of text: inout AlignedText) -> [Range<Int>] {
    normalizer.apply(to: &text)
    var pieces: [Range<Int>] = []
    var buffers = PieceBuffers()
    preTokenizer.split(
      &text, into: &pieces, isFirst: false, isTracing: false, spare: &buffers)
    return pieces
  }
}
