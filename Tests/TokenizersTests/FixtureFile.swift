import ApusJSON
import Foundation

/// Files of `Tests/Fixtures/tokenizers`: what the reference libraries make of texts, written by
/// `Tools/tokenizer-fuzz/make_vectors.py`.
enum FixtureFile {
  static func entries(_ name: String) throws -> [JSONValue] {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<2 { url.deleteLastPathComponent() }
    url.appendPathComponent("Fixtures/tokenizers/\(name).json")
    return try JSONValue(parsing: [UInt8](try Data(contentsOf: url))).arrayValue ?? []
  }
}

extension JSONValue {
  /// The elements of an array of numbers.
  var int32s: [Int32] { (arrayValue ?? []).compactMap { $0.intValue.map(Int32.init) } }
}

/// Splitmix64: Steele et al. 2014, "Fast splittable pseudorandom number generators".
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A text of many scripts, with runs, marks, controls and what patterns look for.
  mutating func text(parts: Int) -> String {
    let words = [
      "Hello", "don't", "I'LL", "they'Ve", "'s", "'ſ", "x1234567", "naïve", "日本語", "русский",
      "ﬁn", "e\u{301}", "👍🏽", "\u{200D}", "a\u{300}B", "ǅ", "½", "３", "العربية", "हिन्दी",
    ]
    let gaps = [
      " ", "  ", "\n", "\r\n", " \n ", "\t", "\u{A0}", "\u{3000}", "/", "...", "", "!\n\n",
    ]
    var result = ""
    for _ in 0..<parts {
      switch Int.random(in: 0..<6, using: &self) {
      case 0:
        for _ in 0..<Int.random(in: 1...4, using: &self) {
          let value = UInt32.random(in: 0..<0x32400, using: &self)
          result.unicodeScalars.append(Unicode.Scalar(value) ?? "?")
        }
      case 1:
        let run = gaps.randomElement(using: &self) ?? ""
        for _ in 0..<Int.random(in: 1...5, using: &self) { result += run }
      default: result += words.randomElement(using: &self) ?? ""
      }
      result += gaps.randomElement(using: &self) ?? ""
    }
    return result
  }
}
