/// The operations of Python's `str`, with origins kept.
extension MarkedString {
  /// How many Unicode scalars there are.
  var characterCount: Int { PythonText.count(bytes) }

  /// Every scalar as a text.
  var characters: [MarkedString] {
    let borders = PythonText.borders(bytes)
    return (0..<borders.count - 1).map { self[borders[$0]..<borders[$0 + 1]] }
  }

  /// The scalar at this place; negative places count from the end.
  func character(at index: Int) -> MarkedString? {
    if let at = nearPlace(index) {
      let isThere =
        at < bytes.count && (index >= -1 || nearPlace(index + 1) != at)
      return isThere ? self[at..<at + UTF8Text.length(lead: bytes[at])] : nil
    }
    let borders = PythonText.borders(bytes)
    let at = index < 0 ? index + borders.count - 1 : index
    return at >= 0 && at < borders.count - 1 ? self[borders[at]..<borders[at + 1]] : nil
  }

  /// The scalars that `[start:stop:step]` takes.
  func sliced(_ bounds: (start: Int?, stop: Int?, step: Int)) -> MarkedString {
    if bounds.step == 1, let first = nearPlace(bounds.start ?? 0),
      let last = bounds.stop == nil ? bytes.count : nearPlace(bounds.stop ?? 0)
    {
      return self[first..<max(first, last)]
    }
    let borders = PythonText.borders(bytes)
    let slice = PythonSlice(borders.count - 1, bounds)
    if slice.step == 1 {
      return self[borders[slice.start]..<borders[max(slice.start, slice.stop)]]
    }
    var result = MarkedString()
    result.isMarkup = isMarkup
    for place in slice.places { result.append(self[borders[place]..<borders[place + 1]]) }
    return result
  }

  /// The first `count` scalars.
  func prefix(_ count: Int) -> MarkedString { sliced((0, count, 1)) }

  /// Where a scalar near one of the text's ends begins, found without counting all of them, and
  /// held between the ends; nil where it is far from both.
  private func nearPlace(_ index: Int) -> Int? {
    guard index.magnitude <= 64 else { return nil }
    var at = index < 0 ? bytes.count : 0
    for _ in 0..<abs(index) {
      if index < 0 {
        guard at > 0 else { return 0 }
        at = bytes.scalarStart(before: at)
      } else {
        guard at < bytes.count else { return at }
        at += UTF8Text.length(lead: bytes[at])
      }
    }
    return at
  }

  func firstRange(of pattern: [UInt8], from start: Int) -> Range<Int>? {
    BytePattern(pattern).first(in: bytes, from: start).map { $0..<$0 + pattern.count }
  }

  func lastRange(of pattern: [UInt8]) -> Range<Int>? {
    BytePattern(pattern).placesFromEnd(in: bytes, limit: 1).first.map {
      $0..<$0 + pattern.count
    }
  }

  func hasSuffix(_ suffix: [UInt8]) -> Bool {
    bytes.count >= suffix.count && bytes[(bytes.count - suffix.count)...].elementsEqual(suffix)
  }

  /// How often a pattern occurs, up to a limit; a negative limit means always.
  func occurrences(of pattern: [UInt8], limit: Int) -> Int {
    let limit = limit < 0 ? Int.max : limit
    // Python finds nothing before and after every character.
    guard !pattern.isEmpty else { return min(limit, characterCount + 1) }
    let search = BytePattern(pattern)
    var count = 0
    var at = 0
    while count < limit, let found = search.first(in: bytes, from: at) {
      count += 1
      at = found + pattern.count
    }
    return count
  }

  enum Side {
    case left, right, both
  }

  /// Without these characters at the ends; nil means white space.
  func stripped(_ side: Side, of characters: [UInt8]? = nil) -> MarkedString {
    var start = 0
    var end = bytes.count
    if let characters {
      let set = Set(PythonText.scalars(characters).map(\.value))
      while side != .right, start < end {
        let (value, length) = PythonText.scalar(in: bytes[...], at: start)
        guard set.contains(value) else { break }
        start += length
      }
      while side != .left, end > start {
        let last = bytes.scalarStart(before: end)
        guard set.contains(PythonText.scalar(in: bytes[...], at: last).value) else { break }
        end = last
      }
    } else {
      if side != .right { start = PythonText.startTrimmed(bytes[...]).startIndex }
      if side != .left { end = max(start, PythonText.endTrimmed(bytes[...]).endIndex) }
    }
    return self[start..<end]
  }

