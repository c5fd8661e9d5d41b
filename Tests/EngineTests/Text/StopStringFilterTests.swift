import ApusEngine
import Testing

struct StopStringFilterTests {
  /// Text, stop strings, and what may be seen of the text.
  static let cases: [(text: String, stops: [String], seen: String)] = [
    ("one two three", ["two"], "one "),
    ("one two three", ["four"], "one two three"),
    ("one two three", ["three", "two"], "one "),
    ("aaab", ["aab"], "a"),
    ("abcabd", ["abd"], "abc"),
    ("abcd", ["abcd", "bc"], "a"),  // "bc" is complete first
    ("xabcd", ["abc", "xabc"], ""),  // complete together: the earlier beginning
    ("naïve – früh", ["– f"], "naïve "),
    ("smile 😀😁", ["😁"], "smile 😀"),
    ("ends with a beginni", ["beginning"], "ends with a beginni"),
    ("all", ["", "l"], "a"),
    ("", ["x"], ""),
    ("\n\nHuman:", ["\n\nHuman:", "\n\n\n"], ""),
  ]

  @Test("wherever the text is cut", arguments: cases)
  func everySplit(text: String, stops: [String], seen: String) {
    let characters = Array(text.unicodeScalars)
    // Two cuts everywhere, and one scalar at a time.
    for a in 0...characters.count {
      for b in a...characters.count {
        let parts = [characters[..<a], characters[a..<b], characters[b...]]
        #expect(run(parts.map(string), stops) == seen)
      }
    }
    #expect(run(characters.map { String($0) }, stops) == seen)
  }

  private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }

  private func run(_ parts: [String], _ stops: [String]) -> String {
    var filter = StopStringFilter(stops)
    var seen = ""
    for part in parts {
      seen += filter.append(part)
      // Nothing that is out may turn out to be a part of a stop string.
      for stop in stops where !stop.isEmpty { #expect(!seen.contains(stop)) }
    }
    return seen + filter.finish()
  }

  @Test func aBeginningIsHeldBackAndLetGo() {
    var filter = StopStringFilter(["STOP"])
    var seen = ["a ST", "O", "RM ST"].map { filter.append($0) }
    seen.append(filter.finish())
    #expect(seen == ["a ", "", "STORM ", "ST"])
    #expect(!filter.hasStopped)
  }

  @Test func nothingComesAfterTheStop() {
    var filter = StopStringFilter(["."])
    var seen = ["a.b", "c"].map { filter.append($0) }
    seen.append(filter.finish())
    #expect(seen == ["a", "", ""])
    #expect(filter.hasStopped)
  }
}
