import ApusTextKernels
import Foundation
import Testing

/// The scanners against the regular expressions that they stand for, run by another engine.
@Suite struct SplitTests {
  struct Known: Sendable, CustomTestStringConvertible {
    let name: String
    let family: apus_text_family
    let digits: Int32
    var contractions = false
    var joinsMarks = false
    var takesLastSpaces = false
    /// Patterns that are applied first, one after the other, and the pattern.
    var isolated: [String] = []
    let regex: String
    /// What it does not match is a piece too.
    var hasGaps = false

    var testDescription: String { name }
    var pattern: apus_text_pattern {
      apus_text_pattern(
        family: Int32(family.rawValue), digits: digits, contractions: contractions,
        joins_marks: joinsMarks, takes_last_spaces: takesLastSpaces)
    }
  }

  private static let gpt2 =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
  private static let space = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

  private static func cl100k(_ number: String, words: String = "\\p{L}") -> String {
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[" + words + "]+|" + number
      + "| ?[^\\s" + words + "\\p{N}]+[\\r\\n]*" + space
  }

  private static func o200k(_ number: String, _ contraction: String) -> String {
    let prefix = "[^\\r\\n\\p{L}\\p{N}]?"
    let upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
    let lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
    return prefix + upper + "*" + lower + "+" + contraction + "|" + prefix + upper + "+" + lower
      + "*" + contraction + "|" + number + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + space
  }

  static let known: [Known] = [
    Known(name: "gpt2", family: APUS_TEXT_GPT2, digits: 0, regex: gpt2),
    Known(name: "smollm", family: APUS_TEXT_GPT2, digits: 1, isolated: ["\\p{N}"], regex: gpt2),
    Known(name: "qwen2", family: APUS_TEXT_CL100K, digits: 1, regex: cl100k("\\p{N}")),
    Known(name: "two digits", family: APUS_TEXT_CL100K, digits: 2, regex: cl100k("\\p{N}{1,2}")),
    Known(name: "llama3", family: APUS_TEXT_CL100K, digits: 3, regex: cl100k("\\p{N}{1,3}")),
    Known(name: "all digits", family: APUS_TEXT_CL100K, digits: 0, regex: cl100k("\\p{N}+")),
    Known(
      name: "qwen3.5", family: APUS_TEXT_CL100K, digits: 1, joinsMarks: true,
      regex: cl100k("\\p{N}", words: "\\p{L}\\p{M}")),
    Known(
      name: "tiktoken", family: APUS_TEXT_CL100K, digits: 3, takesLastSpaces: true,
      regex: "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+"
        + "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++\\z|\\s*[\\r\\n]|\\s+(?!\\S)|\\s"),
    Known(
      name: "deepseek v3", family: APUS_TEXT_DEEPSEEK3, digits: 3,
      isolated: ["\\p{N}{1,3}", "[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+"],
      regex: ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"##
        + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*" + space,
      hasGaps: true),
    Known(
      name: "o200k", family: APUS_TEXT_O200K, digits: 3, contractions: true,
      regex: o200k("\\p{N}{1,3}", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?")),
    Known(name: "tekken", family: APUS_TEXT_O200K, digits: 1, regex: o200k("\\p{N}", "")),
  ]

  @Test(arguments: known)
  func everyInstructionSetFollowsThePattern(_ known: Known) throws {
    let regex = try NSRegularExpression(pattern: known.regex)
    let isolated = try known.isolated.map { try NSRegularExpression(pattern: $0) }
    var source = RandomText(seed: 5)
    for _ in 0..<1500 {
      let text = source.next()
      let bytes = Array(text.utf8)
      let expected = ends(of: text, regex, isolated, hasGaps: known.hasGaps)
      for instructionSet in 0...apus_text_isa_best() {
        #expect(
          split(bytes, known.pattern, instructionSet) == expected,
          "\(text.debugDescription), instruction set \(instructionSet)")
      }
    }
  }

  /// What is between two matches of the patterns before is a text of its own to the pattern.
  private func ends(
    of text: String, _ regex: NSRegularExpression, _ isolated: [NSRegularExpression],
    hasGaps: Bool
  ) -> [Int] {
    // Pieces, and whether an earlier pattern matched them.
    var parts = [(text: text, isDone: false)]
    for pattern in isolated + [regex] {
      parts = parts.flatMap { part -> [(text: String, isDone: Bool)] in
        part.isDone ? [part] : pieces(of: part.text, pattern)
      }
    }
    var end = 0
    return parts.filter { !$0.text.isEmpty }.map { part in
      #expect(part.isDone || hasGaps, "a gap in \(text.debugDescription)")
      end += part.text.utf8.count
      return end
    }
  }

  private func pieces(
    of text: String, _ pattern: NSRegularExpression
  ) -> [(text: String, isDone: Bool)] {
    let whole = text as NSString
    var parts: [(text: String, isDone: Bool)] = []
    var at = 0
    for match in pattern.matches(in: text, range: NSRange(0..<whole.length)) {
      parts.append((whole.substring(with: NSRange(at..<match.range.lowerBound)), false))
      parts.append((whole.substring(with: match.range), true))
      at = match.range.upperBound
    }
    parts.append((whole.substring(from: at), false))
    return parts
  }

  private func split(
    _ text: [UInt8], _ pattern: apus_text_pattern, _ instructionSet: Int32
  ) -> [Int] {
    var pattern = pattern
    var from = 0
    var ends: [Int] = []
    // Odd steps, so that calls end inside blocks.
    while from < text.count {
      var some = [Int](repeating: 0, count: 7)
      let found = unsafe apus_text_split(
        &pattern, instructionSet, text, text.count, &from, &some, some.count)
      guard found > 0, some[found - 1] == from else { break }
      ends += some[..<found]
    }
    return ends
  }

  @Test func bytesThatAreNoTextAreCoveredToo() {
    var source = RandomText(seed: 9)
    for _ in 0..<2000 {
      let bytes = (0..<Int(source.number(below: 200))).map { _ in UInt8(source.number(below: 256)) }
      for known in Self.known {
        for instructionSet in 0...apus_text_isa_best() {
          let ends = split(bytes, known.pattern, instructionSet)
          #expect(ends.last ?? 0 == bytes.count)
          #expect(zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 })
        }
      }
    }
  }

  /// The end of one text is no end of a piece that touches it inside another.
  @Test func aBillionSpacesTakeOneLook() {
    let bytes = [UInt8](repeating: 0x20, count: 1 << 20)
    for known in Self.known {
      #expect(split(bytes, known.pattern, apus_text_isa_best()) == [bytes.count])
    }
  }
}

/// Texts of mixed scripts, runs and everything that patterns look at, the same in every run.
struct RandomText {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func number(below limit: UInt32) -> UInt32 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt32(truncatingIfNeeded: state >> 24) % limit
  }

