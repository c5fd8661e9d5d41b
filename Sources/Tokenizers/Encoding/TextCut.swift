/// A part of a piece: something that was looked for, or what stands between.
struct FoundPart: Sendable, Hashable {
  var range: Range<Int>
  var isMatch: Bool
}

/// What a pre-tokeniser looks for.
struct TextCut: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case pattern(RegexPattern)
    case literal([UInt8])
    /// One scalar of a kind.
    case scalar(ScalarKind)
    /// Runs of word characters, and runs of what is neither that nor white space.
    case words
    /// Where the script changes.
    case scripts
    /// Every so many scalars.
    case fixedLength(Int)
    /// Groups of digits as llama.cpp's `afmoe` makes them: three each, counted from the end.
    case digitGroups
  }

  enum ScalarKind: Sendable, Hashable {
    case whiteSpace
    case punctuation
    case number
    case one(UInt32)

    func contains(_ scalar: UInt32) -> Bool {
      switch self {
      case .whiteSpace: UnicodeTables.isWhiteSpace.contains(scalar)
      case .punctuation: UnicodeTables.isPunctuation.contains(scalar)
      case .number: UnicodeTables.isNumber.contains(scalar)
      case .one(let wanted): scalar == wanted
      }
    }
  }

  var kind: Kind
  /// What is found counts as what stands between and the other way round.
  var isInverted = false

  /// Appends the parts of `text[range]`, which cover all of it.
  func find(in text: [UInt8], _ range: Range<Int>, into parts: inout [FoundPart]) {
    let first = parts.count
    switch kind {
    case .pattern(let pattern):
      var at = range.lowerBound
      pattern.forEachMatch(in: text, range) { match in
        if match.lowerBound > at {
          parts.append(FoundPart(range: at..<match.lowerBound, isMatch: false))
        }
        parts.append(FoundPart(range: match, isMatch: true))
        at = match.upperBound
      }
      if at < range.upperBound {
        parts.append(FoundPart(range: at..<range.upperBound, isMatch: false))
      }
    case .literal(let literal): findLiteral(literal, in: text, range, into: &parts)
    case .scalar(let kind): findScalars(kind, in: text, range, into: &parts)
    case .words: findWords(in: text, range, into: &parts)
    case .scripts: findScripts(in: text, range, into: &parts)
    case .fixedLength(let length): findFixed(length, in: text, range, into: &parts)
    case .digitGroups: findDigitGroups(in: text, range, into: &parts)
    }
    guard isInverted else { return }
    for i in first..<parts.count { parts[i].isMatch.toggle() }
  }

  private func findLiteral(
    _ literal: [UInt8], in text: [UInt8], _ range: Range<Int>, into parts: inout [FoundPart]
  ) {
    var from = range.lowerBound
    var at = range.lowerBound
    while at < range.upperBound {
      guard ByteText.has(literal, at: at, in: text, end: range.upperBound) else {
        at += 1
        continue
      }
      if at > from { parts.append(FoundPart(range: from..<at, isMatch: false)) }
      parts.append(FoundPart(range: at..<at + literal.count, isMatch: true))
      at += literal.count
      from = at
    }
    if from < range.upperBound {
      parts.append(FoundPart(range: from..<range.upperBound, isMatch: false))
    }
  }

  private func findScalars(
    _ kind: ScalarKind, in text: [UInt8], _ range: Range<Int>, into parts: inout [FoundPart]
  ) {
    var from = range.lowerBound
    var at = range.lowerBound
    while at < range.upperBound {
      let scalar = text.scalar(at: at)
      let next = at + scalar.length
      if kind.contains(scalar.value) {
        if at > from { parts.append(FoundPart(range: from..<at, isMatch: false)) }
        parts.append(FoundPart(range: at..<next, isMatch: true))
        from = next
      }
      at = next
    }
    if from < at { parts.append(FoundPart(range: from..<at, isMatch: false)) }
  }

  private func findWords(
    in text: [UInt8], _ range: Range<Int>, into parts: inout [FoundPart]
  ) {
    var from = range.lowerBound
    var at = range.lowerBound
    var last = -1
    while at < range.upperBound {
      let scalar = text.scalar(at: at)
      let kind =
        UnicodeTables.isWord.contains(scalar.value)
        ? 0 : UnicodeTables.isWhiteSpace.contains(scalar.value) ? 1 : 2
      if kind != last, at > from {
        parts.append(FoundPart(range: from..<at, isMatch: last != 1))
        from = at
      }
      last = kind
      at += scalar.length
    }
    if from < at { parts.append(FoundPart(range: from..<at, isMatch: last != 1)) }
  }

  private func findScripts(
    in text: [UInt8], _ range: Range<Int>, into parts: inout [FoundPart]
  ) {
    // Text before the first change that the reference sees is lost there: it notes no beginning
    // where a piece begins with a character of no script.
    var starts: [Int] = []
    var last: UInt8?
    var at = range.lowerBound
    while at < range.upperBound {
      let scalar = text.scalar(at: at)
      let script = UnicodeTables.splitScript[scalar.value]
      if script != 0 {
        if last != script { starts.append(at) }
        last = script
      }
      at += scalar.length
    }
    starts.append(range.upperBound)
    for (start, end) in zip(starts, starts.dropFirst()) {
      parts.append(FoundPart(range: start..<end, isMatch: true))
    }
  }

  private func findFixed(
    _ length: Int, in text: [UInt8], _ range: Range<Int>, into parts: inout [FoundPart]
  ) {
    var from = range.lowerBound
    var at = from
    var count = 0
    while at < range.upperBound {
      at += UTF8Text.length(lead: text[at])
      count += 1
      if count == length {
        parts.append(FoundPart(range: from..<at, isMatch: true))
        (from, count) = (at, 0)
      }
    }
    if from < at { parts.append(FoundPart(range: from..<at, isMatch: true)) }
  }

  private func findDigitGroups(
    in text: [UInt8], _ range: Range<Int>, into parts: inout [FoundPart]
  ) {
    var at = range.lowerBound
    while at < range.upperBound {
      var borders = [at]
      var end = at
      let isNumber = TextCut.isNumber(text, at)
      while end < range.upperBound, TextCut.isNumber(text, end) == isNumber {
        end += UTF8Text.length(lead: text[end])
        borders.append(end)
      }
      guard isNumber else {
        parts.append(FoundPart(range: at..<end, isMatch: false))
        at = end
        continue
      }
      var from = 0
      var to = (borders.count - 1) % 3
      if to == 0 { to = 3 }
      while to < borders.count {
        parts.append(FoundPart(range: borders[from]..<borders[to], isMatch: true))
        (from, to) = (to, to + 3)
      }
      at = end
    }
  }

  private static func isNumber(_ text: [UInt8], _ at: Int) -> Bool {
    CharacterClass.at(at, in: text, table: CharacterClass.table).class == CharacterClass.number
  }
}