  /// Up to `limit` occurrences replaced; a negative limit means all.
  func replacing(_ pattern: [UInt8], with content: MarkedString, limit: Int) -> MarkedString {
    var result = MarkedString()
    result.isMarkup = isMarkup
    var left = limit < 0 ? Int.max : limit
    var at = 0
    guard !pattern.isEmpty else {
      // Python puts the content around every character.
      while left > 0, at < bytes.count {
        result.append(content)
        let end = at + UTF8Text.length(lead: bytes[at])
        result.append(self[at..<end])
        at = end
        left -= 1
      }
      if left > 0 { result.append(content) }
      result.append(self[at..<bytes.count])
      return result
    }
    let search = BytePattern(pattern)
    while left > 0, let found = search.first(in: bytes, from: at) {
      result.append(self[at..<found])
      result.append(content)
      at = found + pattern.count
      left -= 1
    }
    guard at > 0 else { return self }
    result.append(self[at..<bytes.count])
    return result
  }

  /// `split`: by a separator, or by runs of white space.
  func split(_ separator: [UInt8]?, limit: Int) -> [MarkedString] {
    var left = limit < 0 ? Int.max : limit
    var parts: [MarkedString] = []
    guard let separator else {
      var at = PythonText.startTrimmed(bytes[...]).startIndex
      while at < bytes.count {
        if left == 0 {
          parts.append(self[at..<bytes.count])
          break
        }
        let end = PythonText.wordEnd(in: bytes, from: at)
        parts.append(self[at..<end])
        at = PythonText.startTrimmed(bytes[end...]).startIndex
        left -= 1
      }
      return parts
    }
    let search = BytePattern(separator)
    var at = 0
    while left > 0, let found = search.first(in: bytes, from: at) {
      parts.append(self[at..<found])
      at = found + separator.count
      left -= 1
    }
    parts.append(self[at..<bytes.count])
    return parts
  }

  /// `rsplit`, which counts its limit from the end.
  func splitFromEnd(_ separator: [UInt8]?, limit: Int) -> [MarkedString] {
    guard limit >= 0 else { return split(separator, limit: limit) }
    var parts: [MarkedString] = []
    guard let separator else {
      var end = PythonText.endTrimmed(bytes[...]).endIndex
      while end > 0 {
        if parts.count == limit {
          parts.append(self[0..<end])
          break
        }
        let start = PythonText.wordStart(in: bytes, before: end)
        parts.append(self[start..<end])
        end = PythonText.endTrimmed(bytes[..<start]).endIndex
      }
      return parts.reversed()
    }
    // From the end, so that where occurrences overlap the last one counts.
    var end = bytes.count
    for found in BytePattern(separator).placesFromEnd(in: bytes, limit: limit) {
      parts.append(self[found + separator.count..<end])
      end = found
    }
    parts.append(self[0..<end])
    return parts.reversed()
  }

  /// The lines, with their ends where asked for.
  func lines(keepingEnds: Bool) -> [MarkedString] {
    var lines: [MarkedString] = []
    var start = 0
    var at = 0
    while at < bytes.count {
      let (value, length) = PythonText.scalar(in: bytes[...], at: at)
      var end = at + length
      let isBreak =
        (0x0A...0x0D).contains(value) || (0x1C...0x1E).contains(value) || value == 0x85
        || value == 0x2028 || value == 0x2029
      if isBreak {
        if value == 0x0D, end < bytes.count, bytes[end] == 0x0A { end += 1 }
        lines.append(self[start..<(keepingEnds ? end : at)])
        start = end
      }
      at = end
    }
    if start < bytes.count { lines.append(self[start..<bytes.count]) }
    return lines
  }

  /// A run of one character of the template's.
  static func spaces(_ count: Int) -> MarkedString {
    MarkedString(bytes: Array(repeating: 0x20, count: max(0, count)))
  }

  /// Every character rewritten by a rule that may depend on those before it; origins are kept.
  func mapCharacters(_ transform: (Unicode.Scalar) -> String) -> MarkedString {
    var result = MarkedString()
    result.isMarkup = isMarkup
    for run in runs {
      var mapped: [UInt8] = []
      mapped.reserveCapacity(run.range.count)
      for scalar in String(decoding: bytes[run.range], as: UTF8.self).unicodeScalars {
        mapped.append(contentsOf: transform(scalar).utf8)
      }
      result.append(mapped, origin: run.origin)
    }
    return result
  }
}
