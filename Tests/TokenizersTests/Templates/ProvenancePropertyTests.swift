import ApusJSON
import ApusTokenizers
import Testing

/// Random programs over texts of the template, in Latin letters, and of a caller, in Cyrillic ones:
/// marking changes no text, and no letter of the caller's becomes the template's.
@Suite struct ProvenancePropertyTests {
  private static let context: JSONObject = [
    "x": "Привет мир", "y": "  да,нет\nконец ", "z": "ЖЩ", "w": "ы",
    "l": ["один", "Два", "три"], "d": ["имя": "Ваня", "k": "ключ ш"],
    "rows": [["k": "юг", "v": 2], ["k": "Яма", "v": 1], ["k": "юг", "v": 3]],
    "bos_token": "<s>",
  ]

  private struct Programs {
    var random: TemplateRandom
    private var depth = 0

    init(seed: UInt64) { random = TemplateRandom(seed: seed) }

    mutating func pick(_ choices: [String]) -> String {
      choices.randomElement(using: &random) ?? ""
    }

    /// An expression that gives a text; `@` stands for one.
    mutating func text() -> String {
      depth += 1
      defer { depth -= 1 }
      guard depth < 5 else { return leaf() }
      let form = pick([
        "@", "@", "(@ + @)", "(@ ~ @ ~ 1)", "(@ * 2)", "@[1:]", "@[:-2]", "@[::-1]", "@[2:9:3]",
        "(@)[0]", "(@ | upper)", "(@ | lower)", "(@ | title)", "(@ | capitalize)", "(@ | trim)",
        "(@ | replace(@, @))", "(@ | replace('', '-', 3))", "(@ | indent(2, true))",
        "(@ | indent(@))", "(@ | center(30))", "(@ | truncate(9))",
        "(@ | truncate(8, true, @[:2]))",
        "(@ | wordwrap(7))", "(@ | reverse)", "(@ | e)", "(@ | safe)", "(@ | striptags)",
        "(@ | string)", "(@ | tojson)", "([@, @] | tojson)", "({@: @} | tojson(indent=1))",
        "([@, (@,)] | string)", "({@: @} | string)", "([@, @] | join(@))", "(l | join(@))",
        "(l | map('upper') | join)", "(rows | map(attribute='k') | sort | join(', '))",
        "(rows | groupby('k') | string)", "(l | sort | first)", "(@ | first | default(@))",
        "(@ | list | join('|'))", "('%s-%5s' % (@, @[:3]))", "('%.4s' % @)", "('%r' % @)",
        "((@ | replace('%', '')) % ())", "('{}{:>9}'.format(@, @))", "('{0!r:.6}'.format(@))",
        "('%s %s' | format(@, @))", "@.upper()", "@.title()", "@.swapcase()", "@.casefold()",
        "@.capitalize()", "@.strip()", "@.strip(@)", "@.lstrip('П')", "@.replace(@, @, 2)",
        "(@.split()[0:2] | join('/'))", "(@.split(',') | join(@))", "(@.rsplit(' ', 1) | string)",
        "(@.splitlines() | join('; '))", "(@.partition(@ or 'а') | join('|'))",
        "(@.rpartition(' ')[2])", "@.zfill(20)", "@.ljust(20, '.')", "@.rjust(12)",
        "@.center(15, '*')", "@.expandtabs()", "@.removeprefix(@[:1])", "@.removesuffix(@)",
        "@.join(['a', @, @])", "@.join(l)", "@.translate({1087: @, 97: none})",
        "(@ if @ else @)", "(@ or @)", "(@ and @)", "(d | dictsort | string)",
        "(d.items() | string)",
        "(d | xmlattr)", "(l | batch(2) | list | string)", "([l, @] | pprint)", "f(@)",
        "f(@, b=@)", "(@ | map('upper') | join)", "(@ | select('in', 'аеи') | join)",
      ])
      var result = ""
      for character in form { result += character == "@" ? text() : String(character) }
      return result
    }

    private mutating func leaf() -> String {
      pick([
        "x", "y", "z", "w", "l[1]", "d.k", "rows[0].k", "'ab'", "'C d'", "''", "', '", "bos_token",
      ])
    }

    mutating func program() -> String {
      var source = "{% macro f(a, b='q') %}<{{ a }}:{{ b | upper }}>{% endmacro %}"
      for _ in 0..<3 {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: source += "{% for c in \(text()) %}{{ c }}{{ loop.previtem }}{% endfor %}"
        case 1: source += "{% set q %}({{ \(text()) }}){% endset %}{{ q[1:] }}{{ q | upper }}"
        case 2: source += "{% filter upper %}f{{ \(text()) }}{% endfilter %}"
        case 3:
          source += "{% set ns = namespace(v=\(text())) %}{% set ns.v = ns.v + 'e' %}{{ ns.v }}"
        default: source += "{{ \(text()) }}"
        }
      }
      return source
    }
  }

  private func isCaller(_ scalar: Unicode.Scalar) -> Bool { (0x400...0x4FF).contains(scalar.value) }

  @Test func callersLettersStayTheCallers() throws {
    var rendered = 0
    for seed in 0..<2500 {
      var programs = Programs(seed: UInt64(seed))
      let source = programs.program()
      let template = try ChatTemplate(source: source)
      let trusted = Result { try template.render(Self.context, trustsCaller: true) }
      let marked = Result { try template.render(Self.context) }
      guard case .success(let text) = marked else {
        #expect((try? trusted.get()) == nil, "\(source)")
        continue
      }
      rendered += 1
      #expect(try trusted.get().text == text.text, "\(source)")
      #expect(try trusted.get().runs.allSatisfy { $0.origin == .template }, "\(source)")
      let bytes = Array(text.text.utf8)
      for run in text.runs where run.origin == .template {
        let part = String(decoding: bytes[run.range], as: UTF8.self)
        // The literals of these programs hold two such letters themselves.
        let strangers = part.unicodeScalars.filter {
          isCaller($0) && !"Паеи".unicodeScalars.contains($0)
        }
        #expect(strangers.isEmpty, "\(source): \(part)")
      }
    }
    #expect(rendered > 1000, "too many programs fail to say much")
  }
}
