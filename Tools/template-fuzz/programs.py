"""Random template programs and contexts, from a grammar that covers the language."""

import random

STRINGS = [
    "", "a", "B", "abc", "Hello, World", "  padded\t", "x=1,y=2", "a\nb\n\nc", "é日本", "🙂 ok",
    "<b>&\"'</b>", "ÀÉÎ straße", "12", "-7", "3.5", "1e3", "  42 ", "0x1F", "a-b_c d", "user",
    "assistant", "<think>\nwhy\n</think>\n\nanswer", "one two three four five", "%s and %d", "{} {0}",
    "tab\there", "ΑΣ", "ΣΑΣ Σ", "it's", "back\\slash", "ǆ", "line\r\nend", "aXbXc", "..", "00", "_",
]
INTS = [0, 1, 2, 3, 5, 7, 10, -1, -2, -5, 100, 255, 1000]
FLOATS = ["0.0", "1.0", "2.5", "-1.5", "0.1", "3.14159", "1e16", "1e-7", "123456.789", "1e22"]

CONTEXT_NAMES = {
    "str": ["s", "t", "w"],
    "int": ["n", "m"],
    "float": ["f", "g"],
    "list": ["xs", "ys", "words", "rows", "empty", "mixed"],
    "dict": ["d", "row", "nested"],
    "any": ["flag", "nothing", "s", "n", "xs", "d", "undef", "mixed"],
}

FILTERS = {
    "str": [
        "upper", "lower", "title", "capitalize", "trim", "string", "e", "escape", "safe",
        "forceescape", "striptags", "urlencode", "tojson", "center(9)", "center", "indent",
        "indent(2)", "indent(2, true)", "indent('> ', blank=true)", "indent(width=1, first=true)",
        "replace('a', 'zz')", "replace('', '-')", "replace('b', '', 1)", "truncate(5)",
        "truncate(7, true)", "truncate(9, false, '..', 0)", "wordcount", "wordwrap(6)",
        "wordwrap(4, false)", "length", "count", "list", "first", "last", "reverse", "int",
        "int(7)", "int('x')", "int(0, 16)", "int(base=0)", "float", "float(2.5)", "default('d')",
        "default('d', true)", "d(1)", "join('-')", "join", "sort", "unique | list", "batch(2) | list",
        "slice(2) | list", "max", "min", "map('upper') | list", "select('in', 'abc') | join",
        "format(1, 'x')", "format(s)", "trim('a')", "trim(' ,')", "pprint", "filesizeformat",
        "attr('upper')", "abs", "round", "sum", "items | list", "urlize", "tojson(indent=2)",
        "tojson(ensure_ascii=true)", "default", "title | upper", "lower | capitalize",
    ],
    "int": [
        "abs", "float", "int", "string", "tojson", "round", "round(1)", "round(-1)",
        "round(-1, 'floor')", "round(0, 'ceil')", "default(3)", "filesizeformat",
        "filesizeformat(true)", "length", "upper", "list", "default(0, true)", "pprint", "e",
    ],
    "list": [
        "length", "count", "first", "last", "join", "join(', ')", "join('-', attribute='k')",
        "list", "reverse | list", "sort", "sort(reverse=true)", "sort(true)",
        "sort(case_sensitive=true)", "sort(attribute='k')", "sort(attribute='k,v')", "unique | list",
        "unique(true) | list", "unique(attribute='k') | list", "min", "max", "max(attribute='k')",
        "sum", "sum(start=10)", "sum(attribute='v')", "sum(attribute='v', start=1)",
        "map('upper') | list", "map('length') | list", "map(attribute='k') | list",
        "map(attribute='zz', default='q') | list", "map(attribute='k.0') | join('|')",
        "map('default', 'z') | list", "map('string') | join", "map('tojson') | join(',')",
        "select | list", "reject | list", "select('string') | list", "select('odd') | list",
        "select('equalto', 2) | list", "reject('none') | list", "reject('in', [1, 'a']) | list",
        "selectattr('k') | list", "selectattr('k', 'equalto', 'a') | list",
        "rejectattr('k', 'defined') | list", "selectattr('v', '>', 1) | map(attribute='k') | list",
        "selectattr('v', 'gt', 1) | list | length", "batch(2) | list", "batch(3, 'pad') | list",
        "slice(3) | list", "slice(2, 'pad') | list", "groupby('k') | list",
        "groupby('k', default='zz') | map('first') | list", "groupby('k') | map(attribute='list') | list",
        "tojson", "tojson(indent=1)", "tojson(sort_keys=true)", "string", "default([])",
        "tojson(separators=(',', ':'))", "map('int') | sum", "map('abs') | max", "pprint", "e",
        "map('replace', 'a', 'b') | list", "map('trim') | select | join(' ')", "tojson(indent='--')",
        "map('round', 1) | list", "first | default('none')", "last | upper", "random | length",
    ],
    "dict": [
        "length", "list", "items | list", "dictsort", "dictsort(true)", "dictsort(by='value')",
        "dictsort(reverse=true)", "tojson", "tojson(indent=2, sort_keys=true)", "first", "string",
        "join(',')", "map('upper') | list", "default({})", "xmlattr", "urlencode", "pprint", "last",
        "sort", "reverse | list", "attr('items')", "attr('k')", "max", "min", "unique | list",
        "tojson(indent=0)", "xmlattr(false)", "e",
    ],
}

