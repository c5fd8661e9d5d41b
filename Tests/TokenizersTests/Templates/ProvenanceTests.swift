import ApusJSON
import ApusTokenizers
import Testing

/// Who wrote which part of a rendered prompt.
@Suite struct ProvenanceTests {
  /// The rendered text with the caller's parts in braces.
  private func marked(_ source: String, _ context: JSONObject) throws -> String {
    let rendered = try ChatTemplate(source: source).render(context)
    let bytes = Array(rendered.text.utf8)
    return rendered.runs.map { run in
      let text = String(decoding: bytes[run.range], as: UTF8.self)
      return run.origin == .caller ? "{\(text)}" : text
    }.joined()
  }

  private static let context: JSONObject = [
    "x": "Ab cd", "l": ["p", "q"], "d": ["k": "v\""], "bos_token": "<s>", "n": 5,
  ]

  @Test(arguments: [
    ("<{{ x }}>", "<{Ab cd}>"),
    ("{{ bos_token + x }}", "<s>{Ab cd}"),
    ("{{ ('<' + x + '>')[0:3] }}", "<{Ab}"),
    ("{{ ('< ' + x + ' >') | trim | upper }}", "< {AB CD} >"),
    ("{{ x | replace('b', '<>') }}", "{A}<>{ cd}"),
    ("{{ l | join(', ') }}", "{p}, {q}"),
    ("{{ (x ~ '|' ~ x).split('|') | join('/') }}", "{Ab cd}/{Ab cd}"),
    ("{{ d | tojson }}", "{\"{k}\": \"{v\\\"}\"}"),
    ("{{ d }}", "{'{k}': '{v\"}'}"),
    ("{{ '%s and %s' | format(x, 'b') }}", "{Ab cd} and b"),
    ("{{ 'to {}!'.format(x) }}", "to {Ab cd}!"),
    ("{% set y %}({{ x }}){% endset %}{{ y }}", "({Ab cd})"),
    ("{% macro f(a) %}[{{ a }}]{% endmacro %}{{ f(x) }}", "[{Ab cd}]"),
    ("{% for c in x %}{{ c }}{% endfor %}", "{Ab cd}"),
    ("{{ (x + '!') * 2 }}", "{Ab cd}!{Ab cd}!"),
    ("{{ ('<' + x)[::-1] }}", "{dc bA}<"),
    ("{{ (x + '\\ny') | indent(2) }}", "{Ab cd}\n  y"),
    ("{{ ('a' + x) | capitalize }}", "A{ab cd}"),
    ("{{ (x + 'b c') | title }}", "{Ab Cd}b C"),
    ("{{ ('a,' + x) | wordwrap(3) }}", "a,{A}\n{b}\n{cd}"),
    ("{{ '{:>4}{}'.format(x[:2], 1) }}", "  {Ab}1"), ("{{ '%5.1s|' % x }}", "    {A}|"),
    ("{{ [x, 'y'] | tojson }}", "[\"{Ab cd}\", \"y\"]"), ("{{ x[0] ~ n ~ x[-1] }}", "{A}5{d}"),
  ])
  func originsAreKept(_ source: String, _ expected: String) throws {
    #expect(try marked(source, Self.context) == expected)
  }

  @Test func rangesOfOneOrigin() {
    var text = MarkedString("<|", origin: .template)
    text += MarkedString("im", origin: .caller)
    text += MarkedString("", origin: .template)
    text += MarkedString("_x", origin: .caller)
    text += MarkedString("|>", origin: .template)
    #expect(text.text == "<|im_x|>")
    #expect(text.runs.map(\.range) == [0..<2, 2..<6, 6..<8])
    #expect(text.isTemplate(0..<2))
    #expect(text.isTemplate(6..<8))
    #expect(!text.isTemplate(1..<3))
    #expect(!text.isTemplate(2..<6))
    #expect(!text.isTemplate(0..<8))
    #expect(text.isTemplate(3..<3))
  }
}