  private static let special: [Unicode.Scalar] = [
    " ", " ", "\n", "\r", "\t", "'", "/", "a", "b", "s", "t", "l", "L", "E", "R", "S", "A", "Z",
    "0", "7", "9", "(", ".", "\u{17F}", "é", "É", "\u{301}", "\u{300}", "中", "あ", "\u{A0}",
    "\u{3000}", "\u{2028}", "\u{85}", "\u{1C5}", "\u{2160}", "\u{661}", "\u{1F600}", "\u{1D400}",
    "\u{1D7CE}", "€", "—", "\u{E33}", "\u{94D}", "\u{E0101}", "\u{10FFFF}", "\0",
  ]

  mutating func next() -> String {
    var text = String.UnicodeScalarView()
    let length = Int(number(below: 300))
    let mode = number(below: 5)
    while text.count < length {
      let scalar = scalar(mode)
      let count = number(below: 16) == 0 ? number(below: 80) : 1
      for _ in 0..<count { text.append(scalar) }
    }
    return String(text)
  }

  private mutating func scalar(_ mode: UInt32) -> Unicode.Scalar {
    let letter = Unicode.Scalar(UInt8(97 + number(below: 26)))
    switch mode {
    case 0: return Self.special[Int(number(below: UInt32(Self.special.count)))]
    case 1: return Unicode.Scalar(UInt8(number(below: 128)))
    case 2: return Self.special[Int(number(below: 24))]
    case 3: return number(below: 7) == 0 ? scalar(0) : letter
    default:
      // What every engine's tables agree about.
      guard let scalar = Unicode.Scalar(number(below: 0x110000)),
        let age = scalar.properties.age, age.major < 14
      else { return letter }
      return scalar
    }
  }
}
