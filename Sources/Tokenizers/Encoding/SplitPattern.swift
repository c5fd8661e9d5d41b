/// A well-known split pattern, recognised by its text and run as a hand-written scanner.
///
/// Each scanner gives exactly what its regular expression gives, alternative by alternative; they
/// are in `TextKernels/split`.
package enum SplitPattern: Sendable, Hashable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2
  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n]*`
  /// `|\s*[\r\n]+|\s+(?!\S)|\s+`: `D` is 3 for Llama 3 and 1 for Qwen 2. Qwen 3.5 joins marks to
  /// letters; tiktoken's own takes white space at the end of the text as one.
  case cl100k(digits: Int, joinsMarks: Bool = false, takesLastSpaces: Bool = false)
  /// Words by their case, `[^\r\n\p{L}\p{N}]?U*W+C|[^\r\n\p{L}\p{N}]?U+W*C|\p{N}{1,D}`
  /// `| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`, where `U` and `W` are upper and lower
  /// case, both with letters that have none and marks. GPT-4o ends words with `C`, contractions;
  /// Tekken does not, and has `D` = 1.
  case o200k(digits: Int, contractions: Bool)
  /// The three patterns of DeepSeek V3, one after the other (`deepseek3Texts`).
  case deepseek3

  /// The pattern that a tokenizer file spells out, or nil where no scanner is known for it.
  init?(text: String, dialect: RegexDialect) {
    if dialect == .rust, text == SplitPattern.tiktokenText {
      self = .cl100k(digits: 3, takesLastSpaces: true)
    } else {
      guard let known = SplitPattern.byText[text] else { return nil }
      self = known
    }
  }

  static let gpt2Text =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

  static let deepseek3Texts = [
    #"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+",
    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
      + #"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
  ]

  /// As tiktoken spells it: `{1,3}+` is possessive to its engine, and a repetition of a repetition
  /// to that of `tokenizers`.
  static let tiktokenText =
    #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"#
    + #"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"#

  /// Different spellings of what is the same for every text.
  private static let byText: [String: SplitPattern] = {
    var known: [String: SplitPattern] = [
      gpt2Text: .gpt2,
      "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+": .gpt2,
      "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s":
        .gpt2,
    ]
    let numbers = [("\\p{N}", 1), ("\\p{N}{1,2}", 2), ("\\p{N}{1,3}", 3), ("\\p{N}+", 0)]
    let space = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    let contractions = ["(?i:'s|'t|'re|'ve|'m|'ll|'d)", "'(?i:[sdmt]|ll|ve|re)"]
    let prefix = "[^\\r\\n\\p{L}\\p{N}]?"
    let upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
    let lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
    for (number, digits) in numbers {
      let others = "|" + number + "| ?[^\\s\\p{L}\\p{N}]+"
      for contraction in contractions {
        known[contraction + "|" + prefix + "\\p{L}+" + others + "[\\r\\n]*" + space] =
          .cl100k(digits: digits)
        known[
          contraction + "|" + prefix + "[\\p{L}\\p{M}]+|" + number
            + "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" + space] =
          .cl100k(digits: digits, joinsMarks: true)
      }
      for contraction in [""] + contractions.map({ $0 + "?" }) {
        let words = [upper + "*" + lower + "+", upper + "+" + lower + "*"]
        let text = words.map { prefix + $0 + contraction }.joined(separator: "|")
        // `'(?i:..)?` would make only what follows the apostrophe optional.
        guard !contraction.hasPrefix("'") else { continue }
        known[text + others + "[\\r\\n/]*" + space] =
          .o200k(digits: digits, contractions: !contraction.isEmpty)
      }
    }
    return known
  }()

  /// Appends the end of every piece of `text[range]`; the last one is the range's end.
  package func split(_ text: [UInt8], _ range: Range<Int>, into ends: inout [Int]) {
    PiecePattern(self).split(text, range, into: &ends)
  }
}
