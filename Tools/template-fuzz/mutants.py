"""Real templates with a few words changed, and conversations with a few values changed."""

import json
import pathlib
import random
import re

WORDS = re.compile(r"\{[%{#][-+]?|[-+]?[%}#]\}|'[^'\n]*'|\"[^\"\n]*\"|\w+|\s+|.", re.S)
NAMES = [
    "messages", "message", "tools", "loop", "role", "content", "is defined", "is string", "not ", "true",
    "false", "none", "0", "1", "-1", "'user'", "''", "| trim", "| tojson", "| length", "| list",
    "| first", "| last", "| string", "| upper", "| default('x')", "[0]", "[1:]", "[::-1]", ".items()",
    ".strip()", ".split('\\n')", "loop.index0", "loop.last", "loop.first", "+", "~", "==", "!=", " and ",
    " or ", " in ", "namespace()", "range(3)", "bos_token", "{{ messages }}", "{%- break %}",
    "{% if loop is defined %}{{ loop.index }}{% endif %}", "\n", "  ", "é🙂", "()", "{}", "[]",
]
VALUES = [
    None, True, False, 0, 1, -1, 2.5, 12345678901234567890, "", "user", "assistant", "system", "tool",
    " Hi \n", "<think>\na\n</think>\n\nb", "é🙂", "{\"a\": 1}", "<|im_end|>", [], {}, ["a"], {"k": "v"},
    [{"type": "text", "text": "part"}], {"type": "image"}, [{"role": "user", "content": "x"}],
]


class Source:
    """The templates and cases of a folder such as ../shared/data/chat-templates."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.templates = [path.read_text() for path in sorted(folder.glob("templates/*.jinja"))]
        self.cases = json.loads((folder / "cases.json").read_text())
        self.tokens = json.loads((folder / "environment.json").read_text())["special_tokens"]


class Mutants:
    def __init__(self, seed, source):
        self.random, self.source = random.Random(seed), source

    def context(self):
        r = self.random
        context = json.loads(json.dumps(r.choice(list(self.source.cases.values()))))
        if r.random() < 0.3:
            other = r.choice(list(self.source.cases.values()))
            context["messages"] = (context["messages"] + other["messages"])[: r.randint(1, 6)]
        for _ in range(r.choice([0, 0, 0, 1, 1, 2])):
            context = self.changed(context)
        if not isinstance(context, dict):
            context = {"messages": context}
        if r.random() < 0.9:
            context = {**context, **self.source.tokens}
        return context

    def changed(self, value):
        r = self.random
        if isinstance(value, (dict, list)) and value and r.random() < 0.85:
            value = value.copy()
            keys = list(value) if isinstance(value, dict) else range(len(value))
            key = r.choice(list(keys))
            pick = r.random()
            if pick < 0.1:
                del value[key]
            elif pick < 0.15 and isinstance(value, list):
                value.append(value[key])
            else:
                value[key] = self.changed(value[key])
            return value
        return json.loads(json.dumps(r.choice(VALUES)))

    def program(self):
        r = self.random
        words = WORDS.findall(r.choice(self.source.templates))
        for _ in range(r.choice([0, 0, 1, 1, 1, 2])):
            at = r.randrange(len(words))
            end = min(len(words), at + r.choice([1, 1, 2, 5]))
            pick = r.random()
            if pick < 0.2:
                del words[at:end]
            elif pick < 0.4:
                words.insert(at, r.choice(NAMES))
            elif pick < 0.6:
                words[at] = r.choice(NAMES)
            elif pick < 0.75:
                words[at] = r.choice(words)
            elif pick < 0.85:
                words[at:at] = words[at:end]
            else:
                signs = [i for i, word in enumerate(words) if re.fullmatch(r"\{[%{#][-+]?|[-+]?[%}#]\}", word)]
                if signs:
                    i = r.choice(signs)
                    bare = words[i].strip("-+")
                    sign = r.choice(["", "-", "+"])
                    words[i] = bare + sign if bare.startswith("{") else sign + bare
            if not words:
                words = [" "]
        return "".join(words)
