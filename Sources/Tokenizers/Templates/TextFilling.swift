/// Breaks a line into shorter ones, as Python's `textwrap` does when it changes no white space.
///
/// - Source: Python 3.11, `textwrap.py`, for where a word may be broken.
struct TextFilling {
  var width = 79
  var breaksLongWords = true
  var breaksOnHyphens = true

  func wrap(_ text: MarkedString) -> [MarkedString] {
    let scalars = PythonText.scalars(text.bytes)
    let borders = PythonText.borders(text.bytes)
    var chunks: [Range<Int>] = self.chunks(scalars).reversed()
    var lines: [Range<Int>] = []
    while let first = chunks.last {
      if isSpace(scalars[first.lowerBound]), !lines.isEmpty {
        chunks.removeLast()
        if chunks.isEmpty { break }
      }
      if let line = nextLine(&chunks, scalars) { lines.append(line) }
    }
    return lines.map { text[borders[$0.lowerBound]..<borders[$0.upperBound]] }
  }

  /// The characters of the next line; nil where it would be empty.
  private func nextLine(
    _ chunks: inout [Range<Int>], _ scalars: [Unicode.Scalar]
  ) -> Range<Int>? {
    var line: [Range<Int>] = []
    var length = 0
    while let next = chunks.last, length + next.count <= width {
      line.append(next)
      length += next.count
      chunks.removeLast()
    }
    if let next = chunks.last, next.count > width {
      // None, perhaps: then white space stays at the end of the line, as in the reference.
      let space = width - length
      if breaksLongWords {
        let end = next.lowerBound + cut(scalars[next], at: space)
        line.append(next.lowerBound..<end)
        chunks[chunks.count - 1] = end..<next.upperBound
      } else if line.isEmpty {
        line.append(next)
        chunks.removeLast()
      }
    }
    if let last = line.last, scalars[last].allSatisfy(PythonText.isSpace) { line.removeLast() }
    guard let first = line.first, let last = line.last else { return nil }
    return first.lowerBound..<last.upperBound
  }

  /// A long word is cut behind a hyphen where there is one.
  private func cut(_ word: ArraySlice<Unicode.Scalar>, at space: Int) -> Int {
    guard breaksOnHyphens, word.count > space else { return space }
    let head = word.prefix(space)
    guard let hyphen = head.lastIndex(of: "-"), hyphen > word.startIndex,
      head[..<hyphen].contains(where: { $0 != "-" })
    else { return space }
    return hyphen - word.startIndex + 1
  }

  private func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || (0x09...0x0D).contains(scalar.value)
  }

  /// A letter in the pattern's sense: of a word and no digit.
  private func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) && scalar.properties.numericType != .decimal
  }

  private func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || PythonText.isAlphanumeric(scalar)
  }

  private func isWordOrMark(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) || "!\"'&.,?".unicodeScalars.contains(scalar)
  }

  /// White space, and words, cut behind hyphens and around dashes.
  private func chunks(_ text: [Unicode.Scalar]) -> [Range<Int>] {
    var chunks: [Range<Int>] = []
    var at = 0
    while at < text.count {
      var end = at
      if isSpace(text[at]) {
        while end < text.count, isSpace(text[end]) { end += 1 }
      } else if breaksOnHyphens, let dash = dashEnd(text, at) {
        end = dash
      } else {
        end = at + 1
        while end < text.count, !isSpace(text[end]), !endsChunk(text, end, from: at) { end += 1 }
      }
      chunks.append(at..<end)
      at = end
    }
    return chunks
  }

  /// Where a dash of two or more hyphens between words ends.
  private func dashEnd(_ text: [Unicode.Scalar], _ at: Int) -> Int? {
    guard text[at] == "-", at > 0, isWordOrMark(text[at - 1]) else { return nil }
    var end = at
    while end < text.count, text[end] == "-" { end += 1 }
    return end - at >= 2 && end < text.count && isWord(text[end]) ? end : nil
  }

  /// Whether a word may be cut between `end - 1` and `end`.
  private func endsChunk(_ text: [Unicode.Scalar], _ end: Int, from start: Int) -> Bool {
    guard breaksOnHyphens else { return false }
    if dashEnd(text, end) != nil { return true }
    // The pattern wants at least one character before the hyphen.
    guard text[end - 1] == "-", end - 1 > start else { return false }
    func letter(_ i: Int) -> Bool { i >= 0 && i < text.count && isLetter(text[i]) }
    let isBehindWord =
      (letter(end - 2) && letter(end - 3))
      || (letter(end - 2) && end >= 4 && text[end - 3] == "-" && letter(end - 4))
    guard isBehindWord, letter(end) else { return false }
    return letter(end + 1) || (end + 1 < text.count && text[end + 1] == "-" && letter(end + 2))
  }
}

extension PythonText {
  fileprivate static func isSpace(_ scalar: Unicode.Scalar) -> Bool { isSpace(scalar.value) }
}
