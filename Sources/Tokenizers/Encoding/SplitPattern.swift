/// A well-known split pattern, recognised by its text and run as a hand-written scanner.
///
/// Each scanner gives exactly what its regular expression gives, alternative by alternative.
enum SplitPattern: Sendable, Hashable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2
  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n]*`
  /// `|\s*[\r\n]+|\s+(?!\S)|\s+`: `D` is 3 for Llama 3 and 1 for Qwen 2.
  case cl100k(digits: Int)

  /// The pattern that a tokenizer file spells out, or nil where no scanner is known for it.
  init?(text: String) {
    let contractions = [
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)", "(?i:[sdmt]|ll|ve|re)", "'(?i:[sdmt]|ll|ve|re)",
      "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])",
    ]
    let tail = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    let words = "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
    if text == SplitPattern.gpt2Text {
      self = .gpt2
    } else if contractions.contains(where: { text == $0 + words + "|\\p{N}" + tail }) {
      self = .cl100k(digits: 1)
    } else if contractions.contains(where: { text == $0 + words + "|\\p{N}{1,3}" + tail }) {
      self = .cl100k(digits: 3)
    } else {
      return nil
    }
  }

  static let gpt2Text =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

  /// Appends the end of every piece of `text[range]`; the last one is the range's end.
  func split(_ text: [UInt8], _ range: Range<Int>, into ends: inout [Int]) {
    let scanner = PieceScanner(text: text, end: range.upperBound, table: CharacterClass.table)
    var at = range.lowerBound
    switch self {
    case .gpt2:
      while at < range.upperBound {
        at = scanner.gpt2Piece(from: at)
        ends.append(at)
      }
    case .cl100k(let digits):
      while at < range.upperBound {
        at = scanner.cl100kPiece(from: at, digits: digits)
        ends.append(at)
      }
    }
  }
}

/// One pass over a section of text; look-ahead never goes past `end`.
private struct PieceScanner {
  let text: [UInt8]
  let end: Int
  let table: [UInt8]

  @inline(__always)
  private func classAt(_ i: Int) -> (class: UInt8, length: Int) {
    CharacterClass.at(i, in: text, table: table)
  }

  /// The end of the run of one class that goes on at `i`.
  @inline(__always)
  private func run(of wanted: UInt8, from i: Int) -> Int {
    var at = i
    while at < end {
      let next = classAt(at)
      guard next.class == wanted else { break }
      at += next.length
    }
    return at
  }

  func gpt2Piece(from start: Int) -> Int {
    let first = text[start]
    if first == UInt8(ascii: "'"), let end = contraction(after: start + 1, foldsCase: false) {
      return end
    }
    var at = start
    if first == UInt8(ascii: " "), start + 1 < end { at += 1 }
    let next = classAt(at)
    if next.class != CharacterClass.space { return run(of: next.class, from: at + next.length) }
    return whiteSpace(from: start)
  }

  func cl100kPiece(from start: Int, digits: Int) -> Int {
    let first = text[start]
    if first == UInt8(ascii: "'"), let end = contraction(after: start + 1, foldsCase: true) {
      return end
    }
    let head = classAt(start)
    let isNewline = first == 0x0A || first == 0x0D
    switch head.class {
    case CharacterClass.letter:
      return run(of: CharacterClass.letter, from: start + head.length)
    case CharacterClass.number:
      return number(from: start + head.length, left: digits - 1)
    default: break
    }
    let second = start + head.length
    if !isNewline, second < end {
      let next = classAt(second)
      if next.class == CharacterClass.letter {
        return run(of: CharacterClass.letter, from: second + next.length)
      }
      if first == UInt8(ascii: " "), next.class == CharacterClass.other {
        return newlines(from: run(of: CharacterClass.other, from: second + next.length))
      }
    }
    if head.class == CharacterClass.other {
      return newlines(from: run(of: CharacterClass.other, from: second))
    }
    return newlinesOrSpace(from: start)
  }

  private func number(from i: Int, left: Int) -> Int {
    var at = i
    for _ in 0..<left where at < end {
      let next = classAt(at)
      guard next.class == CharacterClass.number else { break }
      at += next.length
    }
    return at
  }

  /// `[\r\n]*`
  private func newlines(from i: Int) -> Int {
    var at = i
    while at < end, text[at] == 0x0A || text[at] == 0x0D { at += 1 }
    return at
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line break of the run where it has one.
  private func newlinesOrSpace(from start: Int) -> Int {
    var at = start
    var afterNewline: Int?
    while at < end {
      let next = classAt(at)
      guard next.class == CharacterClass.space else { break }
      at += next.length
      if text[at - 1] == 0x0A || text[at - 1] == 0x0D { afterNewline = at }
    }
    return afterNewline ?? beforeLast(from: start, to: at)
  }

  /// `\s+(?!\S)|\s+`
  private func whiteSpace(from start: Int) -> Int {
    beforeLast(from: start, to: run(of: CharacterClass.space, from: start))
  }

  /// A run of spaces leaves its last one to the word behind it.
  private func beforeLast(from start: Int, to runEnd: Int) -> Int {
    guard runEnd < end else { return runEnd }
    let last = text.scalarStart(before: runEnd)
    return last > start ? last : runEnd
  }

  /// The end of `s`, `t`, `re`, `ve`, `m`, `ll` or `d` at `i`, which follows an apostrophe.
  private func contraction(after i: Int, foldsCase: Bool) -> Int? {
    guard i < end else { return nil }
    // The long s folds to s, as regular expressions fold case.
    if foldsCase, i + 1 < end, text[i] == 0xC5, text[i + 1] == 0xBF { return i + 2 }
    let fold: UInt8 = foldsCase ? 0x20 : 0
    switch text[i] | fold {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return i + 1
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return i + 1 < end && text[i + 1] | fold == UInt8(ascii: "e") ? i + 2 : nil
    case UInt8(ascii: "l"):
      return i + 1 < end && text[i + 1] | fold == UInt8(ascii: "l") ? i + 2 : nil
    default: return nil
    }
  }
}
