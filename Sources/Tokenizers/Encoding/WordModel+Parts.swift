/// A model of words with the steps that it asks for.
struct KnownWords: Sendable {
  let model: WordModel
  let pipeline: WordPipeline

  /// Nil for tokenizers that do not normalise scalar by scalar, cut at white space and encode
  /// words.
  init?(_ parts: TokenizerParts) {
    let pipeline = WordPipeline(
      normalizer: parts.normalizer, preTokenizer: parts.preTokenizer, model: parts.model,
      vocabulary: parts.vocabulary)
    guard let pipeline, let model = WordModel(pipeline) else { return nil }
    self.model = model
    self.pipeline = pipeline
  }
}

extension WordModel {
  /// Nil for models that are neither WordPiece nor Unigram.
  fileprivate convenience init?(_ pipeline: WordPipeline) {
    let vocabulary = pipeline.vocabulary
    let matched: (Int32, ArraySlice<UInt8>) -> Bool
    switch pipeline.model {
    case .wordPiece: matched = { _, _ in true }
    case .unigram(let model):
      matched = { id, spelling in
        model.trie.node(at: spelling).map { model.trie.value(at: $0) == id } ?? false
      }
    default: return nil
    }
    var tokens: [UInt8] = []
    var starts: [UInt32] = [0]
    for id in 0..<Int32(vocabulary.count) {
      let spelling = vocabulary.bytes(id)
      if matched(id, spelling) { tokens += spelling }
      starts.append(UInt32(tokens.count))
    }
    switch pipeline.model {
    case .wordPiece(let model):
      guard pipeline.prefix.isEmpty else { return nil }
      self.init(
        .wordPiece(longest: model.longestWord), tokens: tokens, starts: starts,
        unknown: model.unknown, prefix: model.continuationPrefix)
    case .unigram(let model):
      guard model.isPlain(vocabulary) else { return nil }
      self.init(
        .unigram(scores: model.scores, unknown: model.unknownScore), tokens: tokens,
        starts: starts, unknown: model.unknown, prefix: pipeline.prefix)
    default: return nil
    }
  }
}

extension UnigramModel {
  /// Whether scores alone decide, in double precision, and a run of unknown characters is always
  /// the unknown token: a token that is spelled as the run would have been the better way to write
  /// it, unless it repeats the unknown token's own spelling.
  fileprivate func isPlain(_ vocabulary: Vocabulary) -> Bool {
    guard !isSinglePrecision, bytes == nil, fusesUnknown, unknownScore <= 0,
      scores.count == vocabulary.count
    else { return false }
    guard let unknown else { return true }
    let spelling = Array(vocabulary.bytes(unknown))
    return scores[Int(unknown)] <= 0
      && (spelling.isEmpty || trie.node(at: (spelling + spelling)[...]) == nil)
  }
}

/// The steps that a word takes, and what they make of single scalars.
struct WordPipeline {
  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  let model: TokenModel
  let vocabulary: Vocabulary
  /// What is put in front of every word.
  let prefix: [UInt8]
  /// How spaces are spelled; a word begins wherever it stands.
  private let marker: UInt32?

  /// Nil where words and scalars cannot be looked at one by one.
  init?(
    normalizer: Normalizer, preTokenizer: PreTokenizer, model: TokenModel, vocabulary: Vocabulary
  ) {
    guard WordPipeline.isKnown(normalizer, preTokenizer) else { return nil }
    self.normalizer = normalizer
    self.preTokenizer = preTokenizer
    self.model = model
    self.vocabulary = vocabulary
    marker = WordPipeline.marker(of: preTokenizer)
    let pieces = WordPipeline.pieces(of: WordPipeline.letter, normalizer, preTokenizer)
    guard pieces.count == 1, pieces[0].hasSuffix(WordPipeline.letter) else { return nil }
    prefix = pieces[0].dropLast(WordPipeline.letter.count)
    guard meaning(of: 0x61) == .word(WordPipeline.letter), cutsAtSpaces else { return nil }
  }

  private static let letter: [UInt8] = [0x61]

  private static func isKnown(_ normalizer: Normalizer, _ preTokenizer: PreTokenizer) -> Bool {
    switch normalizer.steps.count {
    case 0: break
    case 1:
      switch normalizer.steps[0] {
      case .bert: break
      // What begins with a space might take the characters behind it along.
      case .characterMap(let map): if map.mayBegin(0x20) { return false }
      default: return false
      }
    default: return false
    }
    let white = PreTokenizer.Step.cut(TextCut(kind: .scalar(.whiteSpace)), .removed)
    let punctuation = PreTokenizer.Step.cut(TextCut(kind: .scalar(.punctuation)), .isolated)
    var steps = preTokenizer.steps[...]
    guard steps.popFirst() == white else { return false }
    if steps.first == punctuation { return steps.count == 1 }
    guard let next = steps.popFirst() else { return true }
    guard case .metaspace(let marker, .always) = next else { return false }
    return steps.isEmpty || Array(steps) == [.before(marker: marker)]
  }