TESTS = [
    "defined", "undefined", "none", "string", "number", "integer", "float", "mapping", "sequence",
    "iterable", "boolean", "true", "false", "callable", "escaped", "lower", "upper", "odd", "even",
    "divisibleby(3)", "divisibleby 2", "eq(1)", "equalto 'a'", "ne 2", "in [1, 'a']", "in 'abc'",
    "sameas true", "sameas(none)", "gt(1)", "lt 3", "ge(2)", "le 2", "filter", "test",
    "greaterthan 0", "lessthan(9)", "in d", "eq none",
]

METHODS = {
    "str": [
        "upper()", "lower()", "strip()", "lstrip()", "rstrip()", "strip('a ')", "lstrip('ab')",
        "rstrip('\\n')", "title()", "capitalize()", "swapcase()", "casefold()", "split()",
        "split(',')", "split(' ', 1)", "split(sep='a')", "rsplit(' ', 1)", "rsplit(None, 2)",
        "rsplit('a', maxsplit=1)", "split('</think>')[-1]", "split('</think>')[0].lstrip('\\n')",
        "splitlines()", "splitlines(true)", "partition(' ')", "rpartition('b')", "startswith('a')",
        "startswith(('a', 'H'))", "endswith('c')", "endswith(('d', '>'))", "startswith('b', 1)",
        "find('b')", "find('b', 1, 3)", "rfind('a')", "index('a')", "rindex('b')", "count('a')",
        "count('')", "count('b', 1)", "replace('a', 'b')", "replace('', '.', 2)", "replace('a', '', 1)",
        "join(['x', 'y'])", "join(words)", "join('abc')", "join(d)", "zfill(6)", "ljust(8)",
        "ljust(8, '*')", "rjust(8, '-')", "center(8)", "center(9, '=')", "isalpha()", "isdigit()",
        "isalnum()", "isspace()", "isupper()", "islower()", "istitle()", "isnumeric()",
        "isdecimal()", "isidentifier()", "isascii()", "isprintable()", "removeprefix('a')",
        "removesuffix('c')", "expandtabs(4)", "format(1, 2)", "format('x', k=3)", "format(*xs)",
        "translate({97: 'A', 98: none})", "encode is defined", "upper", "nosuch", "items",
        "__class__", "format_map(d)", "isupper", "split(none)", "replace('a', 1)", "join([1])",
    ],
    "list": [
        "count(1)", "index(2)", "copy()", "append(1)", "pop()", "index('a')", "nosuch",
        "__len__", "count('a')", "sort()", "insert", "index(2, 1)", "extend([1])",
    ],
    "dict": [
        "items() | list", "keys() | list", "values() | list", "get('k')", "get('k', 'dflt')",
        "get('zz')", "get('zz', 5)", "get(undef)", "copy()", "pop('k')", "update({})", "k", "v",
        "items", "nosuch", "keys()", "values()", "items()", "get('k').upper()", "setdefault('a', 1)",
        "__class__", "get(1)", "get([1])", "fromkeys(['a'], 1)", "get()",
    ],
    "int": ["bit_length()", "real", "imag", "numerator", "nosuch", "conjugate()"],
}


