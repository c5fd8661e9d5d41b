import ApusJSON
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// Templates that are nobody's: whatever they are, they end soon, with a text or an error.
@Suite struct TemplateRobustnessTests {
  private static let limits: TemplateLimits = {
    var limits = TemplateLimits.default
    limits.steps = 100_000
    limits.outputBytes = 1 << 20
    return limits
  }()

  private static let context: JSONObject = [
    "messages": [
      ["role": "user", "content": "Hi"], ["role": "assistant", "content": "Hello!\n"],
      ["role": "user", "content": [["type": "text", "text": "é🙂"]]],
    ],
    "tools": [["type": "function", "function": ["name": "f", "parameters": [:]]]],
    "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>",
  ]

  /// Renders, whatever comes of it.
  private static func survive(_ source: [UInt8]) {
    let text = String(decoding: source, as: UTF8.self)
    guard let template = try? ChatTemplate(source: text) else { return }
    _ = try? template.render(context, limits: limits)
  }

  @Test(.enabled(if: SharedData.isPresent, "../shared is absent"))
  func mutatedTemplates() throws {
    let folder = try #require(SharedData.folder) + "/chat-templates/templates"
    var random = TemplateRandom(seed: 5)
    let pieces = ["{%", "%}", "{{", "}}", "{#", "#}", "-", "(", ")", "[", "]", "'", "|", ".", "\\"]
      .map { Array($0.utf8) }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let source = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
      for _ in 0..<8 {
        var mutant = source
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let at = Int.random(in: 0..<mutant.count, using: &random)
          switch Int.random(in: 0..<5, using: &random) {
          case 0: mutant[at] = UInt8.random(in: 0...255, using: &random)
          case 1: mutant.remove(at: at)
          case 2: mutant.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: at)
          case 3: mutant.removeSubrange(at..<min(mutant.count, at + 40))
          default:
            let other = Int.random(in: 0..<mutant.count, using: &random)
            mutant.insert(contentsOf: mutant[other..<min(mutant.count, other + 60)], at: at)
          }
          if mutant.isEmpty { mutant = source }
        }
        Self.survive(mutant)
      }
    }
  }

  /// Words of the language in any order.
  @Test func soupOfWords() {
    let words = [
      "{%", "%}", "{{", "}}", " for ", " x ", " in ", " if ", " endif ", " endfor ", " set ", "=",
      "macro ", "f", "(", ")", "[", "]", "{", "}", ":", ",", "|", "map", "'a'", "1", "0", ".", "**",
      "*", "//", "%", "~", " is ", " not ", "defined", " and ", "loop", ".index", "range", "99999",
      "- ", "-%}", "{%- ", "else", "elif ", "recursive", "endmacro", "call ", "endcall", "\n",
      "namespace", "raw", "endraw", "{#", "#}", "\"", "\\", "é",
    ]
    var random = TemplateRandom(seed: 11)
    for _ in 0..<4000 {
      let count = Int.random(in: 1...40, using: &random)
      let soup = (0..<count).map { _ in words.randomElement(using: &random) ?? "" }.joined()
      Self.survive(Array(soup.utf8))
    }
  }

  /// What is deep or long, however it got so; programs with empty lines between.
  private static let hostile = #"""
    {% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}
    {% endfor %}

    {% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}
    {% endfor %}{{ ns.x }}

    {% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = (ns.x, ns.x) %}
    {% endfor %}{{ ns.x | tojson }}

    {% set ns = namespace(x=(1,)) %}{% for i in range(99) %}{% set ns.x = (ns.x, ns.x) %}
    {% endfor %}{{ {ns.x: 1} }}

    {% set a = namespace(x=(1,)) %}{% set b = namespace(x=(1,)) %}{% for i in range(99) %}
    {% set a.x = (a.x, a.x) %}{% set b.x = (b.x, b.x) %}{% endfor %}{{ a.x == b.x }}

    {% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}

    {% set ns = namespace(x=none) %}{% for i in range(9999) %}
    {% set ns.x = namespace(x=ns.x) %}{% endfor %}ok

    {% set ns = namespace(x=[1]) %}{% for i in range(9999) %}
    {% set ns.x = ns.x | map('string') %}{% endfor %}{{ ns.x | list }}

    {% set ns = namespace(x=[1]) %}{% for i in range(9999) %}
    {% set ns.x = ns.x | batch(1) | list %}{% endfor %}

    {% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}
    {{ f(60) }}

    {% macro f() %}{% call f() %}{% endcall %}{% endmacro %}{{ f() }}

    {% macro f() %}{{ caller(f) }}{% endmacro %}{% call(g) f() %}{% call g() %}{% endcall %}
    {% endcall %}

    {{ 'ab'.replace('', 'x' * 999999).replace('', 'y' * 999999) }}

    {{ ('a' * 999999 ~ ',') * 50 }}{{ ('a,' * 9999999).split(',') | length }}

    {{ ('a' * 500000).replace('a' * 250000 ~ 'b', '') | length }}
    {{ ('a' * 500000).rfind('b' ~ 'a' * 250000) }}

    {{ '%*d' % (10**15, 1) }}

    {{ '{:{}}'.format(1, 10**12) }}

    {{ '%.999999999f' % 1.5 }}

    {{ 'x' | center(10**17) }}

    {{ 'x'.zfill(10**18) }}

    {{ 'x'.rjust(9223372036854775807) }}

    {{ [[]] * 10**15 }}

    {{ ([0] * 99999) | sort | join('x' * 99999) }}

    {{ {'a': [1, [2]]} | tojson(indent=10**9) }}

    {{ [1] | slice(10**15) | list }}

    {{ 'a\nb' | indent('x' * 60000000) }}{{ 'a\nb' | indent('x' * 60000000) }}

    {{ ('a ' * 99999) | wordwrap(1) | length }}

    {{ 'a\tb'.expandtabs(10**15) }}

    {{ (2**62 * 2) }}

    {{ -9223372036854775807 - 2 }}

    {{ (-9223372036854775807 - 1) // -1 }}

    {{ (-9223372036854775807 - 1) | abs }}

    {{ 10**400 }}

    {{ 1e308 * 10 | int }}

    {{ 'é' * 33554432 }}{{ 'é' * 33554432 }}

    {{ range(-9223372036854775807, 9223372036854775807) }}

    {{ range(0, 9223372036854775807, 9223372036854775807)[::9223372036854775807] }}

    {{ 'abc'[-9223372036854775807:9223372036854775807:-9223372036854775807] }}

    {{ range(5, 9223372036854775807, 9223372036854775806)[:] }}

    {{ range(5)[::-9223372036854775808] | list }}

    {{ range(-9223372036854775807, -5, 9223372036854775806)[::-1] | list }}

    {{ (-1e300) | filesizeformat }}{{ -10**40 | filesizeformat }}

    {{ 3 ** 10000 }}

    {{ 10 ** (10 ** 18) }}

    {{ (10 ** 4000) * (10 ** 4000) }}

    {{ (7 ** 5000) // (3 ** 2000) % (5 ** 3000) }}{{ '%d' % 7 ** 5000 }}

    {% set ns = namespace(n=3) %}{% for i in range(9999) %}{% set ns.n = ns.n * ns.n %}{% endfor %}

    {{ '9' * 9999999 | int }}

    {{ range(9)[9223372036854775807] }}{{ 'a'[-9223372036854775807] }}
    {{ [1][:-9223372036854775807] }}

    {{ (1e300 | int) }}

    {{ 1e300 | round(400) }}

    {{ 5 | round(-9223372036854775807) }}

    {{ 'a' | truncate(9223372036854775807, leeway=9223372036854775807) }}

    {{ strftime_now('%c' * 99999) | length }}

    {{ ('<' * 99999) | striptags | length }}

    {{ ('http://a.bc ' * 9999) | urlize | length }}

    {{ ('{' * 9999).format() }}

    {{ ('{0[' * 999 ~ 'a' ~ ']}' * 999).format(1) }}

    {% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}

    {{ x | default(''.join(['ab'] * 99999)) | pprint | length }}
    """#

  @Test(arguments: hostile.components(separatedBy: "\n\n"))
  func endsSoon(_ source: String) throws {
    let template = try ChatTemplate(source: source)
    let start = ContinuousClock.now
    do {
      _ = try template.render([:])
    } catch {
      #expect([.limit, .type, .undefined].contains(error.kind), "\(error)")
    }
    // The limit of time, and a machine that is busy.
    #expect(ContinuousClock.now - start < .seconds(60))
  }

  @Test func timeIsLimited() throws {
    var limits = TemplateLimits.default
    limits.steps = Int.max
    limits.seconds = 0.05
    let endless = """
      {% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}
      """
    let error = #expect(throws: TemplateError.self) {
      try ChatTemplate(source: endless).render([:], limits: limits)
    }
    #expect(error?.kind == .limit)
  }
}
