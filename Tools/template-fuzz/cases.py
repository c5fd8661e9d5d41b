"""Small templates for one feature each; what they render is recorded from jinja2."""

CONTEXT = {
    "s": "Hello, World", "t": "  a b  ", "n": 7, "f": 2.5, "flag": True, "nothing": None,
    "xs": [3, 1, 2], "words": ["b", "A", "c"], "empty": [],
    "d": {"k": "v", "b": 2, "a": 1}, "rows": [{"k": "a", "v": 1}, {"k": "B", "v": 2}, {"k": "a", "v": 3}],
    "nested": {"x": {"y": [1, {"z": "deep"}]}},
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "<think>\na\n</think>\n\nb"}],
    "tree": [{"name": "r", "kids": [{"name": "c1", "kids": []}, {"name": "c2", "kids": [{"name": "g"}]}]}],
}

CASES = r"""
{% for m in messages %}{{ loop.index0 }}{{ m.role }}{% if not loop.last %},{% endif %}{% endfor %}
{% for x in xs %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}
{% for x in xs %}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.length }}{{ loop.first }} {% endfor %}
{% for x in [1,1,2,2,1] %}{{ loop.changed(x) }} {% endfor %}
{% for x in [1,2,3] %}{{ loop.cycle('a', 'b') }}{% endfor %}
{% for x in xs if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}
{% for x in xs | select('odd') %}{{ loop.last }}{{ loop.length }} {% endfor %}
{% for x in empty %}x{% else %}none{% endfor %}
{% for c in s %}{% if c['type'] == 'text' %}t{% elif c.kind == 'a' or 'ell' in c %}e{% endif %}{% endfor %}|
{% for c in s %}{% if c['type'] != 'text' %}t{% elif c.kind == 'a' %}e{% endif %}{% endfor %}|
{% for c in s %}{% if c.upper == 'H' or 'l' in c %}l{% endif %}{% if c == 'o' %}o{% endif %}{% endfor %}|
{% for c in s %}{% if c.type == 'text' %}t{% endif %}{% else %}none{% endfor %}|{% for c in '' %}{% if c.type == 'text' %}t{% endif %}{% else %}none{% endfor %}
{% for c in s %}{% if c.type == 'x' and nosuch.y %}t{% endif %}{% endfor %}|{% for c in s %}{% if nosuch.y and c.type == 'x' %}t{% endif %}{% endfor %}
{% for c in [{'type': 'text'}, 'a', 5] %}{% if c['type'] == 'text' %}t{% endif %}{% if c.type == 'text' %}T{% endif %}{% endfor %}
{% for c in s %}{% if c.__class__ == 'x' %}t{% endif %}{% endfor %}|
{% for x in xs %}{% break %}{% else %}else{% endfor %}
{% for x in xs %}{% continue %}{% else %}else{% endfor %}
{% for x in xs %}{{ x }}{% if x == 1 %}{% break %}{% endif %}{% else %}else{% endfor %}
{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }} {% endfor %}
{% for (a, (b, c)) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for k, v in d.items() if k != 'b' %}{{ k }}={{ v }};{{ loop.previtem }}{% endfor %}
{% for a, b in ['xy', 'zw'] if a %}{{ loop.previtem }}{{ a }}{% endfor %}
{% for n in tree recursive %}{{ n.name }}{% if n.kids %}({{ loop(n.kids) }}){% endif %}{{ loop.depth }}{% endfor %}
{% for n in tree recursive %}{{ loop.depth0 }}{{ loop(n.kids or []) }}{% else %}-{% endfor %}
{% for i in range(3) %}{% for j in range(2) %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}
{% for i in range(3) %}{% set outer = loop %}{% for j in [1] %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}
{% set x = 1 %}{% for i in xs %}{% set x = i %}{% endfor %}{{ x }}
{% set x = 1 %}{% for i in xs %}{{ x }}{% set x = x + i %}{{ x }} {% endfor %}
{% for i in xs %}{{ later }}{% set later = i %}{{ later }}{% endfor %}
{% if flag %}{% set inside = 1 %}{% endif %}{{ inside }}
{% if not flag %}{% set n = 1 %}{% endif %}{{ n }}
{% if not flag %}{% set inside = 1 %}{% else %}{% set other = 2 %}{% endif %}{{ inside }}|{{ other }}
{% macro f() %}{{ n }}{% endmacro %}{% set n = 9 %}{{ f() }}
{% macro f() %}{{ n }}{% endmacro %}{{ f() }}{% set n = 9 %}
{% set n = 1 %}{% macro f(n) %}{{ n }}{% set n = 5 %}{{ n }}{% endmacro %}{{ f(3) }}{{ n }}
{% macro f(a, b=2, *args) %}{% endmacro %}
{% macro f(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(b=4, a=5) }}
{% macro f(a=b, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ f() }}
{% macro f(a) %}{{ a is defined }}{% endmacro %}{{ f() }}{{ f(none) }}
{% macro f(a) %}{{ a.b }}{% endmacro %}{{ f() }}
{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, x=3) }}
{% macro f() %}{% endmacro %}{{ f(1) }}
{% macro f() %}{% endmacro %}{{ f(x=1) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, a=2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(*[4]) }}{{ f(**{'a': 5}) }}
{% macro f(x) %}[{{ caller() }}]{% endmacro %}{% call f(1) %}in{% endcall %}
{% macro f(x) %}[{{ caller(x, 2) }}]{% endmacro %}{% call(a, b, c=3) f(1) %}{{ a }}{{ b }}{{ c }}{% endcall %}
{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}{% call f() %}{% endcall %}
{% macro f() %}{% endmacro %}{% call f() %}x{% endcall %}
{% macro f(caller) %}{{ caller() }}{% endmacro %}{% call f() %}x{% endcall %}
{% macro f(caller=none) %}{{ caller() }}{% endmacro %}{% call f() %}x{% endcall %}
{% macro f(a, b) %}{% endmacro %}{{ f.name }}{{ f.arguments }}{{ f.catch_kwargs }}{{ f.caller }}
{% macro f() %}<{{ n }}>{% endmacro %}{{ f }}
{% macro fact(n) %}{{ 1 if n < 2 else n * (fact(n - 1) | int) }}{% endmacro %}{{ fact(10) }}
{% for i in [1, 2] %}{% macro g() %}{{ i }}{% endmacro %}{{ g() }}{% endfor %}{{ g is defined }}
{% set ns = namespace(found=false, n=0) %}{% for x in xs %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}{{ ns.found }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }}{{ ns.c is defined }}{{ ns }}
{% set ns = namespace() %}{% set ns._x = 1 %}
{% set d.k = 1 %}
{% set a, b = 'xy' %}{{ a }}{{ b }}
{% set a, b = [1, 2, 3] %}{{ a }}
{% set (a, b) = (1, 2) %}{{ a }}{{ b }}
{% set a = 1, 2 %}{{ a }}
{% set x %}a{{ n }}{% endset %}{{ x }}{{ x | length }}
{% set x | upper | replace('A', 'b') %}a{{ n }}{% endset %}{{ x }}
{% set ns = namespace() %}{% set ns.x %}b{% endset %}{{ ns.x }}
{% filter upper | replace('H', 'J') %}h{{ s }}{% endfilter %}
{% filter length %}abc{% endfilter %}
{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a is defined }}
{% with a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}{% endwith %}
{% with n = n + 1 %}{{ n }}{% endwith %}{{ n }}
{% generation %}{{ n }}{% set g = 1 %}{{ g }}{% endgeneration %}{{ g is defined }}
{% for x in xs %}{% generation %}{% break %}{% endgeneration %}{% endfor %}
{% break %}
{% autoescape true %}{{ '<b>' }}{{ '<i>' | safe }}{{ '<' ~ n }}{% endautoescape %}{{ '<b>' }}
{% autoescape true %}{% set x %}<{{ '<' }}{% endset %}{{ x }}{{ ['<', '&' | e] | join('>') }}{% endautoescape %}
{% macro f() %}{{ '<' }}{% endmacro %}{% autoescape true %}{{ f() }}{% endautoescape %}
{% print n, s %}
{% do xs.append(1) %}
{% include 'x' %}
{% if false %}{% include 'x' %}{% endif %}ok
{% extends 'x' %}
{% import 'x' as y %}
{% from 'x' import y, z as w with context %}
{% set n = 8 %}{% block a %}[{{ n }}{{ x }}]{% endblock %}
{% for x in xs %}{% block a scoped %}{{ x }}{{ loop.index }}{% endblock %}{% endfor %}
{% for x in xs %}{% block a %}{{ x }}|{% endblock a %}{% endfor %}
{% block a required %} {% endblock %}
{% raw %}{{ x }}{% if %}{% endraw %}|{% raw -%}  a  {%- endraw %}|
{# a #}b{#- c -#} d
a {%- if true -%} b {%- endif -%} c
a  {{- n -}}  b
{%+ if true %}x{% endif +%}  y
{{ "a" 'b' "c" }}
{{ 'a\tb\x41\u00e9\101\'' }}
{{ 1_000 }}{{ 0x1f }}{{ 0b11 }}{{ 0o17 }}{{ 1e3 }}{{ 1.5e-3 }}
{{ 012 }}
{{ n.real }}{{ n.bit_length() }}{{ f.is_integer() }}{{ true.real }}
{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 7 / 2 }} {{ 6 / 2 }}
{{ -7.5 // 2 }} {{ -7.5 % 2 }} {{ 7.5 % -2 }} {{ 0.0 * -1 }} {{ 5 // 2.0 }}
{{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ (1, 2) + (3,) }} {{ [1] * 2 }} {{ 3 * 'ab' }} {{ true + 1 }}
{{ 1 / 0 }}
{{ 1 % 0 }}
{{ 'a' + 1 }}
{{ 1 + none }}
{{ 'a' * 1.5 }}
{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }}
{{ 1 < 'a' }}
{{ none == none }} {{ x == y }} {{ x != 1 }} {{ [1] == (1,) }} {{ {'a': 1} == {'a': 1.0} }}
{{ 'ell' in s }} {{ 1 in xs }} {{ 'k' in d }} {{ 'v' in d.values() }} {{ 5 not in xs }} {{ x in [x] }}
{{ 1 in 'a' }}
{{ 1 in 5 }}
{{ x and 1 }}|{{ n or x }}|{{ not x }}|{{ 0 or '' or none }}|{{ 1 and 'a' }}
{{ 'a' if n > 5 else 'b' }}{{ 'c' if n > 9 }}|
{{ ('c' if n > 9).x }}
{{ 1 if n else 2 if f else 3 }}
{{ x }}{{ x.y is defined }}
{{ d.zz }}{{ d.zz.y }}
{{ d['k'] }}{{ d.k }}{{ d['items'] }}{{ nested.x.y[1].z }}{{ nested['x']['y'][-1]['z'] }}{{ xs.0 }}{{ nested.x.y.1.z }}
{{ s[0] }}{{ s[-1] }}{{ s[99] }}{{ s[1:3] }}{{ s[::-1] }}{{ s[-3:] }}{{ s[:-3] }}{{ s[::2] }}{{ s[5:1:-1] }}
{{ xs[1:] }}{{ xs[::-1] }}{{ xs[5] }}{{ xs['a'] }}{{ (1, 2, 3)[:2] }}{{ range(10)[2:8:3] }}{{ range(5)[-1] }}
{{ xs[::0] }}
{{ d[1:2] }}
{{ n[0] }}{{ none['a'] is defined }}
{{ xs[none:2] }}{{ xs['a':] }}
{{ {'a': 1}.a }}{{ {1: 2}[1] }}{{ {true: 'x'}[1] }}{{ {(1, 2): 3}[(1, 2)] }}
{{ {[]: 1} }}
{{ (1,) }}{{ () }}{{ [] }}{{ {} }}{{ (1, 2,) }}{{ 1, 2 }}
{{ [1, 'a', none, true, 2.0, {'k': (1,)}] }}
{{ "it's" }}{{ ["it's", 'q"', 'b\\', 'n\n', 'é', '\x00', '\u200b'] }}
{{ ''.__class__ }}|{{ ''['__class__'] }}|{{ {}.__class__ is defined }}|{{ d._x is defined }}
{{ ''.__class__.__mro__ }}
{{ xs.append }}|{{ xs.append is defined }}
{{ xs.append(1) }}
{{ d.pop('k') }}
{{ d.update }}{{ d.setdefault is undefined }}
{{ s.upper }}
{{ dict(a=1, b=2) }}{{ dict([('x', 1)]) }}{{ dict(d, z=1) }}{{ dict.fromkeys(['a', 'b'], 0) }}
{{ dict(1) }}
{{ range(3) }}{{ range(1, 4) | list }}{{ range(5, 0, -2) | list }}{{ range(2, 8, 2) | length }}
{{ range(1.5) }}
{{ range(100001) }}
{{ cycler() }}
{% set c = cycler(1, 2) %}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.reset() }}{{ c.next() }}
{% set j = joiner() %}{{ j() }}a{{ j() }}b{{ j() }}c
{{ raise_exception('bad') }}
{{ raise_exception() }}
{{ strftime_now('%d %B %Y, %H:%M:%S %j %U %w %a %b %y %% %-d %e %p %I') }}
{{ s | upper }}{{ s | lower }}{{ s | title }}{{ t | trim }}|{{ 'xax' | trim('x') }}|{{ 'hELLO wORLD-foo (bar' | title }}
{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(2, blank=true) }}|{{ 'a\nb' | indent('>') }}
{{ 'a b c d e f g' | wordwrap(3) }}|{{ 'abcdefghij' | wordwrap(4) }}|{{ 'well-known state-of-the-art' | wordwrap(8) }}
{{ 'foo bar baz qux' | truncate(9) }}|{{ 'foo bar baz qux' | truncate(9, true) }}|{{ 'foo bar' | truncate(5, false, '', 0) }}
{{ '-{-}- -{-0-}-' | wordwrap(6) }}|{{ 'abcde fghijklm' | wordwrap(6) }}|{{ 4503599627370497.5 | round(-3) }}{{ 25.5 | round(-1) }}{{ 1.466604627547563e60 | round(-20) }}
{{ 'a,b' | replace(',', ';') }}{{ 'aaa' | replace('a', 'b', 2) }}{{ 5 | replace(5, 6) }}
{{ 'abc' | center(9) }}|{{ 'x' | center(4) }}|{{ 'one two' | wordcount }}
{{ '<a href="x">T</a> &amp;  b' | striptags }}|{{ '<&>"\'' | e }}|{{ '<' | e | e }}|{{ '<' | forceescape }}
{{ 'a b/c?d=é' | urlencode }}|{{ {'a': 'b c', 'd': 1} | urlencode }}|{{ [('a', 'b/c')] | urlencode }}
{{ {'class': 'a', 'id': none, 'x': 5} | xmlattr }}
{{ 'see http://example.com/x, or www.test.org. mail me@host.de (https://a.b.cc)' | urlize }}
{{ [1, 2, 3, 4, 5] | batch(2) | list }}{{ [1, 2, 3] | batch(2, 'x') | list }}{{ [1, 2, 3, 4, 5] | slice(2) | list }}
{{ words | sort }}{{ words | sort(case_sensitive=true) }}{{ xs | sort(reverse=true) }}{{ rows | sort(attribute='v', reverse=true) | map(attribute='v') | list }}
{{ rows | sort(attribute='k,v') | map(attribute='v') | join }}{{ d | dictsort }}{{ d | dictsort(by='value', reverse=true) }}
{{ [3, 'a'] | sort }}
{{ rows | groupby('k') }}|{% for g in rows | groupby('k') %}{{ g.grouper }}:{{ g.list | length }} {% endfor %}
{{ rows | selectattr('v', 'gt', 1) | map(attribute='k') | list }}{{ rows | rejectattr('k', 'equalto', 'a') | list }}
{{ xs | map('string') | join('-') }}{{ rows | map(attribute='zz', default='-') | list }}{{ words | map('upper') | first }}
{{ xs | select('gt', 1) | list }}{{ xs | reject('odd') | list }}{{ [0, 1, '', 'a'] | select | list }}
{{ xs | map('nofilter') | list }}
{{ xs | select('gt', 9) | map('nofilter') | list }}{{ xs | select('gt', 9) | select('notest') | list }}|
{{ xs | select('gt', 9) | selectattr() | list }}
{{ 0[1:2] }}|{{ ('x' or xs) in 7[:-1] }}|{{ (none or 5[1:]) | list }}
{{ n[1:2] }}
{{ [0[1:2]] | length }}
{{ n ~ 0[1:2] }}
{% if false %}{% call f(caller=1) %}{% endcall %}{% endif %}
{{ 's'.upper | string | length > 50 }}{{ (d | attr('items')) | string | wordcount }}
{% for x in xs %}{{ loop.cycle }}{% endfor %}
{{ xs | nofilter }}
{% if false %}{{ xs | nofilter }}{% endif %}ok
{{ 1 if true else (xs | nofilter) }}
{% if true %}{{ xs | nofilter }}{% endif %}
{% if false %}{% for x in xs %}{{ x is notest }}{% endfor %}{% endif %}
{{ xs | min }}{{ xs | max }}{{ words | min }}{{ rows | max(attribute='v') }}{{ [] | min }}{{ xs | sum }}{{ rows | sum(attribute='v', start=10) }}
{{ [1, 1.0, 2, 'a', 'A'] | unique | list }}{{ ['a', 'A'] | unique(true) | list }}
{{ xs | first }}{{ xs | last }}{{ xs | reverse | list }}{{ s | reverse }}{{ empty | first }}{{ d | first }}{{ d | last }}
{{ (xs | map('string')) | last }}
{% set g = xs | map('string') %}{{ g | join }}{{ g | join }}|
{{ xs | length }}{{ s | count }}{{ d | length }}{{ x | length }}
{{ 5 | length }}
{{ x | default('d') }}{{ '' | default('d') }}{{ '' | default('d', true) }}{{ none | d('e', boolean=true) }}{{ x | d }}
{{ '12' | int }}{{ 'x' | int(9) }}{{ '0x1F' | int(base=16) }}{{ '1.9' | int }}{{ 2.9 | int }}{{ none | int }}{{ '1_000' | int }}
{{ '1.5' | float }}{{ 'x' | float(2) }}{{ 3 | float }}{{ '1e3' | float }}{{ ' 7 ' | float }}
{{ 2.5 | round }}{{ 3.5 | round }}{{ 2.675 | round(2) }}{{ 2.1 | round(0, 'ceil') }}{{ 2.99 | round(1, 'floor') }}{{ 1234 | round(-2) }}{{ 7 | round }}
{{ -3 | abs }}{{ -2.5 | abs }}{{ 1000000 | filesizeformat }}{{ 1024 | filesizeformat(true) }}{{ 1 | filesizeformat }}
{{ d | tojson }}{{ [1, 2.0, 'é"\n', none, true] | tojson }}{{ {'b': 1, 'a': [1, {}]} | tojson(indent=2) }}{{ '</script>' | tojson }}
{{ {'b': 1, 'a': 'é🙂'} | tojson(sort_keys=true, ensure_ascii=true, separators=(',', ':')) }}{{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }}
{{ x | tojson }}
{{ range(3) | tojson }}
{{ {(1, 2): 3} | tojson }}
{{ d | items | list }}{{ x | items | list }}{{ d | attr('items') is callable }}{{ d | attr('k') }}{{ s | attr('upper') is defined }}
{{ [] | items | list }}
{{ {'a': ['x' * 50, 'y' * 50], 'b': 1} | pprint }}
{{ '%s %r %d %5.1f|%-5s|%05d %x %%' | format('a', 'b', 3.7, 2.25, 'c', 42, 255) }}{{ '%(a)s' % {'a': 1} }}
{{ '%d' % 'a' }}
{{ '%s' % (1, 2) }}
{{ '%s %s' % 1 }}
{{ '{} {1}' .format(1, 2) }}
{{ '{0} {1} {0!r} {a} {b[0]} {c.k} {:>5}|'.format(1, 'x', a=2, b=xs, c=d) if false }}{{ '{:>5}|{:<5}|{:^5}|{:*^7}|{:+d}|{:,}|{:.3f}|{:x}|{!r}'.format(1, 'a', 'b', 'c', 5, 1234567, 2.5, 255, 'q') }}
{{ '{:{w}.{p}f}'.format(3.14159, w=8, p=2) }}|{{ '{0:08.3f} {0:e} {0:g} {0:%}'.format(2.5) }}|{{ '{:s}'.format('a') }}
{{ '{:d}'.format('a') }}
{{ '{.__class__}'.format('a') }}
{{ '{}'.format() }}
{{ 'a-b-c'.split('-', 1) }}{{ ' a  b '.split() }}{{ 'a-b-c'.rsplit('-', 1) }}{{ 'a\nb\r\nc'.splitlines() }}{{ 'abab'.partition('b') }}{{ 'abab'.rpartition('b') }}
{{ 'a'.split('') }}
{{ 'abc'.startswith('ab') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.endswith('bc', 1) }}{{ 'abc'.find('c') }}{{ 'abc'.find('z') }}{{ 'abcabc'.rfind('b') }}{{ 'aXbX'.count('X') }}
{{ 'abc'.index('z') }}
{{ 'abc'.startswith(['a']) }}
{{ 'xxaxx'.strip('x') }}{{ '  a '.lstrip() }}|{{ ' a  '.rstrip() }}|{{ 'aBc'.swapcase() }}{{ 'hello wORLD'.capitalize() }}{{ "they're bill's".title() }}{{ '42'.zfill(5) }}{{ '-42'.zfill(5) }}
{{ 'a'.ljust(3, '.') }}{{ 'a'.rjust(3) }}{{ 'a'.center(4, '*') }}{{ 'ß'.upper() }}{{ 'ẞ'.lower() }}{{ 'Straße'.casefold() }}{{ 'ΑΣ ΑΣΑ'.lower() }}{{ 'ǆ'.title() }}
{{ 'a'.ljust(3, '..') }}
{{ '12'.isdigit() }}{{ '½'.isnumeric() }}{{ 'a1'.isalnum() }}{{ ' '.isspace() }}{{ 'Ab'.istitle() }}{{ ''.isalpha() }}{{ 'é'.isascii() }}{{ 'a_1'.isidentifier() }}
{{ ', '.join(['a', 'b']) }}{{ '-'.join('abc') }}{{ 'prefix-x'.removeprefix('prefix-') }}{{ 'x.txt'.removesuffix('.txt') }}{{ 'a\tb'.expandtabs(4) }}
{{ ','.join([1]) }}
{{ 'abc'.replace('', '-') }}{{ 'abc'.replace('b', 'x', 0) }}{{ 'abc'.translate({97: 'A', 98: none}) }}
{{ 'abc'.replace('a') }}
{{ 'abc'.upper(1) }}
{{ d.get('k') }}{{ d.get('zz') }}{{ d.get('zz', 1) }}{{ d.keys() }}{{ d.values() | list }}{{ d.items() }}{{ d.copy() == d }}
{{ d.get([]) }}
{{ xs.index(1) }}{{ xs.count(2) }}{{ (1, 2).index(2) }}{{ xs.copy() }}
{{ xs.index(9) }}
{{ n is number }}{{ n is integer }}{{ f is float }}{{ true is integer }}{{ true is number }}{{ s is string }}{{ d is mapping }}{{ xs is sequence }}{{ xs is iterable }}{{ 5 is iterable }}
{{ x is defined }}{{ x is undefined }}{{ none is none }}{{ true is true }}{{ 1 is true }}{{ false is false }}{{ true is boolean }}{{ s is callable }}{{ range is callable }}
{{ n is odd }}{{ n is even }}{{ n is divisibleby(7) }}{{ n is divisibleby 2 }}{{ 'a' is lower }}{{ 'A' is upper }}{{ 1 is in [1] }}{{ 'a' is in 'abc' }}{{ none is sameas none }}{{ 'upper' is filter }}{{ 'odd' is test }}
{{ n is eq 7 }}{{ n is ne(7) }}{{ n is lt 8 }}{{ n is ge 7 }}{{ 'a' is equalto 'a' }}{{ n is not odd }}{{ '<' | e is escaped }}{{ n is not none and n is odd }}
{{ 'a' is odd }}
{{ 1 is notest }}
{{ ['x'] is sameas ['x'] }}{{ 'a' is sameas 'a' }}
{{ xs is not mapping and xs is not string }}{{ d is sequence }}{{ x is sequence }}{{ x is iterable }}{{ x is mapping }}
{{ '<b>' | safe + '<' }}{{ ('<b>' | safe) ~ '<' }}{{ '<%s>' | safe | format('&') }}{{ ('<' | e) * 2 }}{{ ('<b>' | safe).join(['<', 'x']) }}{{ ('{}' | safe).format('<') }}
{{ loop }}{{ loop is defined }}
{{ f(1) }}
{{ n(1) }}
{{ s() }}
{{ xs | map(attribute=0) | list }}
{{ [[1, 2], [3, 4]] | map(attribute=0) | list }}{{ [{'a': {'b': 1}}] | map(attribute='a.b') | list }}{{ [[1, [2]]] | map(attribute='1.0') | list }}
{% for x in n %}{% endfor %}
{% for x in x %}a{% else %}b{% endfor %}
{% for loop in xs %}{% endfor %}
{% for x in xs %}{% set loop = 1 %}{% endfor %}
{% set true = 1 %}
{% if a b %}{% endif %}
{% if true: %}colon{% else: %}{% endif %}
{% endif %}
{% unknown %}
{{ }}
{{ 1 + }}
{{ a..b }}
{{ [1, 2 }}
{{ (1, 2] }}
{% set x = %}
{{ f(a=1, 2) }}
{{ f(a=1, a=2) }}
{{ f(**d, **d) }}
{% macro f(a, a) %}{% endmacro %}
{% macro f(a=1, b) %}{% endmacro %}
{{ x is defined is defined }}
{{ not x is defined }}{{ not not n }}
{{ n | abs | string | length }}{{ (n | string)[0] }}{{ -n | abs }}{{ - n | abs }}
{{ d.k.upper() | lower }}{{ messages[1].content.split('</think>')[-1].lstrip('\n') }}
{{ messages | map(attribute='role') | join(',') }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}
{{ "“" }}{{ 'é' | upper }}{{ '🙂'[0] }}{{ '🙂a' | length }}{{ 'a🙂b'[1:2] }}
{{ “x” }}
{{ ünder }}|{{ 'x' if ünder is undefined }}
{% macro f(a, b='B', c=a) %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ f(1) }}{{ f(1, c=3) }}{{ f(c=1, a=2) }}{{ f(b=none, a=0) }}{{ f(1, 2, 3) }}
{% macro f(a) %}[{{ a }}]{% endmacro %}{{ f(f(f('x'))) }}{{ f(a=f('y')) }}{% set t = f(1) %}{{ t ~ t }}{{ f(2) + f(3) }}{{ f(4) | length }}
{% macro f(n) %}{{ n }}{% if n %}{{ f(n - 1) }}{{ n }}{% endif %}{% endmacro %}{{ f(3) }}{{ '-' + f(2) + '-' }}
{% macro f(x) %}{% set y = x + 1 %}{% macro g(z) %}{{ x }}{{ y }}{{ z }}{% endmacro %}{{ g(y) }}{% set y = 9 %}{{ g(0) }}{% endmacro %}{{ f(1) }}{{ f(5) }}
{% macro f(x) %}{% for i in [1, 2, 3] if i != x %}{{ i }}{% endfor %}{{ x }}{% endmacro %}{{ f(2) }}{{ f(3) }}{{ f(2) }}
{% macro f(ns) %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{% endmacro %}{% set ns = namespace(n=1, m=2) %}{{ f(ns) }}{{ f(ns) }}{{ ns.n }}{{ ns.m }}{% if ns.x %}a{% elif ns.n %}b{% endif %}
{% macro f() %}{{ caller() if caller is defined else '-' }}{% endmacro %}{{ f() }}{% call f() %}c{% endcall %}{{ f() }}
{% macro f(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1) }}{{ f(1, 2, k=3) }}{{ f(*[1, 2]) }}{{ f(**{'a': 4}) }}
{{ 'a' + 'b' | safe + '<' }}{{ '<' + ('>' | escape) + '&' }}{{ ('<' | safe) + '>' }}
{% macro f(a) %}{{ a + '<' }}{% endmacro %}{{ '<' + f('x' | safe) }}{{ f('y') + '!' }}
{% set x %}a{{ 'b' + 'c' }}{% endset %}{{ x + 'd' }}{% filter upper %}{{ x + 'e' }}{% endfilter %}
{{ d.get('a') }}{{ d.get('z') }}{{ d.get('z', 7) }}{{ d.get('a', 7) }}{{ d.get('n') is none }}{{ 'y' if d.get('a') else 'n' }}{{ 'y' if d.get('z') else 'n' }}
{{ 1 and 2 and '' and 4 }}|{{ 0 or '' or [] or 5 or 6 }}|{{ 1 and 2 and 3 and 4 and 5 }}|{{ 0 or none or '' }}
{% if not (d.a and d.b and d.c) %}x{% endif %}{% if d.z or d.y or d.a %}y{% endif %}
{% for i in range(3) %}1{{ i }}2{% if i == 1 %}{% continue %}{% endif %}3{{ i }}4{{ i }}5{{ i }}6{% if i == 2 %}{% break %}{% endif %}7{% endfor %}
{% for i in range(7) %}{% if i == 0 %}a{% elif i == 1 %}b{% elif i == 2 %}c{% elif i == 3 %}d{% elif i == 4 %}e{% else %}f{% endif %}{% endfor %}
{{ 'a' + 'b' + 'c' + 'd' + 'e' + 'f' }}{{ 1 + 2 - 3 + 4 - 5 }}{{ [1] + [2] + [3] }}{{ 'x' + 'y' * 2 }}
{% macro f(a, b) %}{{ b }}{% endmacro %}{{ f(1) }}{{ f(1, b=2) }}{{ f('x', 'y') | upper }}{% for x in [f(1, 2), f(3, 4)] %}{{ x }}{% endfor %}
{% set s = namespace(f=none) %}{% macro f(x) %}{% macro g() %}{{ x }}{% endmacro %}{% set s.f = g %}{% endmacro %}{{ f(1) }}{{ s.f() }}{{ f(2) }}{{ s.f() }}
{{ '  a ' | trim }}{{ 'a' | trim }}{{ 'abc'.replace('x', 'y') }}{{ 'abc' | replace('b', '') }}{{ 'abc' | replace('', '-') }}{{ 12 | replace('1', '3') }}
{{ 'x' or (1 is nosuch) }}{{ 0 or 2 or (1 | nosuch) }}{{ none and (1 | nosuch) }}
{% macro f(x) %}{{ 'l' if x else 'm' }}{{ x if x }}{% endmacro %}{{ f(1) }}{{ f(0) }}
{% for x in [3, 1] recursive %}{{ x }}{% if x == 3 %}{{ loop([7, 8]) }}{% endif %}{% for y in [x, 2] if y != x %}{{ y }}{% endfor %}{% endfor %}
{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}{% endmacro %}{{ f(b=2) }}
{% macro f(a) %}{% endmacro %}{{ f(1, a=2) }}
{{ 'a' + 'b' + none }}
{{ 'a' + x }}
{{ namespace(_a=1) }}
{% set ns = namespace(a=1) %}{% set ns._b = 1 %}
{{ range(1, none) }}
{{ d.get() }}
{{ x.get('a') }}
{{ d.get('a', x.y.z) }}
""".strip("\n").split("\n")
