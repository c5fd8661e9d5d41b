import ApusTokenizers
import Testing

/// What a pattern may cost that was written to cost much.
@Suite struct RegexMemoryTests {
  private static let attacks = [
    #"(a+)+$"#, #"(a|aa)+b"#, #"(?:a?){30}a{30}b"#, #"a*a*a*a*a*a*c"#, #"(?=(a+)+b)a"#,
    #"(?:(?:(?:a+)+)+)+b"#, #"a*b|a"#, #"(?>a+)b|\s+$"#, #"(.*)(.*)(.*)x"#,
    #"(?<=a{3})(a|a)*d"#, #"(?:a+b|a+c|a+d)|e"#, #"(?:(?:a+b|a+c)|.)*z"#,
    #"(?:(?:(?:a|a)*b|(?:a|a)*c)|.)*z"#, #"(?:a(?=(?:a|a)*b)|a)*c"#, #"(?=.*x)a|(?=.*y)a|a"#,
    #"(?:aa|a)*(?:aa|a)*(?:aa|a)*d"#, #"(?:[ab]*a[ab]{12}c)"#,
    String(repeating: "a*", count: 60) + "b",
  ]

  private static let texts = [
    String(repeating: "a", count: 2000) + "!",
    (0..<2000).map { $0 * 2_654_435_761 >> 7 % 5 == 0 ? "b" : "aé" }.joined(),
  ]

  @Test("memory stays below its limit, and matches are the same whatever it is", arguments: attacks)
  func smallMemory(_ pattern: String) throws {
    for text in Self.texts {
      let whole = try RegexSearch.run(pattern, in: text)
      #expect(!whole.hasGivenUp)
      for limit in [256, 1024, 4096, whole.memoryBytes / 2, whole.memoryBytes - 1] {
        let search = try RegexSearch.run(pattern, in: text, memoryLimit: max(256, limit))
        #expect(search.memoryBytes <= max(256, limit))
        if search.hasGivenUp {
          // What was found before is right.
          #expect(whole.matches.starts(with: search.matches))
        } else {
          #expect(search.matches == whole.matches, "\(limit) bytes")
        }
      }
    }
  }

  @Test("a search with little memory ends", arguments: attacks)
  func steps(_ pattern: String) throws {
    for text in Self.texts {
      let search = try RegexSearch.run(pattern, in: text, memoryLimit: 256)
      guard search.hasGivenUp else { continue }
      // Four times what a complete memory would let it take, and the step that was under way.
      let length = text.utf8.count + 1
      #expect(search.steps <= 4 * (64 + search.instructions) * length + length)
    }
  }

  @Test(
    "with enough memory a search is linear",
    arguments: [
      #"(a*)*b"#, #"(a+)+$"#, #"(a|aa)+b"#, #"(?:x|a*a*a*a*)*y"#, #"(?:(?:a*)*c|a)*d"#,
      #"(?=(a+)+b)a"#, #".*?b"#, #".*?b|(?:a*)*c"#, #"(?:a+?)+?b"#,
    ])
  func linear(_ pattern: String) throws {
    let text = Self.texts[0]
    let search = try RegexSearch.run(pattern, in: text)
    #expect(search.steps <= 2 * (64 + search.instructions) * text.utf8.count)
  }

  @Test("half of the memory is enough for most attacks")
  func halfOfTheMemory() throws {
    let text = Self.texts[0]
    let searches = try Self.attacks.map { pattern in
      let whole = try RegexSearch.run(pattern, in: text)
      return try RegexSearch.run(pattern, in: text, memoryLimit: whole.memoryBytes / 2)
    }
    #expect(searches.filter(\.hasGivenUp).count < searches.count / 2)
  }

  /// All that could be remembered here would be a megabyte.
  @Test("a large pattern over a long text")
  func large() throws {
    let pattern = String(repeating: "(?:a|b)?", count: 1300) + "c"
    let text = String(repeating: "ab", count: 1000)
    let search = try RegexSearch.run(pattern, in: text, memoryLimit: 1 << 18)
    #expect(search.memoryBytes <= 1 << 18 && search.memoryBytes > 1 << 17)
    #expect(search.matches.isEmpty)
  }

  @Test("the memory of one search is 64 MiB at most")
  func limit() { #expect(RegexMemory.limit == 64 << 20) }
}
