/// Cuts a section of normalised text into the pieces that a model encodes one by one.
struct PreTokenizer: Sendable {
  enum Step: Sendable, Hashable {
    /// A well-known pattern, every match a piece of its own.
    case pattern(SplitPattern)
    /// Any other way to cut: what is found, and what becomes of it.
    case cut(TextCut, SplitBehavior)
    /// Before each of these characters (SentencePiece's `▁`).
    case before(marker: [UInt8])
    /// Before a marker that does not follow one: where no token goes across such a place, the
    /// pieces encode as the whole does, and can be looked up.
    case beforeRuns(marker: [UInt8])
    /// A space in front of every piece that does not begin with one.
    case prefixSpace
    /// Spaces become the marker, which is also put in front.
    case metaspace(marker: [UInt8], prefix: MetaspacePrefix)
    /// Every byte as a character of the byte alphabet.
    case byteAlphabet
  }

  /// Which pieces Metaspace puts its marker in front of.
  enum MetaspacePrefix: Sendable, Hashable {
    case always
    /// The one that begins where the text does.
    case first
    case never
  }

  var steps: [Step] = []

  /// Whether origins are needed to tell where in the original a piece begins: without them only
  /// the first step on text as it is knows.
  func asksForOrigin(isNormalized: Bool) -> Bool {
    let index = steps.lastIndex { if case .metaspace(_, .first) = $0 { true } else { false } }
    return index.map { isNormalized || $0 > 0 } ?? false
  }

  /// Cuts a section. Some steps rewrite it first.
  ///
  /// - Parameters:
  ///   - pieces: the parts of the text afterwards, in order; what no piece covers is dropped.
  ///   - isFirst: whether the section begins where the original does, where it has no origins.
  ///   - isTracing: whether pieces count as words: then there are no cuts for speed alone.
  ///   - spare: a buffer that is reused from call to call.
  func split(
    _ text: inout AlignedText, into pieces: inout [Range<Int>], isFirst: Bool,
    isTracing: Bool, spare: inout PieceBuffers
  ) {
    pieces.removeAll(keepingCapacity: true)
    guard !text.isEmpty else { return }
    pieces.append(0..<text.bytes.count)
    for step in steps {
      if isTracing, case .beforeRuns = step { continue }
      step.apply(&text, &pieces, isFirst, &spare)
    }
  }
}

/// Buffers of cutting that are reused.
struct PieceBuffers: Sendable {
  var pieces: [Range<Int>] = []
  var ends: [Int] = []
  var found: [FoundPart] = []
}

extension PreTokenizer.Step {
  fileprivate func apply(
    _ text: inout AlignedText, _ pieces: inout [Range<Int>], _ isFirst: Bool,
    _ spare: inout PieceBuffers
  ) {
    switch self {
    case .prefixSpace:
      rewrite(&text, &pieces) { piece, _ in
        if piece.bytes.first != 0x20 { piece.prepend([0x20]) }
      }
      return
    case .metaspace(let marker, let prefix):
      rewrite(&text, &pieces) { piece, index in
        piece.replace([0x20], with: marker)
        guard prefix != .never, !piece.bytes.starts(with: marker) else { return }
        let begins = piece.origin(of: 0..<1).map { $0.lowerBound == 0 } ?? (isFirst && index == 0)
        if prefix == .always || begins { piece.prepend(marker) }
      }
      return
    case .byteAlphabet:
      rewrite(&text, &pieces) { piece, _ in ByteAlphabet.spell(&piece) }
      return
    case .pattern, .cut, .before, .beforeRuns: break
    }
    swap(&pieces, &spare.pieces)
    pieces.removeAll(keepingCapacity: true)
    for piece in spare.pieces { cut(text.bytes, piece, &pieces, &spare) }
  }

  private func rewrite(
    _ text: inout AlignedText, _ pieces: inout [Range<Int>],
    _ body: (inout AlignedText, _ index: Int) -> Void
  ) {
    if pieces.count == 1, pieces[0] == 0..<text.bytes.count {
      body(&text, 0)
      pieces[0] = 0..<text.bytes.count
      return
    }
    var result = text[0..<0]
    for (index, range) in pieces.enumerated() {
      var piece = text[range]
      body(&piece, index)
      let start = result.bytes.count
      result.append(piece)
      pieces[index] = start..<result.bytes.count
    }
    text = result
  }

  private func cut(
    _ text: [UInt8], _ piece: Range<Int>, _ pieces: inout [Range<Int>],
    _ spare: inout PieceBuffers
  ) {
    switch self {
    case .pattern(let pattern):
      spare.ends.removeAll(keepingCapacity: true)
      pattern.split(text, piece, into: &spare.ends)
      var start = piece.lowerBound
      for end in spare.ends {
        if end > start { pieces.append(start..<end) }
        start = end
      }
    case .cut(let cut, let behavior):
      spare.found.removeAll(keepingCapacity: true)
      cut.find(in: text, piece, into: &spare.found)
      behavior.apply(to: spare.found, into: &pieces)
    case .before(let marker): cutAtMarkers(text, piece, marker, runs: false, &pieces)
    case .beforeRuns(let marker): cutAtMarkers(text, piece, marker, runs: true, &pieces)
    case .prefixSpace, .metaspace, .byteAlphabet: pieces.append(piece)
    }
  }

  private func cutAtMarkers(
    _ text: [UInt8], _ range: Range<Int>, _ marker: [UInt8], runs: Bool,
    _ pieces: inout [Range<Int>]
  ) {
    let first = marker.first ?? 0
    var start = range.lowerBound
    var at = range.lowerBound
    var afterMarker = runs
    while at < range.upperBound {
      guard text[at] == first,
        ByteText.has(marker, at: at, in: text, end: range.upperBound)
      else {
        afterMarker = false
        at += 1
        continue
      }
      if at > start, !(runs && afterMarker) {
        pieces.append(start..<at)
        start = at
      }
      afterMarker = true
      at += marker.count
    }
    if start < range.upperBound { pieces.append(start..<range.upperBound) }
  }
}

/// Searching and replacing in bytes.
enum ByteText {
  @inline(__always)
  static func has(_ pattern: [UInt8], at i: Int, in text: [UInt8], end: Int) -> Bool {
    guard i + pattern.count <= end else { return false }
    for k in 0..<pattern.count where text[i + k] != pattern[k] { return false }
    return true
  }

  /// Every occurrence replaced, from left to right; an empty pattern occurs nowhere.
  static func replacing(_ pattern: [UInt8], with content: [UInt8], in text: [UInt8]) -> [UInt8] {
    guard let first = pattern.first else { return text }
    var result: [UInt8] = []
    result.reserveCapacity(text.count + text.count / 4)
    var at = 0
    while at < text.count {
      if text[at] == first, has(pattern, at: at, in: text, end: text.count) {
        result.append(contentsOf: content)
        at += pattern.count
      } else {
        result.append(text[at])
        at += 1
      }
    }
    return result
  }

  static func contains(_ pattern: [UInt8], in text: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return true }
    for i in text.indices where text[i] == first {
      if text[i...].starts(with: pattern) { return true }
    }
    return false
  }
}