class Programs:
    """One generator per seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.depth = 0
        self.macros = []
        self.locals = []
        self.loops = 0
        self.namespaces = []

    # -- contexts

    def context(self):
        r = self.random
        value = {
            "s": r.choice(STRINGS), "t": r.choice(STRINGS), "w": r.choice(STRINGS),
            "n": r.choice(INTS), "m": r.choice(INTS),
            "f": float(r.choice(FLOATS)), "g": float(r.choice(FLOATS)),
            "flag": r.random() < 0.5, "nothing": None,
            "xs": [r.choice(INTS) for _ in range(r.randint(0, 5))],
            "ys": [r.choice(INTS) for _ in range(r.randint(0, 4))],
            "words": [r.choice(STRINGS) for _ in range(r.randint(0, 5))],
            "empty": [],
            "mixed": [self.json(2) for _ in range(r.randint(0, 4))],
            "d": {r.choice("kvabz"): self.json(1) for _ in range(r.randint(0, 4))},
            "row": {"k": r.choice(STRINGS), "v": r.choice(INTS)},
            "nested": {"k": {"k": r.choice(STRINGS), "l": [1, "a"]}, "v": [{"k": 1}]},
            "rows": [
                {"k": r.choice(["a", "b", "A", "c"]), "v": r.choice(INTS)}
                for _ in range(r.randint(0, 4))
            ],
        }
        return value

    def json(self, depth):
        r = self.random
        kind = r.randint(0, 7 if depth > 0 else 4)
        if kind == 0:
            return r.choice(STRINGS)
        if kind == 1:
            return r.choice(INTS)
        if kind == 2:
            return float(r.choice(FLOATS))
        if kind == 3:
            return r.choice([True, False, None])
        if kind == 4:
            return r.choice(STRINGS)
        if kind < 6:
            return [self.json(depth - 1) for _ in range(r.randint(0, 3))]
        return {r.choice("kvabz"): self.json(depth - 1) for _ in range(r.randint(0, 3))}

    # -- expressions

    def literal(self, kind):
        r = self.random
        if kind == "str":
            text = r.choice(STRINGS)
            quote = r.choice("'\"")
            text = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
            text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
            return quote + text + quote
        if kind == "int":
            return str(r.choice(INTS))
        if kind == "float":
            return r.choice(FLOATS)
        if kind == "bool":
            return r.choice(["true", "false", "True", "False", "none", "None"])
        if kind == "list":
            items = ", ".join(self.expression(r.choice(["str", "int", "any"])) for _ in range(r.randint(0, 3)))
            return r.choice([f"[{items}]", f"({items},)" if items else "()"])
        items = ", ".join(
            f"{self.literal(r.choice(['str', 'int']))}: {self.expression('any')}"
            for _ in range(r.randint(0, 3))
        )
        return "{" + items + "}"

    def name(self, kind):
        r = self.random
        if self.locals and r.random() < 0.4:
            return r.choice(self.locals)
        return r.choice(CONTEXT_NAMES.get(kind, CONTEXT_NAMES["any"]))

    def expression(self, kind=None):
        r = self.random
        kind = kind or r.choice(["str", "str", "int", "float", "list", "dict", "bool", "any"])
        self.depth += 1
        try:
            if self.depth > 3 or r.random() < 0.45:
                if kind == "any":
                    return r.choice([self.name("any"), self.literal(r.choice(["str", "int", "bool"]))])
                return self.name(kind) if r.random() < 0.6 and kind in CONTEXT_NAMES else self.literal(kind)
            return self.compound(kind)
        finally:
            self.depth -= 1

    def compound(self, kind):
        r = self.random
        choice = r.random()
        if choice < 0.05:
            return f"({self.expression(kind)})"
        if choice < 0.13:
            text = f"{self.expression(kind)} if {self.expression('bool')}"
            return f"({text} else {self.expression(kind)})" if r.random() < 0.8 else f"({text})"
        if choice < 0.17:
            return f"{self.operand(kind)} {r.choice(['and', 'or'])} {self.operand('any')}"
        if choice < 0.2 and self.macros:
            return self.call()
        if choice < 0.22 and self.loops:
            return "loop." + r.choice(
                ["index", "index0", "first", "last", "length", "revindex", "revindex0", "previtem",
                 "nextitem", "depth", "cycle('a', 'b')", "changed(n)", "changed(s, n)", "nosuch"])
        if choice < 0.24 and self.namespaces:
            return f"{r.choice(self.namespaces)}.{r.choice('abc')}"
        if choice < 0.38:
            source = kind if kind in FILTERS else r.choice(list(FILTERS))
            target = r.choice(list(FILTERS)) if r.random() < 0.06 else source
            return f"({self.expression(source)} | {r.choice(FILTERS[target])})"
        return getattr(self, "_" + kind)()

    def operand(self, kind):
        text = self.expression(kind)
        return text if self.random.random() < 0.5 else f"({text})"

    def _any(self):
        return self.compound(self.random.choice(["str", "int", "float", "list", "dict", "bool"]))

    def _str(self):
        r = self.random
        pick = r.randint(0, 9)
        if pick == 0:
            return f"{self.operand('str')} + {self.operand('str')}"
        if pick == 1:
            return f"{self.operand('any')} ~ {self.operand('any')}"
        if pick == 2:
            return f"{self.operand('str')} * {r.choice([0, 1, 2, 3, -1, 'true'])}"
        if pick == 3:
            return f"{self.operand('str')}[{self.slice()}]"
        if pick == 4:
            return f"{self.operand('str')}[{self.expression('int')}]"
        if pick == 5:
            return self.percent()
        if pick == 6:
            return self.brace()
        if pick == 7:
            return f"{self.name('dict')}{r.choice(['.k', chr(91) + chr(39) + 'k' + chr(39) + chr(93), '.v', '.zz'])}"
        return f"{self.operand('str')}.{r.choice(METHODS['str'])}"

    def percent(self):
        r = self.random
        specs = ["%s", "%d", "%5d", "%-5d|", "%05d", "%+d", "%.2f", "%8.3f", "%e", "%g", "%x", "%X", "%#x",
                 "%o", "%r", "%c", "%%", "%5s", "%-5s|", "%.2s", "%i", "%(k)s", "% d", "%#o", "%G", "%a", "%*d"]
        count = r.randint(0, 2)
        text = " ".join(r.choice(specs) for _ in range(count))
        kinds = ["any", "int", "str", "float"]
        values = ", ".join(self.expression(r.choice(kinds)) for _ in range(r.randint(0, 2)))
        target = f"({values},)" if values and r.random() < 0.8 else self.expression(r.choice(["any", "dict"]))
        if r.random() < 0.3:
            return f"('{text}' | format({values}))"
        return f"('{text}' % {target})"

    def brace(self):
        r = self.random
        specs = ["{}", "{0}", "{1}", "{k}", "{0.k}", "{0[k]}", "{0[0]}", "{:>6}", "{:<6}|", "{:^7}", "{:*^9}",
                 "{:d}", "{:05d}", "{:+}", "{:.2f}", "{:8.3f}", "{:e}", "{:g}", "{:x}", "{:#x}", "{:b}",
                 "{:,}", "{:_}", "{!r}", "{!s:>5}", "{:%}", "{:.3}", "{:>{}}", "{{}}", "{:n}", "{:c}",
                 "{!a}", "{:=+6}", "{:010.2f}", "{:.0f}", "{:s}", "{", "}", "{:,.2f}", "{:06}"]
        text = " ".join(r.choice(specs) for _ in range(r.randint(1, 2)))
        values = [self.expression(r.choice(["any", "int", "str", "float"])) for _ in range(r.randint(0, 3))]
        if r.random() < 0.3:
            values.append(f"k={self.expression('any')}")
        return f"'{text}'.format({', '.join(values)})"

    def slice(self):
        r = self.random
        part = lambda: r.choice(["", "", "0", "1", "2", "-1", "-2", "5", "n", "none"])  # noqa: E731
        return f"{part()}:{part()}" + (f":{r.choice(['', '1', '2', '-1', '-2', '0'])}" if r.random() < 0.3 else "")

    def _int(self):
        r = self.random
        pick = r.randint(0, 7)
        if pick < 4:
            operator = r.choice(["+", "-", "*", "//", "%", "**", "/"])
            right = self.operand("int") if operator != "**" else str(r.choice([0, 1, 2, 3, -1]))
            return f"{self.operand('int')} {operator} {right}"
        if pick == 4:
            return f"-{self.operand('int')}"
        if pick == 5:
            return f"({self.expression(r.choice(['str', 'list', 'dict']))} | length)"
        if pick == 6:
            return f"{self.operand('list')}[{self.expression('int')}]"
        return f"({self.expression('int')}).{r.choice(METHODS['int'])}"

    def _float(self):
        r = self.random
        operator = r.choice(["+", "-", "*", "/", "//", "%", "**"])
        right = self.operand(r.choice(["float", "int"])) if operator != "**" else r.choice(["2", "3", "-1"])
        if r.random() < 0.3:
            return f"({self.expression('float')} | round({r.choice(['', '1', '2', '0', '-1', '2, ' + chr(39) + 'floor' + chr(39)])}))"
        return f"{self.operand('float')} {operator} {right}"

    def _bool(self):
        r = self.random
        pick = r.randint(0, 5)
        if pick == 0:
            return f"not {self.operand('any')}"
        if pick == 1:
            return f"{self.operand('any')} is {r.choice(['', 'not '])}{r.choice(TESTS)}"
        if pick == 2:
            kind = r.choice(["int", "str", "float", "list", "any"])
            return f"{self.operand(kind)} {r.choice(['==', '!=', '<', '<=', '>', '>='])} {self.operand(kind)}"
        if pick == 3:
            return f"{self.operand('any')} {r.choice(['in', 'not in'])} {self.operand(r.choice(['list', 'str', 'dict']))}"
        if pick == 4:
            return f"{self.operand('int')} {r.choice(['<', '<=', '=='])} {self.operand('int')} {r.choice(['<', '!='])} {self.operand('int')}"
        return f"{self.operand('bool')} {r.choice(['and', 'or'])} {self.operand('bool')}"

    def _list(self):
        r = self.random
        pick = r.randint(0, 7)
        if pick == 0:
            return f"{self.operand('list')} + {self.operand('list')}"
        if pick == 1:
            return f"{self.operand('list')}[{self.slice()}]"
        if pick == 2:
            return f"(range({', '.join(str(r.choice([0, 1, 3, 5, -2])) for _ in range(r.randint(1, 3)))}) | list)"
        if pick == 3:
            return f"{self.operand('str')}.split({r.choice(['', chr(39) + 'a' + chr(39)])})"
        if pick == 4:
            return f"{self.operand('list')}.{r.choice(METHODS['list'])}"
        if pick == 5:
            return f"{self.operand('list')} * {r.choice([0, 1, 2])}"
        return self.literal("list")

    def _dict(self):
        r = self.random
        pick = r.randint(0, 4)
        if pick == 0:
            return f"dict({self.expression('dict')}, k={self.expression('any')})"
        if pick == 1:
            return f"{self.operand('dict')}.{r.choice(METHODS['dict'])}"
        if pick == 2:
            return f"dict({r.choice(['a=1', '[(1, 2)]', 'd', '', '**d', 'rows', '[' + chr(39) + 'ab' + chr(39) + ']'])})"
        return self.literal("dict")

    def call(self):
        r = self.random
        name, parameters = r.choice(self.macros)
        arguments = [self.expression("any") for _ in range(r.randint(0, len(parameters) + (r.random() < 0.1)))]
        if parameters and r.random() < 0.3:
            arguments.append(f"{r.choice(parameters)}={self.expression('any')}")
        if r.random() < 0.05:
            arguments.append("zz=1")
        if r.random() < 0.05:
            arguments.append("*xs")
        return f"{name}({', '.join(arguments)})"

    # -- statements

    def program(self):
        self.depth = 0
        self.macros, self.locals, self.namespaces = [], [], []
        self.loops = 0
        return self.block(self.random.randint(1, 4), 0)

    def text(self):
        return self.random.choice(
            ["\n", " ", "text ", "<|im_start|>", "\n  ", "a\n", "  \n\n", "}", "%}", "x }} y", "\t", "# ",
             "é\n", "", "\r\n"])

    def open(self):
        return "{%" + self.random.choice(["", "", "", "-", "+"]) + " "

    def close(self):
        return " " + self.random.choice(["", "", "", "-", "+"]) + "%}"

    def tag(self, content):
        return self.open() + content + self.close()

    def block(self, count, level):
        parts = []
        for _ in range(count):
            if self.random.random() < 0.4:
                parts.append(self.text())
            parts.append(self.statement(level))
        if self.random.random() < 0.3:
            parts.append(self.text())
        return "".join(parts)

    def statement(self, level):
        r = self.random
        pick = r.random()
        if pick < 0.35 or level > 3:
            return "{{" + r.choice(["", "-", " "]) + " " + self.expression() + " " + r.choice(["", "-"]) + "}}"
        inner = lambda: self.block(r.randint(0, 3), level + 1)  # noqa: E731
        if pick < 0.47:
            return self.conditional(inner)
        if pick < 0.62:
            return self.loop(inner)
        if pick < 0.72:
            return self.set()
        if pick < 0.76:
            name = r.choice("pqr")
            filters = r.choice(["", " | upper", " | trim | length", " | replace('a', 'b')"])
            text = self.tag(f"set {name}{filters}") + inner() + self.tag("endset")
            self.locals.append(name)
            return text
        if pick < 0.83:
            return self.macro(level)
        if pick < 0.86:
            filters = r.choice(["upper", "trim", "replace('a', 'b') | title", "indent(2)", "length", "e"])
            return self.tag(f"filter {filters}") + inner() + self.tag("endfilter")
        if pick < 0.89:
            outer = list(self.locals)
            name = r.choice(["p", "q", "s", "n"])
            text = self.tag(f"with {name} = {self.expression()}, z = {self.expression('int')}")
            self.locals += [name, "z"]
            text += inner() + self.tag("endwith")
            self.locals = outer
            return text
        if pick < 0.91:
            return self.tag("generation") + inner() + self.tag("endgeneration")
        if pick < 0.93:
            return self.namespace()
        if pick < 0.95:
            return "{#" + r.choice(["", "-", "+"]) + " comment " + r.choice(["", "-", "+"]) + "#}"
        if pick < 0.96:
            return self.tag("raw").replace("+%}", "%}") + "{{ x }} {% y %}\n" + self.tag("endraw")
        if pick < 0.97 and self.macros:
            name, parameters = r.choice(self.macros)
            head = r.choice(["call ", "call(y) ", "call(y, z=1) "])
            return self.tag(f"{head}{self.call()}") + inner() + self.tag("endcall")
        if pick < 0.975:
            return self.tag(f"autoescape {r.choice(['true', 'false'])}") + inner() + self.tag("endautoescape")
        if pick < 0.98:
            return self.tag(f"print {self.expression()}")
        if pick < 0.985:
            return "{{ raise_exception('no') if " + self.expression("bool") + " }}"
        if pick < 0.99:
            return "{{ strftime_now('%Y-%m-%d %H:%M %b %A %j %y %p') }}"
        if pick < 0.995:
            return self.tag("set " + r.choice(["c = cycler('a', 'b')", "j = joiner('|')"])) + r.choice(
                ["{{ c.next() }}{{ c.next() }}{{ c.current }}", "{{ j() }}{{ j() }}"])
        return self.tag(f"block {r.choice('uvw')}{r.randint(0, 999)}{r.choice(['', ' scoped'])}") + inner() + self.tag("endblock")

    def conditional(self, inner):
        r = self.random
        text = self.tag(f"if {self.expression('bool')}") + inner()
        while r.random() < 0.3:
            text += self.tag(f"elif {self.expression('bool')}") + inner()
        if r.random() < 0.4:
            text += self.tag("else") + inner()
        return text + self.tag("endif")

    def loop(self, inner):
        r = self.random
        outer, recursive = list(self.locals), r.random() < 0.08
        if r.random() < 0.25:
            target, source = "key, val", f"{self.operand('dict')}.items()"
            names = ["key", "val"]
        else:
            target, source = r.choice(["i", "j", "s"]), self.expression(r.choice(["list", "list", "str", "dict", "any"]))
            names = [target]
        condition = f" if {self.expression('bool')}" if r.random() < 0.2 else ""
        text = self.tag(f"for {target} in {source}{condition}" + (" recursive" if recursive else ""))
        self.locals += names
        self.loops += 1
        body = inner()
        if r.random() < 0.12:
            body += self.tag(f"if {self.expression('bool')}") + self.tag(r.choice(["break", "continue"])) + self.tag("endif")
            body += inner()
        if recursive and r.random() < 0.7:
            body += "{{ loop([]) }}"
        if r.random() < 0.3:
            body += "{{ loop.index }}" + r.choice(["", ",", "{{ loop.last }}"])
        self.loops -= 1
        self.locals = outer
        text += body
        if r.random() < 0.15:
            text += self.tag("else") + inner()
        return text + self.tag("endfor")

    def set(self):
        r = self.random
        if r.random() < 0.1:
            self.locals += ["p", "q"]
            return self.tag(f"set p, q = {self.expression('any')}, {self.expression('list')}")
        name = r.choice(["p", "q", "r", "s", "n", "xs"])
        text = self.tag(f"set {name} = {self.expression()}")
        self.locals.append(name)
        return text

    def namespace(self):
        r = self.random
        if self.namespaces and r.random() < 0.7:
            return self.tag(f"set {r.choice(self.namespaces)}.{r.choice('abc')} = {self.expression()}")
        name = r.choice(["ns", "ms"])
        self.namespaces.append(name)
        return self.tag(f"set {name} = namespace({r.choice(['', 'a=1', 'a=s, b=[]', 'd', '[(1, 2)]'])})")

    def macro(self, level):
        r = self.random
        name = r.choice(["mac", "make", "show"])
        parameters = r.sample(["a", "b", "c", "s"] + ["caller"] * (r.random() < 0.03), r.randint(0, 3))
        outer_locals, outer_loops = list(self.locals), self.loops
        signature = []
        for i, parameter in enumerate(parameters):
            has_default = i >= len(parameters) - 1 and r.random() < 0.5
            signature.append(parameter + (f"={self.expression('any')}" if has_default else ""))
        self.locals = outer_locals + parameters
        self.loops = 0
        body = self.block(r.randint(0, 3), level + 1)
        body += r.choice(["", "", "{{ varargs }}", "{{ kwargs }}", "{{ caller() }}", "{{ caller(1) if caller }}"])
        self.locals, self.loops = outer_locals, outer_loops
        text = self.tag(f"macro {name}({', '.join(signature)})") + body + self.tag("endmacro")
        self.macros.append((name, parameters))
        return text
