/// Cuts a section of normalised text into the pieces that a model merges one by one.
struct PreTokenizer: Sendable {
  enum Step: Sendable, Hashable {
    case pattern(SplitPattern)
    /// Numbers (`\p{N}`) apart from the rest, one by one or run by run.
    case digits(individual: Bool)
    /// Before each of these characters (SentencePiece's `▁`).
    case before(marker: [UInt8])
    /// Before a marker that does not follow one: where no token goes across such a place, the
    /// pieces encode as the whole does, and can be looked up.
    case beforeRuns(marker: [UInt8])
  }

  /// Put before a section that does not begin with it (`add_prefix_space`).
  var prefix: [UInt8] = []
  /// The prefix is for the first section only (Metaspace's scheme "first").
  var prefixesFirstOnly = false
  /// What a space becomes before the text is cut (Metaspace).
  var spaceReplacement: [UInt8] = []
  var steps: [Step] = []

  /// The ends of the pieces of the whole text, in order.
  ///
  /// - Parameter spare: a buffer that is reused from call to call.
  func split(_ text: [UInt8], into ends: inout [Int], spare: inout [Int]) {
    ends.removeAll(keepingCapacity: true)
    guard text.count > 0 else { return }
    ends.append(text.count)
    for step in steps {
      swap(&ends, &spare)
      ends.removeAll(keepingCapacity: true)
      var start = 0
      for end in spare {
        step.split(text, start..<end, into: &ends)
        start = end
      }
    }
  }

  /// The section as the steps see it, or nil where it stays as it is.
  func prepared(_ section: [UInt8], isFirst: Bool) -> [UInt8]? {
    guard !section.isEmpty else { return nil }
    var bytes: [UInt8]?
    if !spaceReplacement.isEmpty {
      bytes = ByteText.replacing([0x20], with: spaceReplacement, in: section)
    }
    if !prefix.isEmpty, isFirst || !prefixesFirstOnly, !(bytes ?? section).starts(with: prefix) {
      bytes = prefix + (bytes ?? section)
    }
    return bytes
  }
}

extension PreTokenizer.Step {
  fileprivate func split(_ text: [UInt8], _ range: Range<Int>, into ends: inout [Int]) {
    switch self {
    case .pattern(let pattern): pattern.split(text, range, into: &ends)
    case .digits(let individual):
      splitDigits(text, range, individual: individual, into: &ends)
    case .before(let marker):
      splitMarkers(text, range, marker: marker, runs: false, into: &ends)
    case .beforeRuns(let marker):
      splitMarkers(text, range, marker: marker, runs: true, into: &ends)
    }
  }

  private func splitDigits(
    _ text: [UInt8], _ range: Range<Int>, individual: Bool, into ends: inout [Int]
  ) {
    let table = CharacterClass.table
    var at = range.lowerBound
    var wasNumber = false
    while at < range.upperBound {
      let next = CharacterClass.at(at, in: text, table: table)
      let isNumber = next.class == CharacterClass.number
      if at > range.lowerBound, isNumber != wasNumber || (isNumber && individual) {
        ends.append(at)
      }
      wasNumber = isNumber
      at += next.length
    }
    ends.append(range.upperBound)
  }

  private func splitMarkers(
    _ text: [UInt8], _ range: Range<Int>, marker: [UInt8], runs: Bool, into ends: inout [Int]
  ) {
    var at = range.lowerBound
    var afterMarker = runs
    while at < range.upperBound {
      let isMarker = ByteText.has(marker, at: at, in: text, end: range.upperBound)
      if isMarker, at > range.lowerBound, !(runs && afterMarker) { ends.append(at) }
      afterMarker = isMarker
      at += isMarker ? marker.count : UTF8Text.length(lead: text[at])
    }
    ends.append(range.upperBound)
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
}

extension ByteText {
  static func contains(_ pattern: [UInt8], in text: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return true }
    for i in text.indices where text[i] == first {
      if text[i...].starts(with: pattern) { return true }
    }
    return false
  }
}
