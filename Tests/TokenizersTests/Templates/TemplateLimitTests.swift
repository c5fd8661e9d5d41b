import ApusJSON
import ApusTokenizers
import Testing

/// What a hostile template or context gets.
@Suite struct TemplateLimitTests {
  private func failure(_ source: String, _ limits: TemplateLimits = .default) -> TemplateError? {
    do throws(TemplateError) {
      _ = try ChatTemplate(source: source).render([:], limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    "{% for i in range(10**9) %}{% endfor %}",
    "{{ 'a' * 10**9 }}",
    "{{ 'a' * 10**18 }}",
    "{{ [0] * 10**9 }}",
    "{{ ('a' * 10**6) | replace('a', 'b' * 10**6) }}",
    "{{ ' ' | indent(10**9, true) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ 'a'.ljust(10**10) }}",
    "{{ 'a' | center(10**10) }}",
    "{{ [1] | batch(10**9, 0) | list }}",
    "{{ 9**99999 }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% for a in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
    """
    {% set ns = namespace(s='ab') %}{% for i in range(99) %}\
    {% set ns.s = ns.s + ns.s %}{% endfor %}
    """,
    "{% for i in range(9999) %}{% for j in range(9999) %}{{ i }}{% endfor %}{% endfor %}",
  ])
  func stopsAtALimit(_ source: String) {
    // Fewer steps than usual, since tests run unoptimised.
    var limits = TemplateLimits.default
    limits.steps = 300_000
    let error = failure(source, limits)
    #expect(error?.kind == .limit, "\(String(describing: error))")
    #expect(error?.line == 1)
  }

  @Test(arguments: [
    ("(", ")"), ("[", "]"), ("{0:", "}"), ("not ", ""), ("-", ""), ("x if y else ", ""),
    ("{% if x %}", ""), ("{% for x in y %}", ""), ("x[", "]"), ("f(", ")"), ("1 + (", ")"),
  ])
  func stopsParsingDeepNesting(_ open: String, _ close: String) {
    let count = 20_000
    let nested = String(repeating: open, count: count)
    let source =
      open.hasPrefix("{%")
      ? nested : "{{ " + nested + "1" + String(repeating: close, count: count) + " }}"
    #expect(failure(source)?.kind == .limit)
  }

  /// Long chains make a tree as deep as brackets do.
  @Test(arguments: [
    " + 1", " ~ x", " and 1", " | abs", ".a", "[0]", "()", " * 1", " - 1",
  ])
  func stopsAtLongChains(_ link: String) {
    for count in [3000, 100_000] {
      let source = "{{ 1" + String(repeating: link, count: count) + " }}"
      // What stands between operators of one strength is a flat list and no tree.
      let isFlat = [" + 1", " ~ x", " and 1", " - 1", " * 1"].contains(link)
      let kind = failure(source)?.kind
      #expect(isFlat ? kind == nil : kind == .limit, "\(count)")
    }
    #expect(failure("{{ 1" + String(repeating: " + 1", count: 300) + " }}") == nil)
  }

  @Test func limitsAreSettable() {
    var limits = TemplateLimits()
    limits.steps = 100
    #expect(failure("{% for i in range(99) %}{{ i }}{% endfor %}", limits)?.kind == .limit)
    limits = .default
    limits.outputBytes = 10
    #expect(failure("{{ 'ab' * 6 }}", limits)?.kind == .limit)
    #expect(failure("{{ 'ab' * 5 }}", limits) == nil)
  }

  @Test(arguments: [
    "{{ ''.__class__ }}", "{{ [].__len__ }}", "{{ {}['__class__'] }}", "{{ [].append }}",
    "{{ ''.__class__ is defined }}{{ none.__init__ }}",
  ])
  func hidesWhatIsInside(_ source: String) throws {
    let text = try ChatTemplate(source: source).render([:]).text
    #expect(text == "" || text == "False")
  }

  @Test(arguments: [
    "{{ ''.__class__.__mro__ }}", "{{ [].append(1) }}", "{{ {}.update({}) }}", "{{ {}.pop(1) }}",
  ])
  func forbidsReachingInside(_ source: String) {
    #expect(failure(source)?.kind == .forbidden)
  }

  @Test func errorsCarryTheLine() {
    let cases: [(String, TemplateError.Kind, Int)] = [
      ("a\n{{ x.y }}", .undefined, 2), ("a\n\n{{ 1 + 'a' }}", .type, 3),
      ("{{ 1 }}\n{% if %}", .syntax, 2), ("\n\n\n{{ 'a", .syntax, 4),
      ("\n{{ raise_exception('no') }}", .raised, 2),
      ("{% for i in [1] %}\n{{ i | nothing }}{% endfor %}", .syntax, 2),
      ("{% if true %}\n", .syntax, 1), ("a\n{# b", .syntax, 2),
      ("{% macro f(a) %}\n{{ a.b.c }}{% endmacro %}\n\n{{ f({}) }}", .undefined, 2),
    ]
    for (source, kind, line) in cases {
      let error = failure(source)
      #expect(error?.kind == kind, "\(source)")
      #expect(error?.line == line, "\(source)")
    }
    #expect(failure("\n{{ raise_exception('no') }}")?.message == "no")
  }
}
