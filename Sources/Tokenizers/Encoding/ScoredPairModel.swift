/// SentencePiece's byte-pair encoding in full: neighbours merge where their union is a piece, the
/// highest score first and the leftmost of equals, whether they are pieces themselves or not.
///
/// Symbols of the user are never merged; pieces that are not to be used are taken apart again.
///
/// - Source: SentencePiece, `bpe_model.cc`.
struct ScoredPairModel: Sendable {
  struct Piece: Sendable {
    var text: [UInt8]
    var score: Float
    /// Can be the result of merging.
    var isNormal: Bool
    var isUnused: Bool
    var isUserDefined: Bool
  }

  private let scores: [Float]
  private let isNormal: [Bool]
  private let isUnused: [Bool]
  private var userDefined = ByteTrie()
  private let symbols: Symbols
  /// The tokens of the 256 bytes, where characters that are no piece become those.
  private let bytes: [Int32]?
  private let unknown: Int32?

  /// What is looked up: pairs merged again and again, single characters, or whole words.
  enum Symbols: Sendable { case merged, characters, words }

  init(pieces: [Piece], symbols: Symbols, bytes: [Int32]?, unknown: Int32?) {
    scores = pieces.map(\.score)
    isNormal = pieces.map(\.isNormal)
    isUnused = pieces.map(\.isUnused)
    self.symbols = symbols
    self.bytes = bytes
    self.unknown = unknown
    for (id, piece) in pieces.enumerated() where piece.isUserDefined {
      userDefined.insert(piece.text, value: id)
    }
  }

  func encode(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, into result: inout [TokenPart]
  ) {
    var merging = Merging(model: self, text: text, vocabulary: vocabulary)
    merging.addSymbols(range)
    if symbols == .merged { merging.run() }
    var lastIsUnknown = false
    for part in merging.symbols where part.end > part.start {
      merging.resegment(part.start..<part.end) { piece, id in
        append(piece, id, text, &lastIsUnknown, &result)
      }
    }
  }

  private func append(
    _ piece: Range<Int>, _ id: Int32?, _ text: [UInt8], _ lastIsUnknown: inout Bool,
    _ result: inout [TokenPart]
  ) {
    if let id {
      result.append(TokenPart(id: id, start: piece.lowerBound, end: piece.upperBound))
      lastIsUnknown = false
    } else if let bytes {
      for i in piece { result.append(TokenPart(id: bytes[Int(text[i])], start: i, end: i + 1)) }
      lastIsUnknown = true
    } else if lastIsUnknown {
      result[result.count - 1].end = piece.upperBound
    } else if let unknown {
      result.append(TokenPart(id: unknown, start: piece.lowerBound, end: piece.upperBound))
      lastIsUnknown = true
    }
  }

  private struct Symbol {
    var start: Int
    var end: Int
    var next: Int
    var previous: Int
    var isFrozen: Bool
  }

  private struct Pair {
    var score: Float
    var left: Int
    var right: Int
    var size: Int

    func isBefore(_ other: Pair) -> Bool {
      score > other.score || (score == other.score && left < other.left)
    }
  }

  private struct Merging {
    let model: ScoredPairModel
    let text: [UInt8]
    let vocabulary: Vocabulary
    var symbols: [Symbol] = []
    private var heap: [Pair] = []
    /// How pieces that are not to be used were made.
    private var parts: [[UInt8]: Int] = [:]

    init(model: ScoredPairModel, text: [UInt8], vocabulary: Vocabulary) {
      self.model = model
      self.text = text
      self.vocabulary = vocabulary
    }

    mutating func addSymbols(_ range: Range<Int>) {
      if model.symbols == .words { return addWords(range) }
      var at = range.lowerBound
      while at < range.upperBound {
        let symbol =
          model.userDefined.mayBegin(text[at])
          ? model.userDefined.longest(in: text, at: at) { end, _ in end <= range.upperBound } : nil
        let end = symbol?.end ?? min(at + UTF8Text.length(lead: text[at]), range.upperBound)
        let isLast = end >= range.upperBound
        symbols.append(
          Symbol(
            start: at, end: end, next: isLast ? -1 : symbols.count + 1,
            previous: symbols.count - 1, isFrozen: symbol != nil))
        at = end
      }
    }

    /// Words begin with a marker.
    private mutating func addWords(_ range: Range<Int>) {
      let marker = SentencePieceNormalizer.marker
      var start = range.lowerBound
      for at in range.dropFirst() + [range.upperBound] {
        let isEnd = at == range.upperBound
        guard isEnd || ByteText.has(marker, at: at, in: text, end: range.upperBound) else {
          continue
        }
        symbols.append(Symbol(start: start, end: at, next: -1, previous: -1, isFrozen: true))
        start = at
      }
    }

