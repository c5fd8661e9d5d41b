/// The most probable way to write a piece in tokens, each with a probability of its own.
///
/// - Source: Kudo 2018, arXiv:1804.10959. Sums are kept in the precision of the reference, because
///   ties and near ties are decided by it: `tokenizers` and llama.cpp add doubles, SentencePiece
///   floats. SentencePiece lets sums that grew large begin anew (`EncodeOptimized`, version 0.2.3),
///   which moves the last place of all that follow.
struct UnigramModel: Sendable {
  /// A normal token that the text may be written in; log probability by id.
  private(set) var trie = TokenTrie()
  private(set) var scores: [Double] = []
  private var singleScores: [Float] = []
  let isSinglePrecision: Bool
  /// Written where a character has no token of its own; nil drops it.
  var unknown: Int32?
  private(set) var unknownScore = 0.0
  /// The tokens of the 256 bytes, where characters without a token become those.
  var bytes: [Int32]?
  /// A run of unknown characters is looked up once more as a whole, as `tokenizers` does.
  var looksUpUnknownRuns = true
  /// Bytes of one character each are tokens of their own, and the others run together.
  var fusesUnknown = true

  /// - Parameters:
  ///   - tokens: spellings and scores of what can be matched, by id; nil for what cannot.
  ///   - leastScore: the least score of a normal token; unknown characters cost 10 more.
  init(
    tokens: [(spelling: ArraySlice<UInt8>, score: Double)?], leastScore: Double,
    isSinglePrecision: Bool
  ) {
    self.isSinglePrecision = isSinglePrecision
    let byteCount = tokens.reduce(0) { $0 + ($1?.spelling.count ?? 0) }
    trie = TokenTrie(capacity: min(byteCount / 2, 1 << 20))
    for (id, token) in tokens.enumerated() {
      if let token { trie.insert(token.spelling, value: Int32(id)) }
      if isSinglePrecision {
        singleScores.append(Float(token?.score ?? 0))
      } else {
        scores.append(token?.score ?? 0)
      }
    }
    unknownScore = isSinglePrecision ? Double(Float(leastScore) - 10) : leastScore - 10
  }

  /// Appends the tokens of `text[range]` and where each ends.
  func encode(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, scratch: inout UnigramScratch,
    into result: inout [TokenPart]
  ) {
    if isSinglePrecision {
      findBest(
        text, range, singleScores, Float(unknownScore), largestSum: UnigramModel.largestSingleSum,
        &scratch.singleScores, &scratch.links)
    } else {
      findBest(
        text, range, scores, unknownScore, largestSum: .infinity, &scratch.scores, &scratch.links)
    }
    scratch.path.removeAll(keepingCapacity: true)
    var end = range.count
    while end > 0 {
      let start = Int(scratch.links.starts[end])
      scratch.path.append((scratch.links.ids[end], start, end))
      end = start
    }
    var run: Range<Int>?
    for (id, start, end) in scratch.path.reversed() {
      let part = range.lowerBound + start..<range.lowerBound + end
      if id == UnigramModel.unknownMark || id == unknown {
        if let open = run, fusesUnknown {
          run = open.lowerBound..<part.upperBound
        } else {
          if let open = run { appendUnknown(open, text, vocabulary, &result) }
          run = part
        }
        continue
      }
      if let open = run { appendUnknown(open, text, vocabulary, &result) }
      run = nil
      result.append(TokenPart(id: id, start: part.lowerBound, end: part.upperBound))
    }
    if let open = run { appendUnknown(open, text, vocabulary, &result) }
  }

  private static let unknownMark: Int32 = -2
  /// From where on SentencePiece's sums begin anew; doubles are never rebased.
  private static let largestSingleSum: Float = 100_000

  /// The best token that ends at every place, by the sum of scores up to it.
  private func findBest<Score: BinaryFloatingPoint & Sendable>(
    _ text: [UInt8], _ range: Range<Int>, _ scores: [Score], _ unknownScore: Score,
    largestSum: Score, _ best: inout [Score], _ links: inout UnigramLinks
  ) {
    let count = range.count
    links.prepare(count)
    if best.count <= count { best = Array(repeating: 0, count: count + 1) }
    best[0] = 0
    var at = 0
    // No token found so far ends behind it.
    var reach = 0
    while at < count {
      let length = min(
        UTF8Text.length(lead: text[range.lowerBound + at]), count - at)
      if best[at].magnitude > largestSum {
        let base = best[at]
        for end in at...reach where end == at || links.starts[end] >= 0 { best[end] -= base }
      }
      let sum = best[at]
      var hasSingle = false
      var node = TokenTrie.root
      var end = at
      while end < count {
        node = trie.child(of: node, text[range.lowerBound + end])
        guard node >= 0 else { break }
        end += 1
        let id = trie.value(at: node)
        guard id >= 0 else { continue }
        if end - at == length { hasSingle = true }
        let candidate = scores[Int(id)] + sum
        if links.starts[end] < 0 || candidate > best[end] {
          best[end] = candidate
          links.starts[end] = Int32(at)
          links.ids[end] = id
        }
      }
      if !hasSingle {
        let end = at + length
        let candidate = unknownScore + sum
        if links.starts[end] < 0 || candidate > best[end] {
          best[end] = candidate
          links.starts[end] = Int32(at)
          links.ids[end] = UnigramModel.unknownMark
        }
      }
      reach = max(reach, end, at + length)
      at += length
    }
  }

  private func appendUnknown(
    _ run: Range<Int>, _ text: [UInt8], _ vocabulary: Vocabulary, _ result: inout [TokenPart]
  ) {
    if looksUpUnknownRuns,
      let id = vocabulary.id(of: text, run.lowerBound, run.upperBound)
    {
      result.append(TokenPart(id: id, start: run.lowerBound, end: run.upperBound))
    } else if let bytes, run.allSatisfy({ bytes[Int(text[$0])] >= 0 }) {
      for i in run {
        result.append(
          TokenPart(id: bytes[Int(text[i])], start: run.lowerBound, end: run.upperBound))
      }
    } else if let unknown {
      result.append(TokenPart(id: unknown, start: run.lowerBound, end: run.upperBound))
    }
  }
}

/// A token and the part of the text that it stands for.
struct TokenPart: Sendable, Hashable {
  var id: Int32
  var start: Int
  var end: Int
}

/// The buffers of one search, kept for the next one.
struct UnigramScratch: Sendable {
  fileprivate var scores: [Double] = []
  fileprivate var singleScores: [Float] = []
  fileprivate var links = UnigramLinks()
  fileprivate var path: [(id: Int32, start: Int, end: Int)] = []
}

/// Where the best token that ends at each place begins, and which it is.
private struct UnigramLinks: Sendable {
  var starts: [Int32] = []
  var ids: [Int32] = []

  mutating func prepare(_ count: Int) {
    if starts.count <= count {
      starts = Array(repeating: -1, count: count + 1)
      ids = Array(repeating: -1, count: count + 1)
    } else {
      for i in 0...count { starts[i] = -1 }
    }
  }
}