/// What becomes of the parts that a cut finds.
///
/// - Source: `SplitDelimiterBehavior` of Hugging Face's `tokenizers`.
enum SplitBehavior: String, Sendable, Hashable, CaseIterable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  func apply(to parts: [FoundPart], into pieces: inout [Range<Int>]) {
    let first = pieces.count
    switch self {
    case .removed: for part in parts where !part.isMatch { pieces.append(part.range) }
    case .isolated: for part in parts { pieces.append(part.range) }
    case .contiguous:
      var wasMatch = false
      for part in parts {
        merge(part, when: part.isMatch == wasMatch, first, &pieces)
        wasMatch = part.isMatch
      }
    case .mergedWithPrevious:
      var wasMatch = false
      for part in parts {
        merge(part, when: part.isMatch && !wasMatch, first, &pieces)
        wasMatch = part.isMatch
      }
    case .mergedWithNext:
      var wasMatch = false
      for part in parts.reversed() {
        if part.isMatch, !wasMatch, pieces.count > first {
          pieces[pieces.count - 1] =
            part.range.lowerBound..<pieces[pieces.count - 1].upperBound
        } else {
          pieces.append(part.range)
        }
        wasMatch = part.isMatch
      }
      pieces[first...].reverse()
    }
    if parts.contains(where: \.range.isEmpty) {
      let kept = pieces[first...].filter { !$0.isEmpty }
      pieces.replaceSubrange(first..., with: kept)
    }
  }

  private func merge(
    _ part: FoundPart, when merges: Bool, _ first: Int, _ pieces: inout [Range<Int>]
  ) {
    if merges, pieces.count > first {
      pieces[pieces.count - 1] =
        pieces[pieces.count - 1].lowerBound..<part.range.upperBound
    } else {
      pieces.append(part.range)
    }
  }
}