    mutating func run() {
      for i in symbols.indices.dropFirst() { addPair(i - 1, i) }
      while let top = pop() {
        let (left, right) = (symbols[top.left], symbols[top.right])
        guard left.end > left.start, right.end > right.start,
          right.end - left.start == top.size, left.end == right.start
        else { continue }
        symbols[top.left].end = right.end
        symbols[top.left].next = right.next
        if right.next >= 0 { symbols[right.next].previous = top.left }
        symbols[top.right].end = right.start
        addPair(symbols[top.left].previous, top.left)
        addPair(top.left, symbols[top.left].next)
      }
    }

    private func normalID(_ range: Range<Int>) -> Int32? {
      vocabulary.id(of: text, range.lowerBound, range.upperBound).flatMap {
        model.isNormal[Int($0)] ? $0 : nil
      }
    }

    private mutating func addPair(_ left: Int, _ right: Int) {
      guard left >= 0, right >= 0, !symbols[left].isFrozen, !symbols[right].isFrozen else {
        return
      }
      let range = symbols[left].start..<symbols[right].end
      guard let id = normalID(range) else { return }
      push(
        Pair(score: model.scores[Int(id)], left: left, right: right, size: range.count))
      if model.isUnused[Int(id)] {
        parts[Array(text[range])] = symbols[left].end - symbols[left].start
      }
    }

    /// Calls `body` with a symbol, or with its parts where it is not to be used; the id is nil
    /// where it is no piece.
    func resegment(_ range: Range<Int>, _ body: (Range<Int>, Int32?) -> Void) {
      guard let id = vocabulary.id(of: text, range.lowerBound, range.upperBound),
        Int(id) < model.isUnused.count
      else { return body(range, nil) }
      guard model.isUnused[Int(id)], let border = parts[Array(text[range])] else {
        return body(range, model.unknown == id ? nil : id)
      }
      resegment(range.lowerBound..<range.lowerBound + border, body)
      resegment(range.lowerBound + border..<range.upperBound, body)
    }

    private mutating func push(_ pair: Pair) {
      var at = heap.count
      heap.append(pair)
      while at > 0, pair.isBefore(heap[(at - 1) / 2]) {
        heap[at] = heap[(at - 1) / 2]
        at = (at - 1) / 2
      }
      heap[at] = pair
    }

    private mutating func pop() -> Pair? {
      guard let top = heap.first, let last = heap.popLast() else { return nil }
      guard !heap.isEmpty else { return top }
      var at = 0
      while true {
        var child = 2 * at + 1
        guard child < heap.count else { break }
        if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
        guard heap[child].isBefore(last) else { break }
        heap[at] = heap[child]
        at = child
      }
      heap[at] = last
      return top
    }
  }
}

/// The merges of a vocabulary with scores.
enum ScoredMerges {
  /// All pairs of tokens whose union is a token, the highest score first: found by cutting every
  /// token in two. Equal scores share a rank, so that the leftmost wins.
  static func table(
    _ vocabulary: Vocabulary, scores: [Float], isMergeable: (Int32) -> Bool
  ) -> MergeTable {
    struct Merge {
      var left: Int32
      var right: Int32
      var id: Int32
    }
    var found: [Merge] = []
    for id in 0..<Int32(vocabulary.count) where isMergeable(id) {
      let spelling = Array(vocabulary.bytes(id))
      var border = 0
      while border < spelling.count {
        border += UTF8Text.length(lead: spelling[border])
        guard border < spelling.count, let left = vocabulary.id(of: spelling, 0, border),
          let right = vocabulary.id(of: spelling, border, spelling.count), isMergeable(left),
          isMergeable(right)
        else { continue }
        found.append(Merge(left: left, right: right, id: id))
      }
    }
    found.sort { scores[Int($0.id)] > scores[Int($1.id)] }
    var table = MergeTable(capacity: found.count)
    var rank: Int32 = -1
    var last: Float?
    for merge in found {
      let score = scores[Int(merge.id)]
      if score != last { rank += 1 }
      last = score
      table.add(merge.left, merge.right, rank: rank, id: merge.id)
    }
    return table
  }

  /// Whether every character of a token that can be merged is such a token itself: then all
  /// symbols are tokens, and the table says all there is to say.
  static func coversCharacters(
    _ vocabulary: Vocabulary, isMergeable: (Int32) -> Bool
  ) -> Bool {
    for id in 0..<Int32(vocabulary.count) where isMergeable(id) {
      let spelling = Array(vocabulary.bytes(id))
      var at = 0
      while at < spelling.count {
        let end = min(at + UTF8Text.length(lead: spelling[at]), spelling.count)
        guard let character = vocabulary.id(of: spelling, at, end), isMergeable(character) else {
          return false
        }
        at = end
      }
    }
    return true
  }
}
