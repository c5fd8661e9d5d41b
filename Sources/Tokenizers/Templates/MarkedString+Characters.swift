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
    let borders = PythonText.borders(bytes)
    let at = index < 0 ? index + borders.count - 1 : index
    return at >= 0 && at < borders.count - 1 ? self[borders[at]..<borders[at + 1]] : nil
  }

  /// The scalars at these places, which are `step` apart.
  func sliced(_ places: [Int], _ step: Int) -> MarkedString {
    guard let first = places.first, let last = places.last else { return MarkedString() }
    let borders = PythonText.borders(bytes)
    if step == 1 { return self[borders[first]..<borders[last + 1]] }
    var result = MarkedString()
    result.isMarkup = isMarkup
    for place in places { result.append(self[borders[place]..<borders[place + 1]]) }
    return result
  }

  func firstRange(of pattern: [UInt8], from start: Int) -> Range<Int>? {
    guard let first = pattern.first else { return start..<start }
    var at = start
    while at + pattern.count <= bytes.count {
      if bytes[at] == first, bytes[at...].starts(with: pattern) { return at..<at + pattern.count }
      at += 1
    }
    return nil
  }

  func lastRange(of pattern: [UInt8]) -> Range<Int>? {
    var at = bytes.count - pattern.count
    while at >= 0 {
      if bytes[at...].starts(with: pattern) { return at..<at + pattern.count }
      at -= 1
    }
    return nil
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
    guard !pattern.isEmpty else {
      // Python puts the content around every character.
      for character in characters where left > 0 {
        result.append(content)
        result.append(character)
        left -= 1
      }
      let done = limit < 0 ? characterCount : min(limit, characterCount)
      let borders = PythonText.borders(bytes)
      result.append(self[borders[done]..<bytes.count])
      if left > 0 { result.append(content) }
      return result
    }
    var at = 0
    while left > 0, let found = firstRange(of: pattern, from: at) {
      result.append(self[at..<found.lowerBound])
      result.append(content)
      at = found.upperBound
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
      var rest = stripped(.left)
      while !rest.isEmpty {
        if left == 0 {
          parts.append(rest)
          break
        }
        var end = 0
        while end < rest.bytes.count {
          let (value, length) = PythonText.scalar(in: rest.bytes[...], at: end)
          if PythonText.isSpace(value) { break }
          end += length
        }
        parts.append(rest[0..<end])
        rest = rest[end..<rest.bytes.count].stripped(.left)
        left -= 1
      }
      return parts
    }
    var at = 0
    while left > 0, let found = firstRange(of: separator, from: at) {
      parts.append(self[at..<found.lowerBound])
      at = found.upperBound
      left -= 1
    }
    parts.append(self[at..<bytes.count])
    return parts
  }

  /// `rsplit`, which counts its limit from the end.
  func splitFromEnd(_ separator: [UInt8]?, limit: Int) -> [MarkedString] {
    guard limit >= 0 else { return split(separator, limit: limit) }
    guard let separator else {
      let words = split(nil, limit: -1)
      guard words.count > limit else { return words }
      var rest = stripped(.right)
      var tail: [MarkedString] = []
      for word in words.suffix(limit).reversed() {
        tail.insert(word, at: 0)
        rest = rest[0..<rest.utf8Count - word.utf8Count].stripped(.right)
      }
      return (rest.isEmpty ? [] : [rest]) + tail
    }
    var parts: [MarkedString] = []
    var rest = self
    while parts.count < limit, let found = rest.lastRange(of: separator) {
      parts.insert(rest[found.upperBound..<rest.utf8Count], at: 0)
      rest = rest[0..<found.lowerBound]
    }
    return [rest] + parts
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

  /// Escaped for HTML, unless it is already.
  var escaped: MarkedString {
    guard !isMarkup else { return self }
    var result = mapRuns(TemplateTextFilters.escaped)
    result.isMarkup = true
    return result
  }

  /// The text itself, no longer markup.
  var plain: MarkedString {
    var result = self
    result.isMarkup = false
    return result
  }

  static func joined(_ parts: [MarkedString], separator: MarkedString) -> MarkedString {
    var result = MarkedString()
    for (i, part) in parts.enumerated() {
      if i > 0 { result.append(separator) }
      result.append(part)
    }
    return result
  }

  /// A run of one character of the template's.
  static func spaces(_ count: Int) -> MarkedString {
    MarkedString(bytes: Array(repeating: 0x20, count: max(0, count)))
  }
}
