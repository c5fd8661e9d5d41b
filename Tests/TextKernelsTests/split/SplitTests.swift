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
    /// A pattern that is applied first, and the pattern.
    var isolated: String?
    let regex: String

    var testDescription: String { name }
    var pattern: apus_text_pattern {
      apus_text_pattern(
        family: Int32(family.rawValue), digits: digits, contractions: contractions)
    }
  }

  private static let gpt2 =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
  private static let space = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

  private static func cl100k(_ number: String) -> String {
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + number
      + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" + space
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
    Known(name: "smollm", family: APUS_TEXT_GPT2, digits: 1, isolated: "\\p{N}", regex: gpt2),
    Known(name: "qwen2", family: APUS_TEXT_CL100K, digits: 1, regex: cl100k("\\p{N}")),
    Known(name: "two digits", family: APUS_TEXT_CL100K, digits: 2, regex: cl100k("\\p{N}{1,2}")),
    Known(name: "llama3", family: APUS_TEXT_CL100K, digits: 3, regex: cl100k("\\p{N}{1,3}")),
    Known(name: "all digits", family: APUS_TEXT_CL100K, digits: 0, regex: cl100k("\\p{N}+")),
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
      let expected = ends(of: text, regex, isolated)
      for instructionSet in 0...apus_text_isa_best() {
        #expect(
          split(bytes, known.pattern, instructionSet) == expected,
          "\(text.debugDescription), instruction set \(instructionSet)")
      }
    }
  }

  /// What is between two numbers of a text is a text of its own to the pattern.
  private func ends(
    of text: String, _ regex: NSRegularExpression, _ isolated: NSRegularExpression?
  ) -> [Int] {
    var parts = [NSRange(location: 0, length: text.utf16.count)]
    if let isolated {
      parts = []
      var at = 0
      for match in isolated.matches(in: text, range: NSRange(0..<text.utf16.count)) {
        parts.append(NSRange(at..<match.range.lowerBound))
        parts.append(match.range)
        at = match.range.upperBound
      }
      parts.append(NSRange(at..<text.utf16.count))
    }
    let whole = text as NSString
    var ends: [Int] = []
    var start = 0
    for part in parts {
      let piece = whole.substring(with: part)
      var at = 0
      for match in regex.matches(in: piece, range: NSRange(0..<part.length)) {
        #expect(match.range.lowerBound == at, "a gap in \(piece.debugDescription)")
        at = match.range.upperBound
        ends.append(start + (piece as NSString).substring(to: at).utf8.count)
      }
      start += piece.utf8.count
    }
    return ends
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
