import ApusJSON
import ApusTokenizers
import Testing

/// Small templates with what jinja2 3.1 renders for them.
@Suite struct TemplateLanguageTests {
  private func render(_ source: String, _ context: JSONObject = [:]) throws -> String {
    try ChatTemplate(source: source).render(context).text
  }

  @Test(arguments: [
    ("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc"),
    ("a {%- if true -%} b {%- endif -%} c", "abc"),
    ("  {% if true %}x{% endif %}", "x"),
    ("  {%+ if true %}x{% endif %}", "  x"),
    ("a\n  {# c #}\nb", "a\nb"),
    ("{{ 'a' }}\n{{ 'b' }}", "a\nb"),
    ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ("a\r\nb\rc", "a\nb\nc"),
    ("{{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"),
  ])
  func whiteSpace(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(arguments: [
    ("{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 }}", "3 -4 2 3.5 8"),
    (
      "{{ 1 + 2 * 3 - -4 }} {{ 1.0 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }}",
      "11 1.0 1e+16 1e-05 0.30000000000000004"
    ),
    (
      "{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 'a' in 'abc' }} {{ 1 not in [2] }}",
      "True False True True"
    ),
    ("{{ 'a' ~ 1 ~ none }} {{ 'x' * 3 }} {{ [1] + [2] }} {{ (1,) }}", "a1None xxx [1, 2] (1,)"),
    (
      "{{ 'abcdef'[1:4] }} {{ 'abc'[::-1] }} {{ [1,2,3][-2:] }} {{ 'é日'[1] }}",
      "bcd cba [2, 3] 日"
    ),
    ("{{ 'yes' if 0 else 'no' }} {{ '' or 'b' }} {{ 1 and 2 }} {{ not 1 }}", "no b 2 False"),
    (
      "{{ x }}|{{ x is defined }}|{{ x | default('d') }}|{{ '' | default('d', true) }}",
      "|False|d|d"
    ),
    (
      "{{ ['it\\'s', \"q\\\"\", 'a\\nb', true, none] }}",
      "[\"it's\", 'q\"', 'a\\nb', True, None]"
    ),
    ("{{ -1 | abs }} {{ - 2 | abs }}", "1 2"),
  ])
  func expressions(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(arguments: [
    (
      "{% for x in [1,2,3] if x != 2 %}{{ loop.index }}{{ x }}{{ loop.last }} {% endfor %}",
      "11False 23True "
    ),
    ("{% for x in [] %}{% else %}none{% endfor %}", "none"),
    ("{% for a, b in {'x': 1, 'y': 2}.items() %}{{ a }}{{ b }}{% endfor %}", "x1y2"),
    (
      "{% for x in 'abc' %}{{ loop.previtem }}{{ x }}{{ loop.nextitem }},{% endfor %}",
      "ab,abc,bc,"
    ),
    (
      """
      {% for x in range(9) %}{% if x == 2 %}{% continue %}{% elif x == 4 %}{% break %}\
      {% endif %}{{ x }}{% endfor %}
      """,
      "013"
    ),
    ("{% set x = 1 %}{% for i in [1,2] %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}", "221"),
    (
      """
      {% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}\
      {% endfor %}{{ ns.n }}
      """,
      "6"
    ),
    ("{% for x in [1,2,3] %}{{ loop.cycle('a','b') }}{{ loop.revindex }}{% endfor %}", "a3b2a1"),
    (
      """
      {% for n in [[1,[2]]] recursive %}{% for m in n %}\
      {{ m if m is number else loop.depth }}{% endfor %}{% endfor %}
      """,
      "11"
    ),
    (
      """
      {% for n in [{'v':1,'c':[{'v':2}]}] recursive %}{{ n.v }}{% if n.c %}\
      ({{ loop(n.c) }}){% endif %}{% endfor %}
      """,
      "1(2)"
    ),
  ])
  func loops(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(arguments: [
    (
      "{% macro f(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ f(1) }} {{ f(1, b=3) }} {{ f() }}",
      "1-2 1-3 -2"
    ),
    ("{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, x=2) }}", "(1,){'x': 2}"),
    (
      "{% macro f(x) %}<{{ caller(x) }}>{% endmacro %}{% call(y) f(5) %}{{ y }}!{% endcall %}",
      "<5!>"
    ),
    (
      "{% set b = 1 %}{% macro f(a, b=[a, b]) %}{{ b | length }}{{ b[1] }}{% endmacro %}{{ f() }}",
      "2"
    ),
    ("{% set x %}a{% if true %}b{% endif %}{% endset %}{{ x | upper }}", "AB"),
    ("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
    ("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}", "3"),
    ("{% macro f() %}{{ later }}{% endmacro %}{% set later = 'x' %}{{ f() }}", "x"),
    ("{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21"),
    ("{% generation %}a{% endgeneration %}", "a"),
    (
      """
      {% set f = joiner('|') %}{{ f() }}{{ f() }}{% set c = cycler(1, 2) %}\
      {{ c.next() }}{{ c.next() }}{{ c.next() }}
      """,
      "|121"
    ),
  ])
  func macrosAndBlocks(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(arguments: [
    (
      "{{ {'b': [1, 2.0, none, true], 'a': 'é\\n\"'} | tojson }}",
      "{\"b\": [1, 2.0, null, true], \"a\": \"é\\n\\\"\"}"
    ),
    ("{{ {'b': [1], 'a': {}} | tojson(indent=2) }}", "{\n  \"b\": [\n    1\n  ],\n  \"a\": {}\n}"),
    (
      "{{ {'b': 1, 'a': 'é'} | tojson(sort_keys=true, ensure_ascii=true, separators=(',', ':')) }}",
      "{\"a\":\"\\u00e9\",\"b\":1}"
    ),
    ("{{ '\u{7F}' | tojson(ensure_ascii=true) }}", "\"\\u007f\""),
    ("{{ '\u{7F}' | tojson }}", "\"\u{7F}\""),
    (
      "{{ [3, 1, 2] | sort }} {{ ['b', 'A'] | sort }} {{ [1, 2] | sort(reverse=true) }}",
      "[1, 2, 3] ['A', 'b'] [2, 1]"
    ),
    (
      "{{ [{'a': 1}, {'a': 2}] | map(attribute='a') | list }} {{ ['a'] | map('upper') | join }}",
      "[1, 2] A"
    ),
    ("{{ [{'r': 'x'}, {'r': 'y'}] | selectattr('r', 'equalto', 'y') | list }}", "[{'r': 'y'}]"),
    ("{{ [1, 2, 3, 4] | select('odd') | list }} {{ [0, 1] | reject | list }}", "[1, 3] [0]"),
    (
      "{{ {'b': 1, 'a': 2} | dictsort }} {{ {'b': 1, 'a': 2} | dictsort(by='value') }}",
      "[('a', 2), ('b', 1)] [('b', 1), ('a', 2)]"
    ),
    ("{{ 'a\\nb' | indent }}|{{ 'a\\n\\nb' | indent(2, true) }}", "a\n    b|  a\n\n  b"),
    (
      "{{ ' a b ' | trim }} {{ 'hello world' | title }} {{ 'ABC' | capitalize }}",
      "a b Hello World Abc"
    ),
    (
      "{{ '%s=%03d %.2f' | format('x', 7, 1.5) }} {{ '{:>5}|{:<3}|{}'.format(1, 'a', none) }}",
      "x=007 1.50     1|a  |None"
    ),
    (
      """
      {{ '3.7' | int }} {{ 'x' | int(5) }} {{ 2.5 | round }} {{ 2.345 | round(2) }} \
      {{ '1' | float }}
      """,
      "3 5 2.0 2.35 1.0"
    ),
    (
      """
      {{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | sum }} \
      {{ [1, 1, 2] | unique | list }}
      """,
      "[[1, 2], [3, 4], [5]] 6 [1, 2]"
    ),
    (
      "{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a-b-c'.rsplit('-', 1) }}",
      "['a', 'b', '', 'c'] ['a', 'b'] ['a-b', 'c']"
    ),
    (
      "{{ 'xaxbx'.strip('x') }} {{ 'abc'.find('c') }} {{ 'abcabc'.replace('b', '', 1) }}",
      "axb 2 acabc"
    ),
    (
      """
      {{ 'a' is string }}{{ {} is mapping }}{{ [] is sequence }}{{ 1 is number }}\
      {{ 4 is divisibleby(2) }}
      """,
      "TrueTrueTrueTrueTrue"
    ),
    (
      "{{ 7 | round }} {{ 2.5 is odd }} {{ 'ab' * true }} {{ none | map('upper') | list }}",
      "7 False ab []"
    ),
    ("{{ '<a>' | safe + '<b>' }} {{ '<' | e }}", "<a>&lt;b&gt; &lt;"),
    (
      "{{ {'items': 1}['items'] }} {{ {'a': 1}.get('b', 2) }} {{ {'a': 1}.keys() | list }}",
      "1 2 ['a']"
    ),
    ("{{ [{'g': 1, 'v': 2}, {'g': 1, 'v': 3}] | groupby('g') | first | last | length }}", "2"),
  ])
  func filtersTestsAndMethods(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test func clock() throws {
    let template = try ChatTemplate(
      source: "{{ strftime_now('%d %b %Y %A %j %-d %H:%M:%S %I %p %U %%') }}")
    let clock = TemplateClock(year: 2026, month: 1, day: 2, hour: 15, minute: 4, second: 5)
    #expect(
      try template.render([:], clock: clock).text
        == "02 Jan 2026 Friday 002 2 15:04:05 03 PM 00 %")
  }
}