  private static func marker(of preTokenizer: PreTokenizer) -> UInt32? {
    for case .metaspace(let marker, _) in preTokenizer.steps {
      return String(decoding: marker, as: UTF8.self).unicodeScalars.first?.value
    }
    return nil
  }

  /// Whether words end at white space in ASCII whatever is before it, so that what is behind it
  /// can be looked at by itself.
  private var cutsAtSpaces: Bool {
    let word = prefix + WordPipeline.letter
    let spaces: [[UInt8]] = [[0x20], [0x09], [0x0A], [0x0D], [0x0D, 0x0A]]
    guard spaces.allSatisfy({ pieces(of: [0x61] + $0 + [0x61]) == [word, word] }) else {
      return false
    }
    // Characters that make one cluster with a space behind them.
    let joining = WordPipeline.prepended.lazy.joined().compactMap(Unicode.Scalar.init)
      .filter { "\($0) ".count == 1 }
    return joining.allSatisfy { scalar in
      pieces(of: [0x61] + Array("\(scalar) ".utf8) + [0x61]).last == word
    }
  }

  /// Where characters with Grapheme_Cluster_Break=Prepend are.
  private static let prepended: [ClosedRange<UInt32>] = [
    0x600...0x605, 0x6DD...0x6DD, 0x70F...0x70F, 0x890...0x891, 0x8E2...0x8E2, 0xD4E...0xD4E,
    0x110BD...0x110BD, 0x110CD...0x110CD, 0x111C2...0x111C3, 0x113D1...0x113D1,
    0x1193F...0x1193F, 0x11941...0x11941, 0x11A3A...0x11A3A, 0x11A84...0x11A89,
    0x11D46...0x11D46, 0x11F02...0x11F02,
  ]

  /// The tokens of a stretch of text.
  func tokens(of text: [UInt8], _ scratch: inout EncodingScratch) -> [Int32] {
    var aligned = AlignedText(text)
    let pieces = WordPipeline.ranges(of: &aligned, normalizer, preTokenizer)
    var ids: [Int32] = []
    for piece in pieces {
      model.encode(
        aligned.bytes, piece, vocabulary: vocabulary, scratch: &scratch, into: &ids)
    }
    return ids
  }

  /// What a scalar becomes, seen between two letters.
  func meaning(of scalar: UInt32) -> ScalarMeaning {
    guard let value = Unicode.Scalar(scalar), !dependsOnContext(value) else { return .context }
    let pieces = pieces(of: [0x61] + Array(String(value).utf8) + [0x61])
    let letter = prefix + WordPipeline.letter
    switch pieces.count {
    case 1 where pieces[0].starts(with: letter) && pieces[0].count > letter.count:
      let text = Array(pieces[0].dropFirst(letter.count).dropLast())
      return pieces[0].last == 0x61 && staysAsItIs(text) ? .word(text) : .context
    case 2 where pieces == [letter, letter]: return .space
    case 3 where pieces[0] == letter && pieces[2] == letter && pieces[1].starts(with: prefix):
      let text = Array(pieces[1].dropFirst(prefix.count))
      return !text.isEmpty && staysAsItIs(text) ? .alone(text) : .context
    default: return .context
    }
  }

  /// Whether normalised text may stand anywhere: a marker of spaces is a word's beginning, and
  /// marks are put into an order.
  private func staysAsItIs(_ text: [UInt8]) -> Bool {
    String(decoding: text, as: UTF8.self).unicodeScalars.allSatisfy {
      $0.value != marker && UnicodeTables.combiningClass[$0.value] == 0
    }
  }

  /// Whether a scalar may act on its neighbours, or they on it.
  private func dependsOnContext(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.value != marker else { return true }
    guard scalar.value >= 0x80, let step = normalizer.steps.first else { return false }
    switch step {
    case .bert:
      // Those that go away do not count.
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
    WordPipeline.pieces(of: text, normalizer, preTokenizer)
  }

  private static func pieces(
    of text: [UInt8], _ normalizer: Normalizer, _ preTokenizer: PreTokenizer
  ) -> [[UInt8]] {
    var aligned = AlignedText(text)
    return ranges(of: &aligned, normalizer, preTokenizer).map { Array(aligned.bytes[$0]) }
  }

  private static func ranges(
    of text: inout AlignedText, _ normalizer: Normalizer, _ preTokenizer: PreTokenizer
  ) -> [Range<Int>] {
    normalizer.apply(to: &text)
    var pieces: [Range<Int>] = []
    var buffers = PieceBuffers()
    preTokenizer.split(
      &text, into: &pieces, isFirst: false, isTracing: false, spare: &buffers)
    return pieces
  }
}

extension Array where Element == UInt8 {
  fileprivate func hasSuffix(_ suffix: [UInt8]) -> Bool { self.suffix(suffix.count) == suffix[...] }
}
