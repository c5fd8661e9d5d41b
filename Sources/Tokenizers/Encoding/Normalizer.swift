/// What is done to a section of text before it is cut into pieces.
struct Normalizer: Sendable {
  enum Step: Sendable {
    case form(UnicodeNormalization)
    /// In front of a section that is not empty.
    case prepend([UInt8])
    case replace([UInt8], with: [UInt8])
    /// Runs of two or more of this byte (the pattern ` {2,}`).
    case replaceRuns(of: UInt8, with: [UInt8])
    case strip(left: Bool, right: Bool)
  }

  var steps: [Step] = []
  var isIdentity: Bool { steps.isEmpty }

  func apply(to section: [UInt8]) -> [UInt8] {
    steps.reduce(section) { text, step in step.apply(to: text) }
  }
}

extension Normalizer.Step {
  fileprivate func apply(to text: [UInt8]) -> [UInt8] {
    switch self {
    case .form(let form): return form.apply(to: text)
    case .prepend(let prefix): return text.isEmpty ? text : prefix + text
    case .replace(let pattern, let content):
      return ByteText.replacing(pattern, with: content, in: text)
    case .replaceRuns(let byte, let content):
      return replacingRuns(of: byte, with: content, in: text)
    case .strip(let left, let right): return stripped(text, left: left, right: right)
    }
  }

  private func replacingRuns(of byte: UInt8, with content: [UInt8], in text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var at = 0
    while at < text.count {
      var end = at
      while end < text.count, text[end] == byte { end += 1 }
      if end - at >= 2 {
        result.append(contentsOf: content)
        at = end
      } else {
        result.append(text[at])
        at += 1
      }
    }
    return result
  }

  private func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
    var start = 0
    var end = text.count
    while left, start < end, WhiteSpace.begins(at: start, in: text) {
      start += UTF8Text.length(lead: text[start])
    }
    while right, end > start {
      let last = text.scalarStart(before: end)
      guard WhiteSpace.begins(at: last, in: text) else { break }
      end = last
    }
    return Array(text[start..<end])
  }
}

enum WhiteSpace {
  /// Whether the scalar at `i` has the Unicode property White_Space.
  static func begins(at i: Int, in text: [UInt8]) -> Bool {
    CharacterClass.at(i, in: text, table: CharacterClass.table).class == CharacterClass.space
  }
}
